"""Counts how much each module is used, in bounded memory: the heavy ones exactly or nearly so.

It is an algorithm for heavy hitters such as Space-Saving (Metwally, Agrawal, El Abbadi, 2005): what is used least goes,
and what comes next begins with the count of what went, as it may have been there before. Many go at once, so that a
module that is new costs no search. Only answers with success are counted, so nobody fills it with names of nothing.
"""

import time
from collections.abc import Callable

from modproxy.contract.top import MOST_MODULES, ModuleUse, Top

_MOST = 2 * MOST_MODULES
"""Modules that are counted before the less used half goes."""


class _Use:
    __slots__ = ("bytes", "last_used", "requests", "surplus")

    def __init__(self, floor: int) -> None:
        self.requests = self.surplus = floor
        self.bytes = 0
        self.last_used = 0.0


class ModuleUses:
    """Counts requests and bytes by module. Times are in seconds since the epoch."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._since = time.time()
        self._uses: dict[str, _Use] = {}
        self._floor = 0
        """No module that is not counted had more requests."""
        self.fold: Callable[[], None] = lambda: None
        """Adds what hits have not told yet."""

    def add(self, module: str, sent: int, now: float, requests: int = 1) -> None:
        """Count requests for a module, which were answered with so many bytes together, the last one at `now`."""
        use = self._uses.get(module)
        if use is None:
            if len(self._uses) >= self._most:
                self._drop_half()
            use = self._uses[module] = _Use(self._floor)
        use.requests += requests
        use.bytes += sent
        use.last_used = max(use.last_used, now)

    def _drop_half(self) -> None:
        ordered = sorted(self._uses.items(), key=lambda item: item[1].requests, reverse=True)
        kept = len(ordered) // 2
        self._floor = max(self._floor, ordered[kept][1].requests)
        self._uses = dict(ordered[:kept])

    def top(self, limit: int) -> Top:
        """Return the most used modules, at most `limit` of them."""
        self.fold()
        ordered = sorted(self._uses.items(), key=lambda item: (-item[1].requests, item[0]))
        return Top(
            since=self._since,
            modules=tuple(
                ModuleUse(
                    module=module,
                    requests=use.requests,
                    surplus=use.surplus,
                    bytes=use.bytes,
                    last_used=use.last_used,
                )
                for module, use in ordered[:limit]
            ),
        )
