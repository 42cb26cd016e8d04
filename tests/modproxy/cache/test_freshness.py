"""How a request is answered, by whether a stored answer exists and how old it is."""

import pytest

from modproxy.cache.freshness import Course, course, is_fresh
from modproxy.contract.config import CacheConfig
from tests.modproxy.making import request, target

CONFIG = CacheConfig(list_ttl=60, stale_if_error=3600)
LIST, LATEST, QUERY = "example.com/m/@v/list", "example.com/m/@latest", "example.com/m/@v/main.info"
INFO, MOD, ZIP = (f"example.com/m/@v/v1.0.0.{kind}" for kind in ("info", "mod", "zip"))
TILE, HEAD = "sumdb/sum.example.com/tile/8/0/001", "sumdb/sum.example.com/latest"


@pytest.mark.parametrize("path", [INFO, MOD, ZIP, TILE])
def test_what_cannot_change_is_fresh_for_ever(path: str) -> None:
    assert is_fresh(target(path), 1e9, CONFIG)
    assert course(request(path), 1e9, CONFIG) is Course.GIVE


@pytest.mark.parametrize("path", [LIST, LATEST, QUERY, HEAD])
@pytest.mark.parametrize(
    ("age", "cached_only", "expected"),
    [
        (0.0, False, Course.GIVE),
        (60.0, False, Course.GIVE),
        (60.1, False, Course.GIVE_OLD_AND_REFRESH),
        (120.0, False, Course.GIVE_OLD_AND_REFRESH),
        (120.1, False, Course.FETCH_OR_GIVE_OLD),
        (3660.0, False, Course.FETCH_OR_GIVE_OLD),
        (3660.1, False, Course.FETCH),
        (None, False, Course.FETCH),
        (60.0, True, Course.GIVE),
        (60.1, True, Course.GIVE_OLD),
        (1e9, True, Course.GIVE_OLD),
        (None, True, Course.SAY_ABSENT),
    ],
)
def test_what_may_change(path: str, age: float | None, cached_only: bool, expected: Course) -> None:
    assert course(request(path, cached_only=cached_only), age, CONFIG) is expected


@pytest.mark.parametrize(
    ("ttl", "revalidate", "if_error", "age", "expected"),
    [
        (10.0, 0.0, 100.0, 10.1, Course.FETCH_OR_GIVE_OLD),
        (10.0, 50.0, 100.0, 60.0, Course.GIVE_OLD_AND_REFRESH),
        (10.0, 50.0, 0.0, 60.0, Course.GIVE_OLD_AND_REFRESH),
        (10.0, 50.0, 0.0, 60.1, Course.FETCH),
        (0.0, None, 100.0, 0.1, Course.FETCH_OR_GIVE_OLD),
        (0.0, None, 0.0, 0.1, Course.FETCH),
    ],
)
def test_how_long_an_old_answer_is_good(
    ttl: float, revalidate: float | None, if_error: float, age: float, expected: Course
) -> None:
    config = CacheConfig(list_ttl=ttl, stale_while_revalidate=revalidate, stale_if_error=if_error)
    assert course(request(LIST), age, config) is expected


@pytest.mark.parametrize(("cached_only", "expected"), [(False, Course.FETCH), (True, Course.SAY_ABSENT)])
def test_what_is_not_held(cached_only: bool, expected: Course) -> None:
    assert course(request(ZIP, cached_only=cached_only), None, CONFIG) is expected
