"""How a request leaves the replica: its HTTP proxy, its trusted certificates, and its credentials."""

import asyncio
import ipaddress
import ssl
import threading
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote, unquote, urlsplit

import aiohttp

from modproxy.contract.config import HttpProxyConfig
from modproxy.contract.mounted import read_secret_key
from modproxy.contract.secret_keys import CA_CERTIFICATE, PASSWORD, USERNAME
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.wallet import CredentialError


class Options(TypedDict, total=False):
    """Carries keyword arguments to aiohttp's request."""

    proxy: str
    proxy_auth: aiohttp.BasicAuth
    auth: aiohttp.BasicAuth
    ssl: ssl.SSLContext


class Outbound:
    """Makes the options of requests that leave, as one config says, for aiohttp and for the go command.

    Secrets are folders below `folder`. `ca_secret` names the Secret with more trusted certificates. `bundle` is the
    file into which all trusted certificates are written for programs that read one file.
    """

    def __init__(
        self, credentials: Credentials, proxy: HttpProxyConfig | None, ca_secret: str | None, folder: Path, bundle: Path
    ) -> None:
        self._credentials = credentials
        self._proxy = proxy
        self._folder = folder
        self._ca_file = folder / ca_secret / CA_CERTIFICATE if ca_secret else None
        self._bundle = bundle
        self._lock = threading.Lock()
        self._bundled_for: ssl.SSLContext | None = None
        self._context: tuple[int, ssl.SSLContext] | None = None

    async def options(self, url: str) -> Options:
        """Return the options of a request to `url`. Raises `CredentialError`."""
        return await asyncio.to_thread(self._options, url)

    def _options(self, url: str) -> Options:
        parts = urlsplit(url)
        options = Options()
        if parts.username:
            options["auth"] = aiohttp.BasicAuth(unquote(parts.username), unquote(parts.password or ""))
        elif basic := self._credentials.basic_for(url):
            options["auth"] = aiohttp.BasicAuth(basic.username, basic.password, "utf-8")
        if self._proxy and not bypasses(parts.hostname or "", self._proxy.no_proxy):
            options["proxy"] = self._proxy.url
            if self._proxy.secret_name:
                options["proxy_auth"] = aiohttp.BasicAuth(*self._proxy_login(self._proxy.secret_name))
        if self._ca_file:
            options["ssl"] = self._trusting(self._ca_file)
        return options

    def _proxy_login(self, secret: str) -> tuple[str, str]:
        try:
            folder = self._folder / secret
            return read_secret_key(folder, USERNAME), read_secret_key(folder, PASSWORD)
        except (OSError, UnicodeDecodeError) as e:
            why = e.strerror if isinstance(e, OSError) else "not UTF-8 text"
            raise CredentialError(
                f"Secret {secret} for upstream.httpProxy: {why}: it needs username and password"
            ) from None

    def _trusting(self, ca_file: Path) -> ssl.SSLContext:
        try:
            changed = ca_file.stat().st_mtime_ns
            if self._context is None or self._context[0] != changed:
                context = ssl.create_default_context()
                context.load_verify_locations(ca_file)
                self._context = changed, context
            return self._context[1]
        except (OSError, ssl.SSLError) as e:
            raise CredentialError(
                f"Secret {ca_file.parent.name}: no certificates in ca.crt: {e.strerror or e}"
            ) from None

    def environment(self) -> dict[str, str]:
        """Return the proxy and the trusted certificates as environment variables for the go command and git.

        Blocks; raises `CredentialError` and `OSError`.
        """
        env: dict[str, str] = {}
        if self._proxy:
            url = self._proxy.url
            if self._proxy.secret_name:
                login = ":".join(quote(word, safe="") for word in self._proxy_login(self._proxy.secret_name))
                url = url.replace("://", f"://{login}@", 1)
            env |= {"HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": ",".join(self._proxy.no_proxy)}
            env |= {name.lower(): value for name, value in env.items()}
        if self._ca_file:
            with self._lock:
                self._write_bundle(self._ca_file)
            env |= dict.fromkeys(("SSL_CERT_FILE", "GIT_SSL_CAINFO"), str(self._bundle))
        return env

    def _write_bundle(self, ca_file: Path) -> None:
        context = self._trusting(ca_file)
        if context is self._bundled_for:
            return
        machine = ssl.get_default_verify_paths().cafile
        text = (Path(machine).read_text() if machine else "") + "\n" + ca_file.read_text()
        self._bundle.parent.mkdir(parents=True, exist_ok=True)
        draft = self._bundle.with_suffix(".draft")
        draft.write_text(text)
        draft.replace(self._bundle)
        self._bundled_for = context


def bypasses(host: str, no_proxy: tuple[str, ...]) -> bool:
    """Say whether a request to `host` goes past the proxy, by the usual rules of NO_PROXY.

    An entry is a name, which matches the names below it too, an address, a range of addresses, or `*`.
    """
    return any(_matches(host.lower(), entry.strip().lower()) for entry in no_proxy)


def _matches(host: str, entry: str) -> bool:
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        pass
    if entry.startswith((".", "*.")):
        return host.endswith("." + entry.lstrip("*."))
    return bool(entry) and (host == entry or host.endswith("." + entry))
