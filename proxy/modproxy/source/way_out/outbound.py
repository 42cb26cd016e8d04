"""How one request leaves the replica: its HTTP proxy, its trusted certificates, and its login."""

import asyncio
import ssl
import threading
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote, urlsplit

import aiohttp

from modproxy.contract.config import HttpProxyConfig
from modproxy.contract.mounted import read_secret_key
from modproxy.contract.secret_keys import CA_CERTIFICATE, PASSWORD, USERNAME
from modproxy.mod.login import UrlLogin
from modproxy.mod.netrc import login_for, may_have_login
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.machine import Machine
from modproxy.source.way_out.proxy_choice import EgressProxy, ProxyChoice
from modproxy.source.way_out.wallet import CredentialError


class Options(TypedDict, total=False):
    """Carries keyword arguments to aiohttp's request."""

    headers: dict[str, str]
    proxy: str
    proxy_headers: dict[str, str]
    ssl: ssl.SSLContext


class Outbound:
    """Makes the options of requests that leave, as one config says, for aiohttp and for the go command.

    Secrets are folders below `folder`. `ca_secret` names the Secret with more trusted certificates. `bundle` is the
    file into which all trusted certificates are written for programs that read one file. `machine` has the machine's
    own settings where they count: its proxies when the config has no proxy, its logins when no other one matches.
    """

    def __init__(
        self,
        credentials: Credentials,
        proxy: HttpProxyConfig | None,
        ca_secret: str | None,
        folder: Path,
        bundle: Path,
        *,
        machine: Machine | None = None,
    ) -> None:
        self._credentials = credentials
        self._config = proxy
        self._machine = machine
        self.proxies = _choice(proxy, machine)
        self._folder = folder
        self._ca_file = folder / ca_secret / CA_CERTIFICATE if ca_secret else None
        self._bundle = bundle
        self._lock = threading.Lock()
        self._bundled_for: ssl.SSLContext | None = None
        self._context: tuple[int, ssl.SSLContext] | None = None

    async def options(self, url: str, login: UrlLogin | None = None) -> Options:
        """Return the options of a request to `url`, which has no login in it. `login` is the login that was in the URL.

        Raises `CredentialError`.
        """
        if self._reads_files(url, login):
            return await asyncio.to_thread(self._options, url, login)
        return self._options(url, login)

    def _reads_files(self, url: str, login: UrlLogin | None) -> bool:
        """Say whether files have to be read for a request, which may block."""
        if self._ca_file or (login is None and (self._credentials.concern(url) or self._may_be_in_netrc(url))):
            return True
        return bool(self._config and self._config.secret_name and self.proxies.for_url(url))

    def _may_be_in_netrc(self, url: str) -> bool:
        return self._machine is not None and self._machine.has_netrc and may_have_login(url)

    def _options(self, url: str, login: UrlLogin | None) -> Options:
        options = Options(headers={})
        if login := login or self._login(url):
            options["headers"]["Authorization"] = _basic(login, f"the login for {urlsplit(url).hostname}")
        if proxy := self.proxies.for_url(url):
            if not proxy.url.startswith(("http://", "https://")):
                scheme = proxy.url.partition(":")[0]
                raise CredentialError(f"the proxy of the environment speaks {scheme}: set one that speaks HTTP")
            options["proxy"] = proxy.url
            if login := self._proxy_login(proxy):
                sent = {"Proxy-Authorization": _basic(login, "the login for the HTTP proxy")}
                # A request over plain http is itself sent to the proxy; one over https has a CONNECT before it.
                if url.startswith("https:"):
                    options["proxy_headers"] = sent
                else:
                    options["headers"] |= sent
        if self._ca_file:
            options["ssl"] = self._trusting(self._ca_file)
        return options

    def _login(self, url: str) -> UrlLogin | None:
        if basic := self._credentials.basic_for(url):
            return UrlLogin(basic.username, basic.password)
        return login_for(self._machine.netrc(), url) if self._machine else None

    def _proxy_login(self, proxy: EgressProxy) -> UrlLogin | None:
        secret = self._config.secret_name if self._config else None
        if secret is None:
            return proxy.login
        try:
            folder = self._folder / secret
            return UrlLogin(read_secret_key(folder, USERNAME), read_secret_key(folder, PASSWORD))
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

        NETRC is among them where the machine's netrc file counts; the fleet's own credentials count before it.
        Blocks; raises `CredentialError` and `OSError`.
        """
        env: dict[str, str] = {}
        if self._config and (proxy := self.proxies.https):
            url = proxy.url
            if login := self._proxy_login(proxy):
                words = ":".join(quote(word, safe="") for word in (login.username, login.password))
                url = url.replace("://", f"://{words}@", 1)
            env |= {"HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": ",".join(self.proxies.no_proxy)}
            env |= {name.lower(): value for name, value in env.items()}
        elif self._machine:
            env |= self._machine.proxy_variables
        if self._machine:
            env |= self._machine.netrc_variable()
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


def _choice(proxy: HttpProxyConfig | None, machine: Machine | None) -> ProxyChoice:
    if proxy is not None:
        named = EgressProxy(proxy.url)
        return ProxyChoice(named, named, proxy.no_proxy)
    return machine.proxies if machine is not None else ProxyChoice()


def _basic(login: UrlLogin, what: str) -> str:
    try:
        return aiohttp.encode_basic_auth(login.username, login.password)
    except ValueError:
        raise CredentialError(f"{what} cannot be sent: a user name has no colon in it (RFC 7617)") from None
