"""The lines of Apache's group file."""

import pytest

from modproxy.identity.groups import MOST_FAULTS, parse_groups
from modproxy.identity.names import MOST_GROUPS


def test_the_groups_of_each_user() -> None:
    read = parse_groups("# groups\n\ndevelopers: alice bob\r\nci:bob\ndevelopers: carol\nempty:\n")
    assert read.faults == ()
    assert read.of_user == {
        "alice": frozenset({"developers"}),
        "bob": frozenset({"developers", "ci"}),
        "carol": frozenset({"developers"}),
    }


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("developers alice", "no colon"),
        (": alice", "empty"),
        ("a\u200bb: alice", "printed"),
        ("g" * 300 + ": alice", "256 characters"),
        ("g: system", None),
        ("g: " + "a " * 40000, "65536 characters"),
    ],
)
def test_a_line_that_is_refused_is_named(line: str, told: str | None) -> None:
    read = parse_groups(f"ok: alice\n{line}\n")
    if told is None:
        assert read.faults == ()
        return
    assert read.of_user == {"alice": frozenset({"ok"})}
    assert read.faults[0].startswith("line 2 of groups: ")
    assert told in read.faults[0]


def test_a_reserved_name_is_no_group() -> None:
    # By Apache's rule the first colon ends the name, so that this is the group `system` with two users.
    assert parse_groups("system:masters: alice").of_user["alice"] == frozenset({"system"})


def test_groups_and_faults_have_bounds() -> None:
    assert len(parse_groups("x\n" * 1000).faults) == MOST_FAULTS
    read = parse_groups("".join(f"g{n}: alice\n" for n in range(MOST_GROUPS + 1)))
    assert len(read.of_user["alice"]) == MOST_GROUPS
    assert "more than" in read.faults[0]
