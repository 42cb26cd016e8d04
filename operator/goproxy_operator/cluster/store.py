"""What is known of one kind of object: the newest of each, less what nobody reads."""

from collections.abc import Callable, Collection

from goproxy_operator.cluster.packed import Packed, pack, unpack
from goproxy_operator.cluster.resources import Key, Object, key_of, version_of
from goproxy_operator.cluster.trim import without_managed_fields

OnChange = Callable[[Key, Object | None, Object | None], None]
"""Told the key, the object before (None: new) and the object now (None: gone)."""
Trim = Callable[[Object], Object]
Group = Callable[[Object], Key | None]
"""Says together with which others an object is looked up; None: by its own key only."""


_REMEMBERED = 1000  # ends; an answer to a write of ours is late by milliseconds, not by a thousand deletions


def _no_group(_: Object) -> Key | None:
    return None


class Store:
    """The objects by key. An older state never replaces a newer one, whichever way it arrives late."""

    def __init__(self, on_change: OnChange, trim: Trim = without_managed_fields, group: Group = _no_group) -> None:
        self._objects: dict[Key, tuple[int, Packed]] = {}
        self._group = group
        self._groups: dict[Key, set[Key]] = {}
        self._on_change = on_change
        self._trim = trim
        self._newest = 0
        self._gone: dict[Key, int] = {}

    def get(self, key: Key) -> Object | None:
        """Return the object; None where none is known."""
        held = self._objects.get(key)
        return None if held is None else unpack(held[1])

    def keys(self) -> Collection[Key]:
        """Return the keys of all objects."""
        return self._objects.keys()

    def of_group(self, group: Key) -> list[Object]:
        """Return the objects of a group, in no order."""
        return [unpack(self._objects[key][1]) for key in self._groups.get(group, ())]

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
            del self._objects[key]
            self._regroup(key, old, None)
            self._on_change(key, old, None)

    def keep_only(self, namespace: str | None, keys: Collection[Key], version: int | None = None) -> None:
        """Forget all that a full list of the namespace (None: of all) did not have.

        `version` is that of the list: what a watch has told since is newer, and stays.
        """
        for key, (held, _) in list(self._objects.items()):
            if key not in keys and namespace in (None, key[0]) and (version is None or held <= version):
                self.drop(key)

    def _take(self, item: Object) -> None:
        key, version = key_of(item), version_of(item)
        held = self._objects.get(key)
        if held is not None and version <= held[0]:
            return
        old = None if held is None else unpack(held[1])
        new = self._trim(item)
        self._objects[key] = (version, pack(new))
        self._regroup(key, old, new)
        self._on_change(key, old, new)

    def _regroup(self, key: Key, old: Object | None, new: Object | None) -> None:
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
