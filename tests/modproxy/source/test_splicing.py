"""How a zip goes on with the bytes of another source."""

import hashlib
from collections.abc import AsyncIterator

import pytest

from modproxy.source.protocol import Unavailable
from modproxy.source.splicing import after

DIFFERS = Unavailable("another zip")


async def pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def spliced(given: bytes, body: bytes, size: int) -> bytes:
    rest = after(pieces(body, size), len(given), hashlib.sha256(given).digest(), DIFFERS)
    return b"".join([piece async for piece in rest])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("given", [b"", b"a", b"abc", b"abcdefgh"])
async def test_what_follows_the_same_beginning_is_given(given: bytes, size: int) -> None:
    assert given + await spliced(given, b"abcdefgh", size) == b"abcdefgh"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    "body",
    [b"abXdefgh", b"abX", b"ab", b""],
    ids=["another beginning", "another one that ends where the first broke off", "shorter", "empty"],
)
async def test_nothing_is_given_where_the_beginning_differs(body: bytes, size: int) -> None:
    with pytest.raises(Unavailable, match="another zip"):
        await spliced(b"abc", body, size)
