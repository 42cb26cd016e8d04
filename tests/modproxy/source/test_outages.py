"""Which servers are told to fail: tables of what happened at which second."""

import pytest

from modproxy.contract.report import MOST_OUTAGES, Report, Role
from modproxy.source.outages import Failure, Outages, Place

UPSTREAM = Place(Role.UPSTREAM, "https://proxy.example.com")
DOWN = Failure("connect", "could not be reached: Connection refused", "check it")


def broken(target: str) -> Failure:
    return Failure("500", "answers 500", "look", target)


async def nothing() -> None:
    return None


Event = tuple[float, Failure | str]
"""The second, and a failure, `ok`, or a failure that the replica has brought about (`again`)."""


def after(events: list[Event], *, at: float, place: Place = UPSTREAM) -> Outages:
    now = [0.0]
    outages = Outages(lambda: now[0])
    for second, event in events:
        now[0] = 1000 + second
        if event == "ok":
            outages.answered(place)
        elif isinstance(event, Failure):
            outages.failed(place, event)
        else:
            outages.failed(place, broken("a"), asked_again=True)
    now[0] = 1000 + at
    return outages


@pytest.mark.parametrize(
    ("events", "at", "failing"),
    [
        pytest.param([(0, DOWN)], 500, False, id="one failure is none"),
        pytest.param([(0, DOWN), (1, DOWN), (2, DOWN)], 3, False, id="a burst is young"),
        pytest.param([(0, DOWN), (1, DOWN), (2, DOWN)], 6, True, id="a burst that stands"),
        pytest.param([(0, DOWN), (5, "again"), (10, "again")], 10, True, id="one failure, and two tries of its own"),
        pytest.param([(0, broken("a"))] * 9, 60, False, id="one file that cannot be had"),
        pytest.param([(0, broken("a")), (1, broken("b")), (2, broken("c"))], 6, True, id="several files"),
        pytest.param([(0, broken("a")), (5, "again"), (10, "again")], 10, True, id="one file, and the root"),
        pytest.param([(-5, "ok"), (0, DOWN), (1, DOWN), (2, DOWN)], 30, False, id="a server in use has a minute"),
        pytest.param([(-5, "ok"), (0, DOWN), (1, DOWN), (2, DOWN)], 61, True, id="and no more"),
        pytest.param([(-99, "ok"), (0, DOWN), (1, DOWN), (2, DOWN)], 6, True, id="an answer long ago"),
        pytest.param([(0, DOWN), (1, DOWN), (2, "ok"), (3, DOWN), (4, DOWN)], 99, False, id="an answer between"),
        pytest.param([(0, DOWN), (1, DOWN), (2, DOWN), (9, "ok")], 10, None, id="it is over by itself"),
    ],
)
def test_when_a_server_is_failing(events: list[Event], at: float, failing: bool | None) -> None:
    told = after(events, at=at).report()
    assert [outage.failing for outage in told] == ([] if failing is None else [failing])


def test_what_is_told() -> None:
    (outage,) = after([(0, DOWN), (1, DOWN), (7, DOWN)], at=8).report()
    assert (outage.role, outage.place, outage.kind) == ("upstream", "https://proxy.example.com", "connect")
    assert (outage.cause, outage.remedy) == (DOWN.cause, DOWN.remedy)
    assert (outage.since, outage.last, outage.failures) == (1000, 1007, 3)


def test_the_cause_that_is_told_does_not_flicker() -> None:
    other = Failure("timeout", "did not answer within 30 s")
    assert after([(0, DOWN), (1, other), (2, DOWN), (3, other), (4, other)], at=9).report()[0].kind == "connect"
    assert after([(0, DOWN), (1, other), (2, other), (3, other)], at=9).report()[0].kind == "timeout"


def test_hosts_that_clients_choose_neither_fail_nor_push_out_the_named_ones() -> None:
    outages = after([(0, DOWN), (1, DOWN), (2, DOWN)], at=10)
    for number in range(100):
        for _ in range(5):
            outages.failed(Place(Role.VERSION_CONTROL, f"host{number}.example.com", named=False), DOWN)
    told = outages.report()
    assert len(told) == MOST_OUTAGES
    assert told[0].place == UPSTREAM.name
    assert [outage.failing for outage in told] == [True] + [False] * (MOST_OUTAGES - 1)
    assert [outage.named for outage in told] == [True] + [False] * (MOST_OUTAGES - 1)
    assert told[1].place == "host99.example.com"
    assert told[-1].place == "host85.example.com"


def test_who_is_asked_again_and_when() -> None:
    now = [1000.0]
    outages = Outages(lambda: now[0])
    failure = Failure("connect", "is down", again=nothing)
    outages.failed(Place(Role.VERSION_CONTROL, "a.example.com", named=False), failure)
    outages.failed(UPSTREAM, failure)
    asked = []
    for second in range(1, 80):
        now[0] = 1000.0 + second
        for place, _ in outages.due():
            assert place == UPSTREAM
            asked.append(second)
            outages.failed(place, failure, asked_again=True)
    assert asked == [5, 10, 40, 70]
    outages.answered(UPSTREAM)
    now[0] = 2000.0
    assert outages.due() == []


def test_a_client_that_repeats_itself_keeps_no_server_from_being_asked_again() -> None:
    now = [1000.0]
    outages = Outages(lambda: now[0])
    failure = Failure("500", "answers 500", target="example.com/m", again=nothing)
    outages.failed(UPSTREAM, failure)
    asked = []
    for second in range(1, 12):
        now[0] = 1000.0 + second
        outages.failed(UPSTREAM, failure)
        for place, _ in outages.due():
            asked.append(second)
            outages.failed(place, Failure("500", "answers 500", again=nothing), asked_again=True)
    assert asked == [5]
    assert outages.report()[0].failing


def test_a_place_of_which_tries_tell_nothing_is_not_asked_for_ever() -> None:
    now = [1000.0]
    outages = Outages(lambda: now[0])
    outages.failed(UPSTREAM, Failure("timeout", "did not answer", target="huge", again=nothing))
    asked = []
    for second in range(1, 3600):
        now[0] = 1000.0 + second
        asked += [second for _ in outages.due()]
    assert asked[:5] == [5, 10, 15, 45, 75]
    assert asked[-1] < 600
    assert outages.report() == ()


def test_texts_are_bounded_and_escaped() -> None:
    outages = Outages(lambda: 0.0)
    outages.failed(Place(Role.UPSTREAM, "a\n" * 999), Failure("x", "\x1b" * 9999))
    (outage,) = outages.report()
    assert len(outage.place) == 256
    assert len(outage.cause) == 300
    assert outage.cause.isprintable()
    assert outage.place.isprintable()


def test_reports_of_other_versions() -> None:
    old = {
        "version": "0", "ready": True, "uptimeSeconds": 1, "config": {"hash": "a", "generation": 1}, "requests": {},
        "storage": {"usedBytes": 0, "capacityBytes": 1, "objects": 0},
        "window": {"seconds": 1, "hits": 0, "requests": 0, "requestsPerSecond": 0},
    }  # fmt: skip
    read = Report.model_validate(old)
    assert (read.outages, read.secret_problems) == (None, None)
    newer = {"role": "oracle", "place": "p", "cause": "c", "since": 1, "last": 1, "failures": 1, "more": {"x": 1}}
    read = Report.model_validate({**old, "outages": [newer] * 99, "secretProblems": [{"secret": "s", "problem": "p"}]})
    assert read.outages is not None
    assert len(read.outages) == MOST_OUTAGES
    assert read.outages[0].role == "oracle"
    assert not read.outages[0].failing
