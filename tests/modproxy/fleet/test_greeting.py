"""What replicas say to each other."""

from modproxy.cache.answer import CacheStatus
from modproxy.fleet.greeting import Outcome


def test_a_replica_can_say_of_every_answer_how_it_came_about() -> None:
    assert {status.value for status in CacheStatus} - {CacheStatus.NONE} <= {outcome.value for outcome in Outcome}
