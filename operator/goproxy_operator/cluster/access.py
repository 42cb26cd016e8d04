"""How the API server is reached: a kubeconfig, or the service account of the pod. kopf reads both, for itself and us.

The official client library is not used: what we need of it is an address, a TLS context and a token, and importing it
costs a quarter of the operator's memory.
"""

import dataclasses
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import kopf
import yaml

_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_FRESH = 60.0
"""Seconds after which credentials are read anew: the token of a pod is replaced long before it expires."""


class AccessError(Exception):
    """No way to the API server is known; the message says what to do."""


class Access:
    """Where the API server is, and who we are there. `login` reads that anew each time, or raises `AccessError`."""

    def __init__(self, login: Callable[[], kopf.ConnectionInfo]) -> None:
        self._login = login
        self._known = login()
        self._read = time.monotonic()

    def connection(self) -> kopf.ConnectionInfo:
        """Return what is known: at most a minute old, or older where it cannot be read any more."""
        if time.monotonic() - self._read > _FRESH:
            self._read = time.monotonic()
            with suppress(AccessError):
                self._known = self._login()
        return self._known


def load_access(kubeconfig: Path | None) -> Access:
    """Return the access that the kubeconfig file gives, or the pod's where none is named. Raises `AccessError`."""
    if kubeconfig is None:
        return Access(_of_pod)
    if not kubeconfig.is_file():
        raise AccessError(f"{kubeconfig} is no file: name a kubeconfig with --kubeconfig FILE")
    # Where kopf looks for it.
    os.environ["KUBECONFIG"] = str(kubeconfig)
    return Access(lambda: _of_kubeconfig(kubeconfig))


def own_namespace() -> str | None:
    """Return the namespace of the pod that this runs in; None outside of a cluster."""
    return _NAMESPACE_FILE.read_text().strip() if _NAMESPACE_FILE.is_file() else None


def _of_pod() -> kopf.ConnectionInfo:
    try:
        found = kopf.login_with_service_account(settings=kopf.OperatorSettings())
    except OSError as e:
        raise AccessError(f"the pod's service account cannot be read: {e}") from e
    if found is None:
        raise AccessError("not in a pod: name a kubeconfig with --kubeconfig FILE")
    # By its address, as it is given to every pod: so the cluster's DNS is not needed.
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if host is None:
        return found
    return dataclasses.replace(found, server=f"https://{f'[{host}]' if ':' in host else host}:{port}")


def _of_kubeconfig(path: Path) -> kopf.ConnectionInfo:
    try:
        found = kopf.login_with_kubeconfig(settings=kopf.OperatorSettings())
    except (kopf.LoginError, OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as e:
        raise AccessError(f"{path} is no usable kubeconfig: {type(e).__name__}: {e}") from e
    if found is None or not found.server:
        raise AccessError(f"{path} is no usable kubeconfig: its current context names no server")
    if not (found.token or found.certificate_path or found.certificate_data or found.username):
        raise AccessError(
            f"{path} has neither a token nor a client certificate for its current context; credential plugins are not "
            "run: make a kubeconfig with a token of a service account (kubectl create token)"
        )
    return dataclasses.replace(found, proxy_url=found.proxy_url or _proxy_of_environment(found.server))


def _proxy_of_environment(server: str) -> str | None:
    url = urlsplit(server)
    return None if proxy_bypass(url.hostname or "") else getproxies().get(url.scheme)
