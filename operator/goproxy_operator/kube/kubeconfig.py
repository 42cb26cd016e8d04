"""A kubeconfig, as `kubectl` uses it: contexts, tokens, certificates, credential plugins, OIDC, impersonation, proxies.

The official client's loader reads it; nothing else of that client is used, and no pod imports it. Two things are ours.
Credential plugins run under `exec_plugin`, with a limit on their time. And an OIDC provider whose certificate authority
the kubeconfig does not name has to have a certificate that the system trusts: the loader would not look at it.

The operator writes nothing into the kubeconfig. The loader does, as `kubectl` does, after it has refreshed an OIDC
token: the refresh token of before may be of no use then, and the user would have to log in again.
"""

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from goproxy_operator.kube.credentials import AccessError, ApiCredentials
from goproxy_operator.kube.exec_plugin import ExecPlugin, PluginCredential, parse_plugin, run_plugin
from goproxy_operator.kube.impersonation import impersonation
from goproxy_operator.kube.tls import TlsMaterial

_BEFORE_PLUGIN = ("token", "tokenFile", "auth-provider")
"""The loader takes these rather than a plugin's answer."""
_AUTHORITY_KEYS = ("idp-certificate-authority", "idp-certificate-authority-data")


class Kubeconfig:
    """Logs in with one context of a kubeconfig; None: with its current one.

    A kubeconfig is a file, or several that count as one, as `KUBECONFIG` may name them. `acting` acts as somebody else,
    with keys as a user of a kubeconfig has them: `as`, `as-groups`.
    """

    REFUSED_PAUSE = 60.0
    """Seconds between two runs of a plugin whose answer the API server does not take."""

    def __init__(
        self,
        path: Path | Sequence[Path],
        context: str | None = None,
        *,
        acting: Mapping[str, Any] | None = None,
        refused_pause: float = REFUSED_PAUSE,
    ) -> None:
        paths = [path] if isinstance(path, Path) else list(path)
        self._refused_pause = refused_pause
        self._path = os.pathsep.join(map(str, paths))
        self._folder = str(paths[0].parent)
        self._context = context
        self._acting = dict(acting or {})
        self.namespace = "default"
        """The namespace of the context, once it was read."""
        self._plugin: ExecPlugin | None = None
        self._answer = PluginCredential()
        self._ran = datetime.min.replace(tzinfo=UTC)

    def read(self, *, refused: bool) -> ApiCredentials:
        """Read the file, and run the plugin it names if its answer is of no use any more. Raises `AccessError`."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                return self._read(folder, refused=refused)
        except AccessError as e:
            raise AccessError(f"{self._path}: {e}") from e
        except Exception as e:  # whatever the loader, and what it asks, makes of a file of the user's
            raise AccessError(f"{self._path} is no usable kubeconfig: {_in_a_line(e)}") from e

    def _read(self, folder: str, *, refused: bool) -> ApiCredentials:
        from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger  # noqa: PLC0415 - 50 MiB

        merger = KubeConfigMerger(self._path)
        if merger.config is None:
            raise AccessError("it cannot be read")
        name = self._name(merger)
        self.namespace = _namespace(merger.config, name)
        user = _user(merger.config, name)
        answer = PluginCredential()
        if "exec" in user and not any(key in user for key in _BEFORE_PLUGIN):
            answer = self._ask_plugin(user.pop("exec"), _cluster(merger.config, name), refused=refused)
            _put_answer(user, answer)
        loader = KubeConfigLoader(
            config_dict=merger.config,
            active_context=name,
            config_base_path=None,
            config_persister=_persister(user, merger),
            temp_file_path=folder,
        )
        loader.load_and_set(SimpleNamespace(api_key={}))
        server = str(getattr(loader, "host", ""))
        if not server:
            raise AccessError(f"its context {name} names no server")
        found = ApiCredentials(
            server=server,
            tls=TlsMaterial(
                authorities=_content(loader, "ssl_ca_cert"),
                certificate=_content(loader, "cert_file"),
                key=_content(loader, "key_file"),
                insecure=not getattr(loader, "verify_ssl", True),
                server_name=getattr(loader, "tls_server_name", None),
            ),
            authorization=getattr(loader, "token", "").strip() or None,
            proxy=_proxy(getattr(loader, "proxy", None), server),
            impersonation=impersonation(self._acting or user),
            expires=answer.expires,
        )
        if found.authorization is not None and not found.authorization.isprintable():
            raise AccessError(f"the token of its context {name} is none: it has more than one line")
        if found.authorization is None and not found.tls.certificate:
            raise AccessError(f"its context {name} has no credentials: {_missing(user)}")
        return found

    def _name(self, merger: Any) -> str:
        """Return the name of the context: of several files that name a current one, the first one counts.

        The loader raises where a file has no context at all.
        """
        current = (one.get("current-context") for one in merger.config_files.values())
        name = str(self._context or next(filter(None, current), "") or merger.config["current-context"])
        names = [one["name"] for one in merger.config["contexts"].value]
        if name not in names:
            raise AccessError(f"it has no context {name}: choose one of {', '.join(names)} with --context NAME")
        return name

    def _ask_plugin(self, document: object, cluster: dict[str, Any], *, refused: bool) -> PluginCredential:
        """Return what the plugin answered last, or run it where that expires, was refused, or is another plugin's."""
        plugin, now = parse_plugin(document, self._folder, cluster), datetime.now(UTC)
        is_due = self._answer.renew is not None and self._answer.renew <= now
        is_refused = refused and (now - self._ran).total_seconds() >= self._refused_pause
        if plugin != self._plugin or is_due or is_refused:
            self._ran = now
            self._answer, self._plugin = run_plugin(plugin), plugin
        return self._answer


