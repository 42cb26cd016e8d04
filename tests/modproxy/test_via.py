"""The Via header: what this replica writes into it, and which entries this replica recognises."""

import pytest

from modproxy.via import ViaEntry, capped, passed_fleets

OWN = ViaEntry("fleet", "a")


def test_an_entry_is_added_at_the_end() -> None:
    assert OWN.appended_to("") == "1.1 modproxy-fleet~a"
    assert OWN.appended_to("1.1 edge") == "1.1 edge, 1.1 modproxy-fleet~a"


@pytest.mark.parametrize(
    ("header", "passed", "hops"),
    [
        ("", False, 0),
        ("1.1 edge.example.com", False, 0),
        ("1.1 modproxy-fleet~a", True, 0),
        ("1.1 edge, 1.1 modproxy-fleet~a (comment), 1.0 other", True, 0),
        ("1.1 modproxy-fleet~b", False, 1),
        ("1.1 modproxy-fleet~b, 1.1 modproxy-fleet~c", False, 2),
        ("1.1 modproxy-fleet~b, 1.1 modproxy-fleet~a", True, 1),
        # An older replica names the fleet alone.
        ("1.1 modproxy-fleet", False, 1),
        # These are other fleets; the name of the first one begins with the name of this fleet.
        ("1.1 modproxy-fleet-2~a", False, 0),
        ("1.1 modproxy-flee~ta", False, 0),
        ("1.1 xmodproxy-fleet~a", False, 0),
        (",,1.1,", False, 0),
    ],
)
def test_who_was_passed(header: str, passed: bool, hops: int) -> None:
    assert (OWN.passed(header), OWN.hops(header)) == (passed, hops)


def test_what_is_no_text_is_not_passed_on() -> None:
    assert OWN.appended_to("1.1 a,\u00e4, 1.1 b\udcff,1.1 c\x00, 1.1 d") == "1.1 a, 1.1 d, 1.1 modproxy-fleet~a"


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("", ""),
        ("1.1 edge, 1.1 modproxy-a~1", "1.1 edge, 1.1 modproxy-a~1"),
        (
            ", ".join(f"1.1 edge{number:020}" for number in range(30)),
            [f"1.1 edge{number:020}" for number in range(14, 30)],
        ),
        ("x" * 300 + ", 1.1 modproxy-a~1", ["1.1 modproxy-a~1"]),
        ("1.1 edge" * 300, []),
        ("," * 8000, []),
    ],
)
def test_a_long_header_is_capped_to_its_newest_entries(header: str, kept: str | list[str]) -> None:
    if isinstance(kept, str):
        assert capped(header) == kept
    else:
        assert [entry.strip() for entry in capped(header).split(",") if entry.strip()] == kept


@pytest.mark.parametrize(
    ("header", "fleets"),
    [
        ("", set()),
        ("1.1 edge", set()),
        ("1.1 modproxy-a~1, 1.1 modproxy-b~2, 1.1 modproxy-a~3", {"a", "b"}),
        ("1.1 modproxy-old", {"old"}),
    ],
)
def test_which_fleets_were_passed(header: str, fleets: set[str]) -> None:
    assert passed_fleets(header) == fleets
