"""Which request line may be answered from memory. Pure."""

import re

_LONGEST = 300
"""Characters of a path: paths of real modules are shorter, and thousands of longer ones would take much memory."""
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]+", re.ASCII)
"""A path in origin form without a query (RFC 9112, section 3.2.1; RFC 3986, section 3.3). The absolute form, queries
and bytes that aiohttp merely tolerates are left to aiohttp.
"""


def request_line(raw_path: str) -> bytes | None:
    """Return the line of a GET for a path as it stands in the request, undecoded; None for a path that is not plain."""
    if len(raw_path) > _LONGEST or not _PLAIN_PATH.fullmatch(raw_path):
        return None
    return f"GET {raw_path} HTTP/1.1".encode("ascii")
