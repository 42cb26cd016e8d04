"""Names for requests that bring none: UUIDs (RFC 9562) that cost less than random ones."""

import itertools
import secrets


class RequestIds:
    """Makes UUIDs of version 8: 58 random bits of the process, and a counter. They need not be hard to guess."""

    def __init__(self) -> None:
        head = secrets.token_hex(8)
        self._prefix = f"{head[:8]}-{head[8:12]}-8{head[12:15]}-8{secrets.token_hex(2)[:3]}-".encode("ascii")
        self._count = itertools.count(1)

    def next(self) -> bytes:
        """Return a name that no other request has."""
        return b"%b%012x" % (self._prefix, next(self._count) & 0xFFFFFFFFFFFF)


REQUEST_IDS = RequestIds()
"""The one maker of this process."""
