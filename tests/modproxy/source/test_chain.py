"""A GOPROXY chain: in which order entries are asked, and which of several errors is reported."""

from dataclasses import replace

import pytest

from modproxy.mod.chain import EntryKind
from modproxy.source.chain import Chain, Link
from modproxy.source.protocol import Denied, NotFound, SourceError, Unavailable
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import FakeSource, Given, read

MOD = "example.com/m/@v/v1.0.0.mod"
GOOD = b"module example.com/m\n"
PROXY, DIRECT = EntryKind.PROXY, EntryKind.DIRECT
ABSENT, GONE, DOWN, DENIED = NotFound("absent"), NotFound("gone", 410), Unavailable("down"), Denied("denied")


@pytest.mark.parametrize(
    ("first", "separator", "second", "expected", "asked"),
    [
        (GOOD, ",", b"other", GOOD, 1),
        (ABSENT, ",", GOOD, GOOD, 2),
        (GONE, ",", GOOD, GOOD, 2),
        (DOWN, ",", GOOD, "down", 1),
        (DENIED, ",", GOOD, "denied", 1),
        (DOWN, "|", GOOD, GOOD, 2),
        (DENIED, "|", GOOD, GOOD, 2),
        (ABSENT, "|", GOOD, GOOD, 2),
        # An outage is reported rather than an absence, whichever came first.
        (DOWN, "|", ABSENT, "down", 2),
        (ABSENT, ",", DOWN, "down", 2),
        (ABSENT, ",", GONE, "gone", 2),
    ],
)
async def test_the_first_answer_there_is(
    first: Given, separator: str, second: Given, expected: bytes | str, asked: int
) -> None:
    sources = [FakeSource({MOD: first}), FakeSource({MOD: second})]
    chain = Chain([Link(PROXY, sources[0], separator == "|"), Link(PROXY, sources[1])])
    if isinstance(expected, bytes):
        assert await read(chain, request(MOD)) == expected
    else:
        with pytest.raises(SourceError, match=expected):
            await read(chain, request(MOD))
    assert sum(len(source.requests) for source in sources) == asked


async def test_what_version_control_says_counts_most() -> None:
    chain = Chain([Link(PROXY, FakeSource({MOD: DOWN}), True), Link(DIRECT, FakeSource({MOD: ABSENT}))])
    with pytest.raises(NotFound, match="absent"):
        await read(chain, request(MOD))


async def test_an_empty_chain_was_this_fleet_alone() -> None:
    with pytest.raises(Unavailable, match="this fleet itself") as caught:
        await read(Chain([]), request(MOD))
    assert caught.value.status == 508


async def test_a_request_goes_on_as_it_came() -> None:
    source, sent = FakeSource({MOD: GOOD}), request(MOD)
    await read(Chain([Link(PROXY, source)]), sent)
    assert source.requests[0] is sent
    assert source.open == 0


@pytest.mark.parametrize(("via", "kept"), [("", True), ("1.1 modproxy-other~a", False)])
async def test_what_comes_after_a_loop_is_for_its_client_alone(via: str, kept: bool) -> None:
    looping = Link(EntryKind.PROXY, FakeSource({MOD: Unavailable("loop", 508)}), fall_back_on_error=True)
    chain = Chain([looping, Link(EntryKind.DIRECT, FakeSource({MOD: GOOD}))])
    async with chain.fetch(replace(request(MOD), via=via)) as fetched:
        assert fetched.keep is kept
