"""What is known of objects: the newest, whichever way it comes; and what is kept of each."""

from __future__ import annotations

from typing import Any

from goproxy_operator.kube.resources import Key, version_of
from goproxy_operator.observed.known_objects import KnownObjects
from goproxy_operator.observed.packed import WHOLE

Object = dict[str, Any]


A = Key("build", "a")


def item(version: int, name: str = "a", namespace: str = "build") -> Object:
    return {"metadata": {"namespace": namespace, "name": name, "resourceVersion": str(version)}}


class Changes(list[tuple[Key, int | None, int | None]]):
    def __call__(self, key: Key, old: Object | None, new: Object | None) -> None:
        self.append((key, version_of(old) if old else None, version_of(new) if new else None))


def test_an_older_state_never_replaces_a_newer_one() -> None:
    changes = Changes()
    store = KnownObjects(changes, WHOLE)
    for version in (5, 3, 5, 7):
        store.put(item(version))
    assert changes == [(A, None, 5), (A, 5, 7)]


def test_the_answer_to_a_write_is_taken_before_the_watch_has_it() -> None:
    changes = Changes()
    store = KnownObjects(changes, WHOLE)
    store.put(item(5))
    store.put(item(9, "other"))
    store.put_answer(item(8))
    store.put(item(8))
    assert [change for change in changes if change[0] == A] == [(A, None, 5), (A, 5, 8)]


def test_an_answer_that_is_late_does_not_bring_back_what_is_gone() -> None:
    store = KnownObjects(lambda *_: None, WHOLE)
    store.put(item(5))
    store.drop(A, 8)
    store.put_answer(item(7))
    assert store.get(A) is None
    store.put_answer(item(9))
    assert store.get(A) is not None


def test_a_full_list_sweeps_its_own_namespace_only() -> None:
    changes = Changes()
    store = KnownObjects(changes, WHOLE)
    for name, namespace in (("a", "build"), ("b", "build"), ("c", "test")):
        store.put(item(5, name, namespace))
    store.keep_only("build", {A})
    assert set(store.keys()) == {A, Key("test", "c")}
    assert changes[-1] == (Key("build", "b"), 5, None)
    store.keep_only(None, set())
    assert not store.keys()


def test_what_a_watch_told_after_the_list_was_made_stays() -> None:
    store = KnownObjects(lambda *_: None, WHOLE)
    store.put(item(5))
    store.put(item(9, "b", "build"))
    store.keep_only(None, set(), 7)
    assert set(store.keys()) == {Key("build", "b")}
