"""The content of a zip's entries: its digest, whole and in pieces, and its bounds."""

import hashlib
import random
import zlib

import pytest

from modproxy.mod.zip_content import DEFLATED, STORED, ComingContent, SpoiltContentError, whole_digest
from tests.modproxy.crafted_zip import deflated

TEXT = b"package m\n" * 50_000
NOISE = random.Random(3).randbytes(300_000)


@pytest.mark.parametrize("content", [b"", b"x", TEXT, NOISE, TEXT[:98304], TEXT[:98303], TEXT[:98305]])
@pytest.mark.parametrize("method", [STORED, DEFLATED])
@pytest.mark.parametrize("piece", [1000, 70_000, 1 << 30])
def test_pieces_have_the_digest_of_the_whole(content: bytes, method: int, piece: int) -> None:
    packed = deflated(content) if method == DEFLATED else content
    expected = hashlib.sha256(content).hexdigest()
    assert whole_digest(packed, method, len(content), zlib.crc32(content)) == expected
    for announced in (len(packed), None) if method == DEFLATED else (len(packed),):
        coming, data = ComingContent(method, announced, len(content)), packed + b"and what follows"
        while not coming.ended:
            data = data[coming.take(data[:piece]) :]
        assert data == b"and what follows"
        assert (coming.packed, coming.size, coming.crc) == (len(packed), len(content), zlib.crc32(content))
        assert coming.digest() == expected


@pytest.mark.parametrize(
    ("packed", "method", "size", "crc"),
    [
        (b"abc", STORED, 4, zlib.crc32(b"abc")),
        (b"abc", STORED, 2, zlib.crc32(b"abc")),
        (b"abc", STORED, 3, 1),
        (deflated(b"abc"), DEFLATED, 2, zlib.crc32(b"ab")),
        (deflated(b"abc"), DEFLATED, 4, zlib.crc32(b"abc")),
        (deflated(b"abc"), DEFLATED, 3, 1),
        (deflated(b"abc")[:-1], DEFLATED, 3, zlib.crc32(b"abc")),
        (deflated(b"abc") + b"x", DEFLATED, 3, zlib.crc32(b"abc")),
        (deflated(TEXT) + b"x", DEFLATED, len(TEXT), zlib.crc32(TEXT)),
        (deflated(TEXT)[:-1], DEFLATED, len(TEXT), zlib.crc32(TEXT)),
        (b"\x07", DEFLATED, 0, 0),
        (b"", DEFLATED, 0, 0),
    ],
)
def test_spoilt_content(packed: bytes, method: int, size: int, crc: int) -> None:
    with pytest.raises(SpoiltContentError):
        whole_digest(packed, method, size, crc)


def test_more_than_was_announced_is_not_inflated() -> None:
    packed = deflated(bytes(200 << 20))
    coming = ComingContent(DEFLATED, None, 10_000)
    with pytest.raises(SpoiltContentError):
        coming.take(packed)
    assert coming.size < 1 << 20
    with pytest.raises(SpoiltContentError):
        whole_digest(packed, DEFLATED, 10_000, 0)
