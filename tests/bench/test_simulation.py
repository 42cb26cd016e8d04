"""The simulated fleets: what has to hold whatever the figures are."""

import pytest

from bench.simulation.replicas import Fleet, Replica, Upstream
from bench.simulation.scenarios import ISLANDS, PEERS, STORE, TREE, joined, simulate
from bench.simulation.workload import Ask, Workload, large_file

PLENTY = 10**13
SMALL = Workload(clients=300, modules=200, needed=5)


@pytest.fixture(scope="module")
def asks() -> list[Ask]:
    return [ask for ask in SMALL.asks() if ask.file.request.target.immutable]


@pytest.mark.parametrize("arrangement", [PEERS, STORE, TREE])
def test_each_file_is_fetched_once_where_replicas_share(asks: list[Ask], arrangement: str) -> None:
    figures = simulate(arrangement, 30, PLENTY, asks)
    assert figures.upstream_requests == len({ask.file for ask in asks})
    assert figures.release_upstream == 1
    assert figures.requests == len(asks)


def test_islands_fetch_each_file_for_themselves(asks: list[Ask]) -> None:
    figures = simulate(ISLANDS, 3, PLENTY, asks)
    assert figures.upstream_requests > 1.5 * len({ask.file for ask in asks})
    assert figures.between_bytes == 0
    assert figures.release_upstream == 3


def test_full_disks_make_upstream_be_asked_again_unless_there_is_a_bucket(asks: list[Ask]) -> None:
    little = SMALL.total_bytes // 30
    files = len({ask.file for ask in asks})
    assert simulate(PEERS, 3, little, asks).upstream_requests > files
    assert simulate(STORE, 3, little, asks).upstream_requests == files


def test_a_tree_takes_load_off_the_busiest_replica(asks: list[Ask]) -> None:
    assert simulate(TREE, 100, PLENTY, asks).release_bytes < simulate(PEERS, 100, PLENTY, asks).release_bytes / 5


def test_a_replica_that_joins_fetches_nothing_that_the_fleet_holds() -> None:
    more, files = joined(3, PLENTY, SMALL)
    assert (more, files > 1000) == (0, True)


def test_a_list_is_fetched_anew_when_it_is_old() -> None:
    listed = next(ask.file for ask in SMALL.asks() if not ask.file.request.target.immutable)
    upstream = Upstream()
    fleet = Fleet(["a-0", "a-1"], PLENTY, upstream, peers=True)
    for at in (0.0, 1.0, 2.0, 59.0):
        fleet.ask(at, listed, f"a-{int(at) % 2}")
    assert upstream.requests == 1
    fleet.ask(500.0, listed, "a-0")
    assert upstream.requests == 2


def test_a_copy_goes_before_what_a_replica_owns() -> None:
    replica = Replica("a-0", 100)
    own, copy, newer = large_file(30), large_file(40), large_file(20)
    replica.keep(own, 0.0, copy=False)
    replica.keep(copy, 0.0, copy=True)
    assert replica.age(1.0, own) == 1.0
    assert replica.age(1.0, copy) == 1.0, "the copy was used last"
    replica.keep(newer, 1.0, copy=False)
    assert [replica.age(2.0, file) for file in (own, copy, newer)] == [2.0, None, 1.0]
    assert replica.used == 50
