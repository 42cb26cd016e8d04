"""Small answers are checked before their first byte; zips pass through."""

import pytest

from modproxy.mod.answer import LARGEST_MOD
from modproxy.mod.vouching import CameFrom
from modproxy.room import Room
from modproxy.source.checked import Checked
from modproxy.source.protocol import NotFound, Source, Unavailable
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import FakeSource, read

M = "example.com/m/@v"


def checked(source: Source, room: int = 1 << 30) -> Checked:
    return Checked(source, CameFrom.UPSTREAM, Room(lambda: room))


@pytest.mark.parametrize(
    ("path", "given", "comes"),
    [
        (f"{M}/v1.0.0.info", b'{"Version":"v1.0.0"}', b'{"Version":"v1.0.0"}'),
        (f"{M}/v1.0.0.mod", b"module example.com/m\n", b"module example.com/m\n"),
        (f"{M}/list", b"v1.0.0 x\nv0.0.0-20240101000000-abcdefabcdef\nnoise", b"v1.0.0\n"),
        (f"{M}/list", b"", b""),
        ("example.com/m/@latest", b'{"Version":"v1.0.0"}', b'{"Version":"v1.0.0"}'),
        (f"{M}/main.info", b'{"Version":"v1.2.3"}', b'{"Version":"v1.2.3"}'),
        # The cache checks zips.
        (f"{M}/v1.0.0.zip", b"no zip", b"no zip"),
        ("sumdb/sum.example.com/latest", b"anything", b"anything"),
    ],
)
async def test_what_comes_through(path: str, given: bytes, comes: bytes) -> None:
    source = FakeSource({path: given})
    source.pieces = 3
    assert await read(checked(source), request(path)) == comes


@pytest.mark.parametrize(
    ("path", "given", "why"),
    [
        (f"{M}/v1.0.0.info", b'{"Version":"v1.0.1"}', 'names version "v1.0.1" instead'),
        (f"{M}/v1.0.0.info", b"<html>", "HTML in place of JSON"),
        (f"{M}/v1.0.0.info", b"{", "not JSON"),
        (f"{M}/v1.0.0.info", b"[]", "not a JSON object"),
        (f"{M}/v1.0.0.mod", b"<html>", "no module directive"),
        (f"{M}/list", b"<html>", "not a list of versions"),
        (f"{M}/list", b"\xff", "not text"),
        (f"{M}/v1.0.0.mod", b"x" * (LARGEST_MOD + 1), "larger than"),
        ("example.com/m/@latest", b'{"Version":"v2.0.0"}', "cannot have"),
    ],
)
async def test_a_wrong_answer_is_no_answer(path: str, given: bytes, why: str) -> None:
    with pytest.raises(Unavailable, match=why) as caught:
        await read(checked(FakeSource({path: given}, origin="upstream X")), request(path))
    assert "upstream X" in caught.value.reason
    assert caught.value.status == 502


async def test_an_error_comes_through_as_it_is() -> None:
    with pytest.raises(NotFound) as caught:
        await read(checked(FakeSource({f"{M}/list": NotFound("gone", 410)})), request(f"{M}/list"))
    assert caught.value.status == 410


async def test_large_answers_share_a_room() -> None:
    large = b"module example.com/m\n" + b"// x\n" * 30_000
    source = FakeSource({f"{M}/v1.0.0.mod": large, f"{M}/v1.1.0.mod": b"module example.com/m\n"})
    sharing = checked(source, room=len(large) + 100)
    async with sharing.fetch(request(f"{M}/v1.0.0.mod")):
        with pytest.raises(Unavailable, match="ask again later") as refused:
            await read(sharing, request(f"{M}/v1.0.0.mod"))
        assert refused.value.status == 503
        assert await read(sharing, request(f"{M}/v1.1.0.mod")), "a small answer needs no room"
    assert await read(sharing, request(f"{M}/v1.0.0.mod")) == large
