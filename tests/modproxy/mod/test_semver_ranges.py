"""Ranges of the vulnerability database, compared as golang.org/x/vuln compares them (its own cases, BSD-3-Clause)."""

import pytest

from modproxy.mod.semver_ranges import Event, Range, affected, fixes_above, order_of, semver_of_toolchain


def semver(*bounds: str) -> Range:
    """Make a range of `+1.2.3` (introduced) and `-1.2.3` (fixed)."""
    events = (Event(b[1:], "") if b[0] == "+" else Event("", b[1:]) for b in bounds)
    return Range("SEMVER", tuple(events))


@pytest.mark.parametrize(
    ("ranges", "version", "expected"),
    [
        ([], "v0.0.0", True),
        ([Range("SEMVER", ())], "v0.0.0", True),
        ([semver("+0")], "v0.0.0", True),
        ([semver("+0", "-2.0.0")], "v1.0.0", True),
        ([semver("+0.0.1")], "v1.0.0", True),
        ([semver("+1.0.0")], "v1.0.0", True),
        ([semver("+1.0.0", "-2.0.0")], "v1.0.0", True),
        ([semver("+0.0.1", "-2.0.0")], "v1.0.0", True),
        ([semver("+1.0.0", "-2.0.0")], "v3.0.0", False),
        ([semver("+1.0.0", "-2.0.0")], "v2.0.0", False),
        ([semver("+1.0.0", "-2.0.0", "+3.0.0")], "v3.0.0", True),
        ([semver("+0", "-1.18.6", "+1.19.0", "-1.19.1")], "v1.18.6", False),
        ([semver("+0", "+1.19.0", "-1.19.1")], "v1.18.6", True),
        ([semver("+1.19.0", "-1.19.1", "+0", "-1.18.6")], "v1.18.1", True),
        ([Range("GIT", semver("+3.0.0").events)], "v3.0.0", True),
        ([Range("GIT", ()), semver("+4.0.0")], "v3.0.0", False),
        ([Range("GIT", ()), semver("+3.0.0")], "v3.0.0", True),
        ([semver("+3.0.0")], "go3.0.1", True),
        ([semver("+0", "-2.0.0")], "v2.0.0-rc.1", True),
        ([semver("+0", "-2.0.0")], "v2.0.0+incompatible", False),
        ([semver("+1.19.0-0", "-1.19.1")], "v1.19.0-beta.1", True),
        ([semver("+0", "-0.0.0-20220906165146-f3363e06e74c")], "v0.0.0-20220906165145-aaaaaaaaaaaa", True),
        ([semver("+0", "-0.0.0-20220906165146-f3363e06e74c")], "v0.0.0-20220906165146-f3363e06e74c", False),
        ([semver("+0", f"-{'9' * 5000}.0.0")], "v1.0.0", False),  # no version: it is longer than any
    ],
)
def test_affected(ranges: list[Range], version: str, expected: bool) -> None:
    assert affected(ranges, version) is expected


def test_the_order_of_semver() -> None:
    """The example of semver.org, section 11, and what Go adds to it."""
    ordered = [
        "bad", "v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-alpha.beta", "v1.0.0-beta", "v1.0.0-beta.2", "v1.0.0-beta.11",
        "v1.0.0-rc.1", "v1.0.0", "v1.2", "v1.10.0", "v2",
    ]  # fmt: skip
    mixed = [*ordered[5:], *ordered[:5]]
    assert sorted(mixed, key=order_of) == ordered
    assert order_of("v1") == order_of("v1.0.0") == order_of("1.0.0+incompatible")


def test_the_fixes_above() -> None:
    ranges = [semver("+0", "-1.18.6", "+1.19.0", "-1.19.1")]
    assert fixes_above(ranges, "v1.0.0") == ["1.18.6", "1.19.1"]
    assert fixes_above(ranges, "v1.19.0") == ["1.19.1"]


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("v0.0.1-go1.21.3.linux-amd64", "1.21.3"),
        ("v0.0.1-go1.21rc2.linux-amd64", "1.21.0-rc.2"),
        ("v0.0.1-go1.21.0.windows-arm64", "1.21.0"),
        ("v0.0.1-go1.9999999.linux-amd64", "1.9999999.0"),
        ("v0.0.1-go1.21.3", None),
        ("v1.0.0", None),
    ],
)
def test_a_toolchain_is_of_a_go_version(version: str, release: str | None) -> None:
    assert semver_of_toolchain(version) == release
