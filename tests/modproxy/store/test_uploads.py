from dataclasses import replace

import pytest

from modproxy.bucket.record import ObjectRecord
from modproxy.store.uploads import MOST_TRIES, SETTLED_SECONDS, UNCHANGED_SECONDS, Uploads, is_to_be_written, may_change

ZIP, LIST = "example.com/m/@v/v1.0.0.zip", "example.com/m/@v/list"
OURS = ObjectRecord(3, "aa", 10_000.0, "upstream")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("key", "may"),
    [
        (ZIP, False),
        ("example.com/!mixed/@v/v1.0.0.mod", False),
        ("example.com/!mixed/@v/v1.0.0.info", False),
        ("example.com/m/@v/v0.0.0-20240101000000-abcdefabcdef.info", False),
        ("example.com/m/@v/main.info", True),
        ("example.com/m/@v/v2.0.0.info", True),  # no version of this path: a query
        (LIST, True),
        ("example.com/m/@latest", True),
        ("sumdb/sum.example.com/latest", True),
        ("sumdb/sum.example.com/lookup/example.com/m@v1.0.0", False),
        ("sumdb/sum.example.com/lookup/example.com/latest@v1.0.0", False),
        ("sumdb/sum.example.com/tile/8/0/x001/234", False),
    ],
)
def test_what_may_change(key: str, may: bool) -> None:
    assert may_change(key) is may


@pytest.mark.parametrize(
    ("key", "found", "written"),
    [
        (ZIP, None, True),
        (ZIP, (3, None), True),
        (ZIP, (2, OURS), True),
        (ZIP, (3, replace(OURS, sha256="bb")), False),
        (LIST, (3, OURS), False),
        (LIST, (3, replace(OURS, fetched=OURS.fetched - UNCHANGED_SECONDS)), True),
        (LIST, (3, replace(OURS, sha256="bb", fetched=OURS.fetched - 1)), True),
        (LIST, (3, replace(OURS, sha256="bb", fetched=OURS.fetched + 1)), False),
        (LIST, (3, replace(OURS, sha256="bb", fetched=9e10)), True),
        (LIST, (3, replace(OURS, fetched=9e10)), True),
        (ZIP, (3, replace(OURS, fetched=9e10)), False),
    ],
)
def test_what_is_to_be_written(key: str, found: tuple[int, ObjectRecord | None] | None, written: bool) -> None:
    assert is_to_be_written(key, OURS, found) is written


def test_answers_that_may_change_wait_until_they_have_settled() -> None:
    clock = Clock()
    uploads = Uploads(clock)
    uploads.add(LIST)
    uploads.add(ZIP)
    assert [uploads.next(), uploads.next()] == [ZIP, None]
    assert uploads.next_due == SETTLED_SECONDS
    clock.now += SETTLED_SECONDS
    assert uploads.next() == LIST
    uploads.ended(LIST, "tag")
    assert uploads.is_known(LIST, "tag")
    assert not uploads.is_known(LIST, "other")
    clock.now += UNCHANGED_SECONDS
    assert not uploads.is_known(LIST, "tag")
    uploads.add(LIST)
    assert uploads.next(at_once=True) == LIST


def test_what_is_published_anew_while_it_is_written_is_written_again() -> None:
    uploads = Uploads(Clock())
    uploads.add(ZIP)
    assert uploads.next() == ZIP
    uploads.add(ZIP)
    assert not uploads.ended(ZIP)
    assert uploads.next() == ZIP
    assert uploads.ended(ZIP)
    assert len(uploads) == 0


def test_an_outage_gives_up_nothing() -> None:
    uploads = Uploads(Clock())
    uploads.add(ZIP)
    for _ in range(MOST_TRIES * 3):
        assert uploads.next() == ZIP
        uploads.failed(ZIP)
    assert len(uploads) == 1


def test_a_file_that_is_refused_while_others_are_taken_is_given_up() -> None:
    uploads, failures, waits = Uploads(Clock()), 0, True
    uploads.add(ZIP)
    while waits:
        other = f"{failures}.zip"
        uploads.add(other)
        assert [uploads.next(), uploads.next()] == [ZIP, other]
        uploads.ended(other)
        failures, waits = failures + 1, uploads.failed(ZIP)
    assert failures == MOST_TRIES


def test_a_file_that_has_gone_is_forgotten() -> None:
    uploads = Uploads(Clock())
    uploads.add(ZIP)
    assert uploads.forget(ZIP)
    assert not uploads.forget(ZIP)
