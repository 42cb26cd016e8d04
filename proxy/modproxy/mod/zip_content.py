"""The content of a zip's entries: inflated, and hashed as it comes, in pieces that bound the memory.

The library is zlib-ng, because it refuses exactly what zlib refuses. A library that is laxer, as ISA-L is with
incomplete Huffman codes, would let zips pass that the go command cannot unpack.
"""

import hashlib
from typing import Final

from zlib_ng import zlib_ng

STORED: Final = 0
DEFLATED: Final = 8
"""The methods of packing that Go reads (APPNOTE.TXT 4.4.5)."""
_RAW: Final = -15
"""Says that the bytes are bare deflate, without a header of zlib or gzip."""
_PIECE = 1 << 20
"""In bytes: what is inflated at once. Large pieces let other threads run while one is inflated and hashed."""
_ZlibError: type[Exception] = zlib_ng.error  # type: ignore[assignment]  # the stub takes the class for an instance


class SpoiltContentError(Exception):
    """The content is not what was announced, or cannot be inflated."""


def whole_digest(packed: bytes, method: int, size: int, crc: int) -> str:
    """Return the SHA-256 of an entry of `size` bytes, in hexadecimal digits.

    Raises `SpoiltContentError` if the packed bytes do not unpack to exactly `size` bytes with this CRC-32, or go on
    behind the end of the deflated data.
    """
    if method == DEFLATED and size <= _PIECE:
        inflater = zlib_ng.decompressobj(_RAW)
        try:
            content = inflater.decompress(packed, size + 1)
        except _ZlibError:
            raise SpoiltContentError from None
        if not inflater.eof or inflater.unused_data or len(content) != size or zlib_ng.crc32(content) != crc:
            raise SpoiltContentError
        return hashlib.sha256(content).hexdigest()
    coming = ComingContent(method, len(packed), size)
    if coming.take(packed) != len(packed) or not coming.ended or coming.size != size or coming.crc != crc:
        raise SpoiltContentError
    return coming.digest()


class ComingContent:
    """Hashes the content of one entry while its packed bytes come.

    `expected` is how many packed bytes there are; None for deflated data that says itself where it ends. The content
    may have at most `most` bytes.
    """

    def __init__(self, method: int, expected: int | None, most: int) -> None:
        self.packed = 0
        """How many packed bytes have come."""
        self.size = 0
        """How many bytes the content has."""
        self.crc = 0
        """The CRC-32 of the content."""
        self.ended = expected == 0 and method == STORED
        """Whether the content is complete."""
        self._expected = expected
        self._most = most
        self._digest = hashlib.sha256()
        self._inflater = zlib_ng.decompressobj(_RAW) if method == DEFLATED else None

    def take(self, data: bytes) -> int:
        """Take packed bytes, and return how many of them belong to the entry. Raises `SpoiltContentError`."""
        if self._expected is not None:
            data = data[: self._expected - self.packed]
        if self._inflater is None:
            self._add(data)
            taken = len(data)
        else:
            taken = self._inflate(self._inflater, data)
        self.packed += taken
        whole = self.packed == self._expected
        if self._inflater is None:
            self.ended = whole
        elif self._expected is not None and self.ended != whole:
            raise SpoiltContentError  # the deflated data ends before the packed bytes, or after them
        return taken

    def _inflate(self, inflater: "zlib_ng._Decompress", data: bytes) -> int:
        rest = data
        while True:
            try:
                piece = inflater.decompress(rest, _PIECE)
            except _ZlibError:
                raise SpoiltContentError from None
            self._add(piece)
            if inflater.eof:
                self.ended = True
                return len(data) - len(inflater.unused_data)
            rest = inflater.unconsumed_tail
            if not rest and len(piece) < _PIECE:
                return len(data)

    def _add(self, content: bytes) -> None:
        self.size += len(content)
        if self.size > self._most:
            raise SpoiltContentError
        self.crc = zlib_ng.crc32(content, self.crc)
        self._digest.update(content)

    def digest(self) -> str:
        """Return the SHA-256 of the content so far, in hexadecimal digits."""
        return self._digest.hexdigest()
