"""What is counted of refusals: in all, and lately."""

import pytest

from modproxy.contract.config import PolicyMode
from modproxy.policy.decision import RuleKind, RuleRefusal
from modproxy.server.refusal_counts import RefusalCounts

DENIED = RuleRefusal(RuleKind.MODULES, "modules.deny has x", "forbidden\n")
DRY = RuleRefusal(RuleKind.AGE, "too young", "forbidden\n", PolicyMode.DRY_RUN)
ASKED = RuleRefusal(RuleKind.ACCESS, "nobody", "unauthorized\n", status=401, challenge=True)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_lately_is_ten_minutes(clock: Clock) -> None:
    counts = RefusalCounts(clock)
    for minute in range(30):
        clock.now = 1000.0 + 60 * minute
        counts.count(DENIED)
    assert counts.total == {("modules", "Enforce"): 30}
    assert counts.recent() == {"modules": 11}
    clock.now += 601
    assert counts.recent() == {}


def test_what_is_served_nevertheless_is_no_refusal(clock: Clock) -> None:
    counts = RefusalCounts(clock)
    counts.count(DRY)
    assert (counts.total, counts.recent()) == ({("age", "DryRun"): 1}, {})


def test_a_client_that_is_asked_for_its_credential_is_not_refused(clock: Clock) -> None:
    counts = RefusalCounts(clock)
    counts.count(ASKED)
    assert (counts.total, counts.recent()) == ({}, {})


def test_the_memory_is_bounded(clock: Clock) -> None:
    counts = RefusalCounts(clock)
    for second in range(100_000):
        clock.now += 1 if second % 10 == 0 else 0
        counts.count(DENIED)
    assert len(counts._slots) <= 21
