"""What is known of one kind of object: the newest state of each, less what nobody reads."""

from collections.abc import Callable, Collection
from typing import Generic, Protocol, TypeVar

from goproxy_operator.isolation import isolated
from goproxy_operator.kube.resources import Key, Object, key_of, version_of
from goproxy_operator.observed.packed import Form, Packed

V = TypeVar("V")
OnChange = Callable[[Key, V | None, V | None], None]
"""Told the key, the state before (None: new) and the state now (None: gone)."""
Group = Callable[[V], Key | None]
"""Says in which group an object is looked up; None: it is looked up by its own key only."""

_REMEMBERED = 1000
"""So many ends of objects: an answer to a write of ours is late by milliseconds, and not by a thousand deletions."""


class NotKnownYetError(Exception):
    """Nothing is known yet of an object that a fleet depends on, so that nothing can be decided about the fleet now."""


def ungrouped(_: object) -> Key | None:
    """Group nothing."""
    return None


class Sink(Protocol):
    """Takes what a list or a watch tells, in whatever form it keeps that."""

    def put(self, item: Object) -> None:
        """Take a state from a list or a watch."""

    def drop(self, key: Key, version: int = 0) -> None:
        """Forget an object that is gone."""

    def keep_only(self, namespace: str | None, keys: Collection[Key], version: int | None = None) -> None:
        """Forget all that a full list did not have."""


class KnownObjects(Generic[V]):
    """Keeps objects by key, in a form that says what of them is kept.

    An older state never replaces a newer one, whichever way it arrives late.
    """

    def __init__(self, on_change: OnChange[V], form: Form[V], group: Group[V] = ungrouped) -> None:
        self._on_change = on_change
        self._form = form
        self._group = group
        self._held: dict[Key, tuple[int, Packed]] = {}
        self._groups: dict[Key, set[Key]] = {}
        self._newest = 0
        self._gone: dict[Key, int] = {}

    def get(self, key: Key) -> V | None:
        """Return what is known of the object; None where nothing is."""
        held = self._held.get(key)
        return None if held is None else self._form.unpack(held[1])

    def keys(self) -> Collection[Key]:
        """Return the keys of all objects."""
        return self._held.keys()

    def of_group(self, group: Key) -> list[V]:
        """Return the objects of a group, in no order."""
        return [self._form.unpack(self._held[key][1]) for key in self._groups.get(group, ())]

    def put(self, item: Object) -> None:
        """Take a state from a list or a watch."""
        self._newest = max(self._newest, version_of(item))
        self._take(item)

    def put_answer(self, item: Object) -> None:
        """Take a state that answers a write of ours, unless the watch has told since that the object is gone."""
        if version_of(item) > self._gone.get(key_of(item), 0):
            self._take(item)

    def drop(self, key: Key, version: int = 0) -> None:
        """Forget an object that is gone; `version` is that of its end, if the watch has told it."""
        self._newest = max(self._newest, version)
        self._gone.pop(key, None)
        self._gone[key] = version or self._newest
        if len(self._gone) > _REMEMBERED:
            del self._gone[next(iter(self._gone))]
        old = self.get(key)
        if old is not None:
            del self._held[key]
            self._regroup(key, old, None)
            self._on_change(key, old, None)

    def keep_only(self, namespace: str | None, keys: Collection[Key], version: int | None = None) -> None:
        """Forget all that a full list of the namespace (None: of all) did not have.

        `version` is that of the list: what a watch has told since is newer, and stays.
        """
        for key, (held, _) in list(self._held.items()):
            if key not in keys and namespace in (None, key.namespace) and (version is None or held <= version):
                with isolated("/".join(key)):
                    self.drop(key)

    def _take(self, item: Object) -> None:
        key, version = key_of(item), version_of(item)
        held = self._held.get(key)
        if held is not None and version <= held[0]:
            return
        old = None if held is None else self._form.unpack(held[1])
        new = self._form.view(item)
        self._held[key] = (version, self._form.pack(new))
        self._regroup(key, old, new)
        self._on_change(key, old, new)

    def _regroup(self, key: Key, old: V | None, new: V | None) -> None:
        before, after = (None if item is None else self._group(item) for item in (old, new))
        if before == after:
            return
        if before is not None:
            members = self._groups[before]
            members.discard(key)
            if not members:
                del self._groups[before]
        if after is not None:
            self._groups.setdefault(after, set()).add(key)
