"""The parent in front of the upstreams: what leads past it, what does not, and for how long it is passed by."""

from dataclasses import replace

import pytest

from modproxy.source.parent import PASSED_BY_SECONDS, ParentFirst, ParentState
from modproxy.source.protocol import Denied, NoAnswer, NotFound, SourceError, Unavailable
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import FakeSource, Given, read

MOD = "example.com/m/@v/v1.0.0.mod"
GOOD, OTHER = b"module example.com/m\n", b"module example.com/m // of upstream\n"


@pytest.mark.parametrize(
    ("parent", "expected", "asked"),
    [
        (GOOD, GOOD, 0),
        (NotFound("absent"), OTHER, 1),
        (NotFound("gone", 410), OTHER, 1),
        (Denied("denied by the parent"), "denied by the parent", 0),
        (Unavailable("its upstream is down"), OTHER, 1),
        (Unavailable("busy", 503), OTHER, 1),
        (Unavailable("a loop", 508), OTHER, 1),
        (NoAnswer("refused"), OTHER, 1),
    ],
)
async def test_what_the_parent_says(parent: Given, expected: bytes | str, asked: int) -> None:
    upstream = FakeSource({MOD: OTHER})
    first = ParentFirst(FakeSource({MOD: parent}), upstream, ParentState())
    if isinstance(expected, bytes):
        assert await read(first, request(MOD)) == expected
    else:
        with pytest.raises(SourceError, match=expected):
            await read(first, request(MOD))
    assert len(upstream.requests) == asked


async def test_what_the_upstream_says_counts_where_the_parent_has_nothing() -> None:
    first = ParentFirst(FakeSource({MOD: NoAnswer("refused")}), FakeSource({MOD: NotFound("gone", 410)}), ParentState())
    with pytest.raises(NotFound, match="gone"):
        await read(first, request(MOD))


async def test_a_parent_that_gives_no_answer_is_passed_by_for_a_while_by_all_sources() -> None:
    now = 100.0
    state = ParentState(lambda: now)
    parent, upstream = FakeSource({MOD: NoAnswer("timed out")}), FakeSource({MOD: OTHER})
    one, two = ParentFirst(parent, upstream, state), ParentFirst(parent, upstream, state)
    for source in (one, two, one):
        assert await read(source, request(MOD)) == OTHER
    assert len(parent.requests) == 1
    now += PASSED_BY_SECONDS
    assert await read(two, request(MOD)) == OTHER
    assert len(parent.requests) == 2


async def test_an_answer_that_is_no_use_does_not_make_the_parent_be_passed_by() -> None:
    parent = FakeSource({MOD: Unavailable("its upstream is down")})
    first = ParentFirst(parent, FakeSource({MOD: OTHER}), ParentState())
    for _ in range(2):
        await read(first, request(MOD))
    assert len(parent.requests) == 2


async def test_what_comes_after_a_loop_at_the_parent_is_for_this_client_alone() -> None:
    first = ParentFirst(FakeSource({MOD: Unavailable("a loop", 508)}), FakeSource({MOD: OTHER}), ParentState())
    for via, keep in (("1.1 modproxy-other~a", False), ("", True)):
        async with first.fetch(replace(request(MOD), via=via)) as fetched:
            assert fetched.keep is keep


async def test_one_answer_that_takes_long_does_not_make_the_parent_be_passed_by() -> None:
    """A client could else switch the policies of the parent off, by asking for something slow."""
    now = 100.0
    state = ParentState(lambda: now)
    asked = state.now()
    now += 1
    state.answered()
    now += 1
    state.pass_by(asked)
    assert not state.passed_by
    state.pass_by(state.now())
    assert state.passed_by
