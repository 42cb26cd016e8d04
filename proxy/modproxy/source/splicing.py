"""How a zip that broke off goes on with the bytes of another source: only if that source sends the same beginning."""

import hashlib
from collections.abc import AsyncIterator

from modproxy.source.protocol import SourceError


async def after(body: AsyncIterator[bytes], given: int, digest: bytes, differs: SourceError) -> AsyncIterator[bytes]:
    """Yield what follows the first `given` bytes of `body`. Raises `differs` where these lack the SHA-256 `digest`."""
    seen, left = hashlib.sha256(), given
    async for piece in body:
        new = piece
        if left:
            known, new = piece[:left], piece[left:]
            seen.update(known)
            left -= len(known)
            if not left and seen.digest() != digest:
                raise differs
        if new:
            yield new
    if left:
        raise differs
