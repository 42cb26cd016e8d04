"""The groups of users in Apache's group file: `group: user user ...` a line (mod_authz_groupfile). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from modproxy.identity.names import MOST_GROUPS, UnfitName, check_name
from modproxy.quoting import quoted

MOST_LINES = 10_000
"""As many groups as there may be users."""
MOST_LINE = 64 * 1024
"""Characters of a line: a few thousand users of one group. A group may have several lines."""
MOST_FAULTS = 16


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of each user, and what is wrong with the file's other lines."""

    of_user: Mapping[str, frozenset[str]]
    faults: tuple[str, ...] = ()


def parse_groups(text: str) -> Groups:
    """Read a file. What cannot be used is left out, and told in `faults` by the line's number."""
    found: dict[str, set[str]] = {}
    faults: list[str] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        try:
            if number > MOST_LINES:
                raise ValueError(f"the file has more than {MOST_LINES} lines, and the others are left out")
            group, members = _read_line(line)
            for user in members:
                if len(groups := found.setdefault(user, set())) >= MOST_GROUPS:
                    raise ValueError(f"user {quoted(user, 64)} is in more than {MOST_GROUPS} groups")
                groups.add(group)
        except ValueError as e:
            faults.append(f"line {number} of groups: {e}")
            if number > MOST_LINES or len(faults) >= MOST_FAULTS:
                break
    return Groups({user: frozenset(groups) for user, groups in found.items()}, tuple(faults))


def _read_line(line: str) -> tuple[str, list[str]]:
    if len(line) > MOST_LINE:
        raise ValueError(f"it has more than {MOST_LINE} characters: a group may have several lines")
    group, colon, rest = line.partition(":")
    if not colon:
        raise ValueError("it has no colon: write GROUP: USER USER")
    try:
        return check_name(group.strip(), "the group"), [check_name(user, "a user") for user in rest.split()]
    except UnfitName as e:
        raise ValueError(str(e)) from None
