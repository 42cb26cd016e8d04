"""Where a redirect leads. The URL is kept byte for byte, because a signed URL is another one after any change. Pure.

Source of the rules: RFC 9110, sections 10.2.2 and 15.4, RFC 3986, section 5, and `CheckRedirect` of cmd/go/internal/web
for the number of redirects and the refusal of plain http after https.
"""

import re
from urllib.parse import quote, urljoin, urlsplit

from modproxy.mod.login import UrlLogin, is_authority, split_login

MOST_REDIRECTS = 10
REDIRECTS = frozenset([301, 302, 303, 307, 308])
_LONGEST_URL = 8192
"""Characters: what servers commonly accept in a request line. Signed URLs have about a thousand."""
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
_ASCII = "".join(map(chr, range(0x21, 0x7F)))
"""What is never encoded, so that what the server has encoded stays as it is."""


class RedirectError(ValueError):
    """The redirect is not followed; the message completes "upstream ... " and shows nothing of a path or a query."""


def follow(current: str, location: str | None) -> tuple[str, UrlLogin | None]:
    """Return the URL to which `location` leads from `current`, and the login in it. Raises `RedirectError`."""
    if not location:
        raise RedirectError("redirected without a Location")
    if len(location) > _LONGEST_URL:
        raise RedirectError("redirected to an overlong URL")
    text = location.strip(" \t").partition("#")[0]
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        raise RedirectError("redirected to a malformed URL")
    text = quote(text.encode("utf-8", "surrogateescape"), safe=_ASCII)
    try:
        url, login = split_login(text if _ABSOLUTE.match(text) else urljoin(current, text))
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise RedirectError("redirected to a malformed URL") from None
    if parts.scheme not in ("http", "https"):
        raise RedirectError("redirected to a URL that is neither https nor http")
    if not parts.hostname:
        raise RedirectError("redirected to a URL without a host")
    if not is_authority(parts.netloc):
        raise RedirectError("redirected to a malformed host")
    if parts.scheme == "http" and urlsplit(current).scheme == "https":
        raise RedirectError(f"redirected from https to plain http, to {place_of(url)}")
    if login is not None and parts.scheme == "http":
        raise RedirectError(f"redirected with a login to plain http, to {place_of(url)}")
    return url, login


def place_of(url: str) -> str:
    """Return the host of a URL, and its port if it has one, for messages."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{parts.port}" if parts.port else shown
