"""Owners of module paths: balance, minimal movement, and what belongs together."""

from collections import Counter

import pytest

from modproxy.fleet.rendezvous import owner_of, ranked, subject_of

PATHS = [f"example.com/team{number % 97}/module{number}" for number in range(6000)]


@pytest.mark.parametrize(
    ("key", "subject"),
    [
        ("example.com/m/@v/list", "example.com/m"),
        ("example.com/m/@latest", "example.com/m"),
        ("example.com/m/@v/v1.0.0.zip", "example.com/m"),
        ("example.com/m/@v/v1.0.0.ziphash", "example.com/m"),
        ("example.com/!big/@v/v1.0.0.mod", "example.com/!big"),
        ("example.com/m/v2/@v/v2.0.0.info", "example.com/m/v2"),
        ("sumdb/sum.example.com/lookup/example.com/!big@v1.0.0", "example.com/!big"),
        ("sumdb/sum.example.com/lookup/example.com/m/v2@v2.0.0+incompatible", "example.com/m/v2"),
        ("sumdb/sum.example.com/tile/8/0/x001/234", "sumdb/sum.example.com/tile/8/0/x001/234"),
        ("sumdb/sum.example.com/latest", "sumdb/sum.example.com/latest"),
    ],
)
def test_what_belongs_together_has_one_owner(key: str, subject: str) -> None:
    assert subject_of(key) == subject


@pytest.mark.parametrize("count", [2, 3, 10, 50])
def test_replicas_own_about_equal_parts(count: int) -> None:
    replicas = [f"team-a-{number}" for number in range(count)]
    owned = Counter(owner_of(path, replicas) for path in PATHS)
    mean = len(PATHS) / count
    assert set(owned) == set(replicas)
    assert all(0.6 * mean < number < 1.5 * mean for number in owned.values()), owned


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_a_replica_that_comes_takes_only_what_it_owns(count: int) -> None:
    before = [f"team-a-{number}" for number in range(count)]
    new = f"team-a-{count}"
    moved = 0
    for path in PATHS:
        old, owner = owner_of(path, before), owner_of(path, [*before, new])
        assert owner in (old, new)
        moved += owner == new
        if owner == new:
            assert ranked(path, [*before, new])[1] == old, "the runner-up is who owned it before"
    assert 0.7 * len(PATHS) / (count + 1) < moved < 1.4 * len(PATHS) / (count + 1)


def test_when_a_replica_goes_the_runner_up_owns_what_it_owned() -> None:
    replicas = [f"team-a-{number}" for number in range(5)]
    for path in PATHS:
        order = ranked(path, replicas)
        assert owner_of(path, replicas) == order[0]
        assert ranked(path, [name for name in replicas if name != order[0]]) == order[1:]
        assert owner_of(path, [name for name in replicas if name != order[-1]]) == order[0]


def test_the_order_in_which_replicas_are_known_does_not_matter() -> None:
    replicas = [f"team-a-{number}" for number in range(7)]
    assert all(ranked(path, replicas) == ranked(path, reversed(replicas)) for path in PATHS[:200])


def test_nobody_owns_anything_without_replicas() -> None:
    assert owner_of("example.com/m", []) is None
    assert ranked("example.com/m", []) == []


def test_owners_stay_the_same_from_version_to_version() -> None:
    """Replicas of two versions of this program must agree, or each would send the other what it owns."""
    replicas = ["team-a-0", "team-a-1", "team-a-2"]
    owners = [owner_of(path, replicas) for path in PATHS[:6]]
    assert owners == ["team-a-1", "team-a-2", "team-a-2", "team-a-1", "team-a-0", "team-a-0"]
