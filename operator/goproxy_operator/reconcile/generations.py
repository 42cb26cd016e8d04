"""Which generation of each fleet was carried out last, from what this process did and saw.

A fleet whose newest generation is carried out costs a few words, because its object says the rest. The spec is kept
from the moment at which the object becomes another one, until that one is carried out.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from goproxy_operator.kube.resources import Key, Object
from goproxy_operator.observed.packed import Packed, pack, unpack
from goproxy_operator.reconcile.decide.classes import Admitted, merged, spec_of
from goproxy_operator.reconcile.decide.in_force import GenerationInForce, told_in_force


class _CarriedOut(NamedTuple):
    uid: str
    generation: int
    class_name: str | None
    defaults: Mapping[str, Any]
    """Those of the class as it was, shared by all fleets of it."""

    def is_of(self, item: Object) -> bool:
        return (self.uid, self.generation) == (item["metadata"].get("uid"), item["metadata"].get("generation"))


class Generations:
    """Is told each change of an object, and what was carried out."""

    def __init__(self) -> None:
        self._last: dict[Key, _CarriedOut] = {}
        self._former: dict[Key, Packed] = {}
        """The specs of those of which a newer generation was seen."""

    def changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        """Take a change of an object; None: it was not there, or is gone."""
        last = self._last.get(key)
        if last is None:
            return
        if new is None or new["metadata"].get("uid") != last.uid:
            self._last.pop(key, None)
            self._former.pop(key, None)
        elif old is not None and last.is_of(old) and not last.is_of(new):
            self._keep(key, old, last)

    def carried_out(self, key: Key, item: Object, admitted: Admitted, known: Callable[[Key], Object | None]) -> None:
        """Note that an object as it was read is in force; `known` returns an object as it is now."""
        metadata, chosen = item["metadata"], admitted.fleet_class
        name, defaults = (chosen.name, chosen.defaults) if chosen is not None else (None, {})
        last = _CarriedOut(metadata["uid"], metadata.get("generation", 0), name, defaults)
        if self._last.get(key) != last or key in self._former:
            self._last[key] = last
            self._former.pop(key, None)
            now = known(key)
            if now is None or not last.is_of(now):
                self._keep(key, item, last)

    def in_force(self, key: Key, item: Object) -> GenerationInForce | None:
        """Return what is in force of an object; None where that is nothing, or nobody knows."""
        last, former = self._last.get(key), self._former.get(key)
        if last is not None and last.uid == item["metadata"].get("uid"):
            if former is not None:
                return GenerationInForce(last.generation, unpack(former), last.class_name)
            if last.is_of(item):
                return GenerationInForce(last.generation, merged(spec_of(item), last.defaults), last.class_name)
        return told_in_force(item)

    def _keep(self, key: Key, item: Object, last: _CarriedOut) -> None:
        self._former[key] = pack(merged(spec_of(item), last.defaults))
