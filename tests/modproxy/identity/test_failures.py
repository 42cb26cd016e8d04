"""How long who guesses waits, and what is remembered of whom."""

import asyncio

import pytest

from modproxy.identity.authorization import Login, Token
from modproxy.identity.failures import (
    FORGOTTEN_SECONDS,
    FREE_FAILURES,
    LONGEST_PAUSE,
    MOST_ADDRESSES,
    MOST_WAITING,
    Failures,
    Turns,
)
from modproxy.identity.presented import BadCredential, TooManyFailures
from modproxy.identity.principal import ANONYMOUS
from modproxy.identity.proofs import MOST_PROOFS, MOST_REFUSALS, Grounds, Proof, Proofs


def failed(times: int, at: float = 0.0) -> Failures:
    made = Failures()
    for _ in range(times):
        made.note("a", at)
    return made


@pytest.mark.parametrize(
    ("times", "now", "pause"),
    [
        (0, 0, 0), (FREE_FAILURES - 1, 0, 0), (FREE_FAILURES, 0, 1), (FREE_FAILURES, 0.5, 1), (FREE_FAILURES, 1, 0),
        (FREE_FAILURES + 1, 0, 2), (FREE_FAILURES + 3, 1, 7), (FREE_FAILURES + 40, 0, LONGEST_PAUSE),
        (FREE_FAILURES + 4000, 59, 1), (FREE_FAILURES + 40, FORGOTTEN_SECONDS, 0),
        (FREE_FAILURES + 40, -3600, LONGEST_PAUSE),
    ],
)  # fmt: skip
def test_the_pause_after_failures(times: int, now: float, pause: int) -> None:
    assert failed(times).pause("a", now) == pause
    assert failed(times).pause("b", now) == 0


def test_an_address_begins_anew_after_a_while() -> None:
    failures = failed(FREE_FAILURES + 5)
    failures.note("a", FORGOTTEN_SECONDS)
    assert failures.pause("a", FORGOTTEN_SECONDS) == 0


def test_the_addresses_that_are_remembered_have_a_bound() -> None:
    failures = failed(FREE_FAILURES)
    for number in range(2 * MOST_ADDRESSES):
        failures.note(f"b{number}", 0)
    assert len(failures) == MOST_ADDRESSES


async def test_turns_of_an_address() -> None:
    turns, most, now = Turns(), 0, 0
    go_on = asyncio.Event()

    async def work(address: str) -> None:
        nonlocal most, now
        async with turns.of(address):
            now += 1
            most = max(most, now)
            await go_on.wait()
            now -= 1

    tasks = [asyncio.create_task(work("a")) for _ in range(4 + MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyFailures):
        await work("a")
    other = asyncio.create_task(work("b"))
    await asyncio.sleep(0)
    assert now == 5, "another address has turns of its own"
    tasks[-1].cancel()
    go_on.set()
    await asyncio.gather(*tasks, other, return_exceptions=True)
    assert most == 5
    assert turns._queues == {}


def test_proofs_and_refusals_have_bounds() -> None:
    proofs = Proofs()
    names = [proofs.name_of(Token(f"{number}")) for number in range(MOST_PROOFS + 10)]
    for name in names:
        proofs.keep(name, Proof(ANONYMOUS, 10, ()))
        proofs.refuse(name, BadCredential("why", "told"), 0)
    assert len(proofs._proofs) == MOST_PROOFS
    assert len(proofs._refusals) == MOST_REFUSALS
    assert proofs.find(names[0], 0) is None
    assert proofs.find(names[-1], 0) is not None
    refusal = proofs.refusal(names[-1], 1)
    assert (str(refusal), refusal and refusal.told) == ("why", "told")
    assert proofs.refusal(names[-1], 100) is None


def test_a_proof_ends_with_its_time_and_with_each_of_its_grounds() -> None:
    proofs, one, other = Proofs(), Grounds(), Grounds()
    name = proofs.name_of(Token("x"))
    proofs.keep(name, Proof(ANONYMOUS, 10, (one, other)))
    assert proofs.find(name, 9.9) is not None
    assert proofs.find(name, 10) is None
    assert proofs.was_proved(name)
    other.void = True
    assert proofs.find(name, 0) is None
    assert not proofs.was_proved(name)
    proofs.tidy()
    assert proofs._proofs == {}


def test_names_of_credentials_are_of_one_process() -> None:
    assert Proofs().name_of(Token("x")) != Proofs().name_of(Token("x"))
    one = Proofs()
    assert one.name_of(Token("x")) == one.name_of(Token("x")) != one.name_of(Token("y"))
    assert one.name_of(Login("a", "b")) == one.name_of(Login("a", "b")) != one.name_of(Login("a", "c"))
    assert one.name_of(Token("a:b")) != one.name_of(Login("a", "b"))
    assert one.name_of(Login("a", "\udcff"))
