import math
import time
from dataclasses import replace

import pytest

from modproxy.bucket.record import ObjectRecord, read_record

KEY = "example.com/m/@v/v1.0.0.zip"
RECORD = ObjectRecord(12, "ab" * 32, 1764230400.25, "upstream sum.example.com+033de0ae", "h1:abc+/=")


def test_a_record_comes_back_as_it_was_written() -> None:
    line = RECORD.write(KEY)
    assert line.isascii()
    assert line.isprintable()
    assert " " not in line
    assert read_record(KEY, line) == RECORD


@pytest.mark.parametrize(
    "line",
    [
        None,
        "",
        "garbage",
        "size=1",
        RECORD.write(KEY).replace("size=12", "size=13"),
        RECORD.write(KEY).replace("voucher=upstream", "voucher=vcs"),
        RECORD.write(KEY) + "&more=1",
        RECORD.write("example.com/other/@v/v1.0.0.zip"),
        replace(RECORD, size=-1).write(KEY),
        RECORD.write(KEY).replace("form=1", "form=2"),
        "x" * 3000,
    ],
)
def test_a_record_that_was_changed_counts_as_none(line: str | None) -> None:
    assert read_record(KEY, line) is None


def test_a_clock_that_was_a_little_ahead_makes_no_negative_age() -> None:
    assert replace(RECORD, fetched=time.time() + 60).age() == 0.0


def test_a_clock_that_was_far_ahead_makes_no_list_that_is_fresh_for_ever() -> None:
    assert replace(RECORD, fetched=9e10).age() == math.inf
