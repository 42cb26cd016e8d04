"""The Via header: what this replica writes into it, and which entries this replica recognises."""

import pytest

from modproxy.via import ViaEntry

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
