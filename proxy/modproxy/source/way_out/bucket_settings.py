"""The settings of the object store, of one config: its Secret, and the HTTP proxy on the way to it."""

from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from modproxy.bucket.client import BucketSettings
from modproxy.contract.config import Config
from modproxy.contract.mounted import read_secret_key
from modproxy.contract.secret_keys import PASSWORD, USERNAME
from modproxy.mod.login import UrlLogin
from modproxy.source.way_out.machine import this_machine
from modproxy.source.way_out.proxy_choice import EgressProxy, ProxyChoice


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
    return BucketSettings(wanted, secret, partial(_proxy_url, choice, login), choice.no_proxy)


def _proxy_url(choice: ProxyChoice, secret: Path | None, url: str) -> str | None:
    """Return the URL of the proxy for a server, with its login. Blocks; raises `OSError` and `UnicodeDecodeError`."""
    proxy = choice.for_url(url)
    if proxy is None:
        return None
    login = proxy.login
    if secret is not None:
        login = UrlLogin(read_secret_key(secret, USERNAME), read_secret_key(secret, PASSWORD))
    if login is None:
        return proxy.url
    parts = urlsplit(proxy.url)
    words = f"{quote(login.username, safe='')}:{quote(login.password, safe='')}@"
    return urlunsplit(parts._replace(netloc=words + parts.netloc))
