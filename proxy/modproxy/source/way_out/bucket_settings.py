"""The settings of the object store, of one config: its Secret, and the HTTP proxy on the way to it."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from modproxy.bucket.client import BucketSettings
from modproxy.contract.config import Config
from modproxy.contract.mounted import read_secret_key
from modproxy.contract.secret_keys import PASSWORD, USERNAME
from modproxy.mod.login import UrlLogin
from modproxy.source.way_out.machine import this_machine
from modproxy.source.way_out.proxy_choice import EgressProxy, ProxyChoice


@dataclass(frozen=True, slots=True)
class _Proxy:
    """Returns the URL of the HTTP proxy for a server. Two of them are equal where they say the same."""

    choice: ProxyChoice
    secret: Path | None
    """The folder of the Secret with the proxy's login."""

    def __call__(self, url: str) -> str | None:
        """Return the URL with its login. Blocks; raises `OSError` and `UnicodeDecodeError`."""
        proxy = self.choice.for_url(url)
        if proxy is None:
            return None
        login = proxy.login
        if self.secret is not None:
            login = UrlLogin(read_secret_key(self.secret, USERNAME), read_secret_key(self.secret, PASSWORD))
        if login is None:
            return proxy.url
        parts = urlsplit(proxy.url)
        words = f"{quote(login.username, safe='')}:{quote(login.password, safe='')}@"
        return urlunsplit(parts._replace(netloc=words + parts.netloc))


def bucket_settings(config: Config) -> BucketSettings | None:
    """Return the settings of the object store that a config names; None without one."""
    wanted, upstream = config.cache.object_store, config.upstream
    if wanted is None:
        return None
    folder = Path(config.secrets_dir)
    login: Path | None = None
    choice = ProxyChoice()
    if upstream.http_proxy is not None:
        named = EgressProxy(upstream.http_proxy.url)
        choice = ProxyChoice(named, named, upstream.http_proxy.no_proxy)
        login = folder / upstream.http_proxy.secret_name if upstream.http_proxy.secret_name else None
    elif upstream.machine_settings:
        choice = this_machine().proxies
    secret = folder / wanted.secret_name if wanted.secret_name else None
    return BucketSettings(wanted, secret, _Proxy(choice, login), choice.no_proxy)
