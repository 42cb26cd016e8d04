"""A login in a URL: it is taken out of the URL where the URL is read, so that no later text can show it. Pure.

Source of the syntax: RFC 3986, section 3.2.1, and `UserInfo` of Go's net/url.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

_AUTHORITY = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
_AUTHORITY_ENDS = re.compile(r"[/?#\\]")


@dataclass(frozen=True, slots=True)
class UrlLogin:
    """A user name and a password for one server."""

    username: str = field(repr=False)
    password: str = field(repr=False)


def is_authority(text: str) -> bool:
    """Say whether a text is a host and perhaps a port, in a form that all readers of URLs read alike.

    It is a name, which may have letters of any script, an IPv4 address, or an IPv6 address in brackets.
    """
    # Letters of other scripts are as good as an x; a digit of another script is no digit of a port.
    latin = "".join("x" if not c.isascii() and c.isalnum() else c for c in text)
    return _AUTHORITY.fullmatch(latin) is not None


def split_login(url: str) -> tuple[str, UrlLogin | None]:
    """Return the URL without what is before the `@` of its authority, and the login that was there."""
    scheme, separator, rest = url.partition("://")
    end = _AUTHORITY_ENDS.search(rest)
    authority, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    userinfo, at, place = authority.rpartition("@")
    if not separator or not at:
        return url, None
    username, _, password = userinfo.partition(":")
    return f"{scheme}://{place}{tail}", UrlLogin(unquote(username), unquote(password))
