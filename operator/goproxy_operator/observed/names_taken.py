"""Whether names of children are taken by others, asked for many new fleets of a namespace at once. Thin.

The mirror knows what carries the fleet label. Before a child is made, the API server is asked whether an object of its
name exists that does not. For a fleet alone that is a `get` a child; where several fleets of a namespace wait for
their first look, as after a migration, one list of names a kind answers for all of them.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.resources import Key, Resource

_WORTH = 2
"""So many fleets have to wait for the answer."""
_MOST_NAMES = 250
"""A namespace with more objects of a kind is asked object by object: its list would be longer than the answers."""
_KEPT = 10.0
"""Seconds for which a list answers. A fleet that is refused waits for hours, and names are taken meanwhile."""

_At = tuple[str, Resource]


@dataclass(frozen=True, slots=True)
class _Names:
    begun: float
    names: frozenset[str] | None
    """None where there are more than `_MOST_NAMES`."""


@dataclass(slots=True)
class NamesTaken:
    """Knows which fleets wait for their first look, and the names that lists have told. Times are those of `clock`."""

    client: ApiClient
    clock: Callable[[], float]
    _waiting: dict[Key, float] = field(default_factory=dict)
    _by_namespace: Counter[str] = field(default_factory=Counter)
    _lists: OrderedDict[_At, _Names] = field(default_factory=OrderedDict)

    def appeared(self, fleet: Key) -> None:
        """Note a fleet that was not known before."""
        if fleet not in self._waiting:
            self._waiting[fleet] = self.clock()
            self._by_namespace[fleet.namespace] += 1

    def forget(self, fleet: Key) -> None:
        """Note that a fleet waits no more: it was looked at, or is gone."""
        if self._waiting.pop(fleet, None) is not None:
            self._by_namespace[fleet.namespace] -= 1
            if not self._by_namespace[fleet.namespace]:
                del self._by_namespace[fleet.namespace]

    async def may_exist(self, fleet: Key, resource: Resource, name: str) -> bool:
        """Say whether an object of that name may exist. Raises what `ApiClient` raises.

        False is said only by a list that was begun lately, and after the fleet had appeared, so that whatever was made
        before the fleet is seen.
        """
        since = self._waiting.get(fleet)
        if since is None:
            return True
        known = self._lists.get((fleet.namespace, resource))
        if known is None or known.begun < max(since, self.clock() - _KEPT):
            if self._by_namespace[fleet.namespace] < _WORTH:
                return True
            known = await self._list(fleet.namespace, resource)
        return known.names is None or name in known.names

    async def _list(self, namespace: str, resource: Resource) -> _Names:
        begun = self.clock()
        page = await self.client.list_names(resource, namespace, _MOST_NAMES)
        found = _Names(begun, None if page is None else frozenset(page))
        self._lists[namespace, resource] = found
        self._lists.move_to_end((namespace, resource))
        while self._lists and next(iter(self._lists.values())).begun < begun - _KEPT:
            self._lists.popitem(last=False)
        return found
