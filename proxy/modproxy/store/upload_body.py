"""The bytes of a file that is written to the object store, and what is kept with it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from functools import partial
from typing import BinaryIO

from modproxy.bucket.record import ObjectRecord
from modproxy.store.protocol import StoredFile
from modproxy.store.tree import is_zip

_PIECE = 256 << 10


def record_of(file: StoredFile, sha256: str) -> ObjectRecord:
    """Return what is kept with a file."""
    dirhash = (file.dirhash or "") if is_zip(file.key) else ""
    return ObjectRecord(file.size, sha256, file.modified, file.voucher, dirhash)


def sha256_of(body: bytes) -> str:
    """Return the hash of a small file."""
    return hashlib.sha256(body).hexdigest()


def sha256_of_file(opened: BinaryIO) -> str:
    """Return the hash of a file, and leave it at its end. Blocks."""
    digest = hashlib.sha256()
    for piece in iter(partial(opened.read, _PIECE), b""):
        digest.update(piece)
    return digest.hexdigest()


async def pieces_of(opened: BinaryIO) -> AsyncIterator[bytes]:
    """Yield what follows in an open file, piece by piece. The reading happens off the event loop."""
    while piece := await asyncio.to_thread(opened.read, _PIECE):
        yield piece