def _user(config: Any, name: str) -> dict[str, Any]:
    """Return the user of a context, which the loader reads too; an empty user where the file lacks it."""
    context = config["contexts"].get_with_name(name)["context"]
    user = context.safe_get("user") and config["users"].get_with_name(context["user"], safe=True)
    found: dict[str, Any] = user["user"].value if user else {}
    return found


def _namespace(config: Any, name: str) -> str:
    namespace = config["contexts"].get_with_name(name)["context"].safe_get("namespace")
    return str(namespace or "default")


def _cluster(config: Any, name: str) -> dict[str, Any]:
    context = config["contexts"].get_with_name(name)["context"]
    found: dict[str, Any] = config["clusters"].get_with_name(context["cluster"])["cluster"].value
    return found


def _put_answer(user: dict[str, Any], answer: PluginCredential) -> None:
    """Let the loader find what a plugin answered where a user writes it."""
    if answer.token:
        user["token"] = answer.token
    if answer.certificate:
        user["client-certificate-data"] = base64.b64encode(answer.certificate).decode()
        user["client-key-data"] = base64.b64encode(answer.key).decode()


def _persister(user: dict[str, Any], merger: Any) -> Any:
    """Return what writes a refreshed OIDC token into the file; None where the user has no such token."""
    config = (user.get("auth-provider") or {}).get("config")
    if not config:
        return None
    is_named = any(key in config for key in _AUTHORITY_KEYS)
    if not is_named:
        config[_AUTHORITY_KEYS[0]] = _system_authorities()

    def persist() -> None:
        if not is_named:
            del config[_AUTHORITY_KEYS[0]]
        merger.save_changes()

    return persist


def _system_authorities() -> str:
    import requests.utils  # noqa: PLC0415 - comes with the official client

    return ssl.get_default_verify_paths().cafile or requests.utils.DEFAULT_CA_BUNDLE_PATH


def _content(loader: Any, name: str) -> bytes:
    path = getattr(loader, name, None)
    return Path(path).read_bytes() if path else b""


def _proxy(named: str | None, server: str) -> str | None:
    """Return the proxy that the kubeconfig names, else that of the environment."""
    url = urlsplit(server)
    proxy = named or (None if proxy_bypass(url.hostname or "") else getproxies().get(url.scheme))
    if proxy is not None and urlsplit(proxy).scheme not in ("http", "https"):
        raise AccessError(f"the proxy {proxy} speaks what is not understood here: name one with http:// or https://")
    return proxy


def _missing(user: dict[str, Any]) -> str:
    provider = (user.get("auth-provider") or {}).get("name")
    if provider:
        return (
            f"nothing came of auth-provider {provider}: log in anew with kubectl, or use the provider's credential "
            "plugin"
        )
    return "give its user a token, a client certificate, a password or a credential plugin"


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
