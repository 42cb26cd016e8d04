"""How many fetches from version control run at once: in all, and for each host.

A host that does not answer holds its own slots until each fetch runs into its time limit. The other hosts keep theirs,
and private modules (`gonoproxy`) have slots of their own, so that public hosts never make them wait. One replica has
one set of slots, whichever config its fetches belong to.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_AT_ONCE = 16
"""Each fetch is a go command and a git: more of them would want more memory than a small pod has."""
_OF_A_HOST = 6
"""So that two dead hosts leave room for the others, until their fetches have run into the time limit."""
_OF_A_SUSPECT = 1
"""For a host whose last fetch ran into its time limit."""


_MOST_SUSPECTS = 256
"""Suspects that are remembered without a fetch under way, because clients can make up names of hosts."""


_WAITING_FOR_A_HOST, _WAITING_FOR_A_SUSPECT = 64, 8
"""Fetches that wait for one host. More would take the replica's fetches under way from all other hosts."""


class NoSlot(Exception):
    """No slot became free in time, or too many fetches wait for one already."""


class _Host:
    def __init__(self) -> None:
        self.running = 0
        self.waiting = 0
        self.suspect = False

    @property
    def idle(self) -> bool:
        return not self.running and not self.waiting


class Slots:
    """Hands out slots, to few that wait."""

    def __init__(self) -> None:
        self._hosts: dict[tuple[str, bool], _Host] = {}
        self._running = {True: 0, False: 0}
        self._waiters: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def slot(self, host: str, *, private: bool, patience: float) -> AsyncIterator[None]:
        """Hold a slot for a fetch from `host`. Raises `NoSlot` when none becomes free for `patience` seconds.

        A fetch that ends with `TimeoutError` makes its host a suspect until a fetch ends in another way.
        """
        state = self._hosts.setdefault((host, private), _Host())
        if state.waiting >= (_WAITING_FOR_A_SUSPECT if state.suspect else _WAITING_FOR_A_HOST):
            raise NoSlot
        state.waiting += 1
        try:
            async with asyncio.timeout(patience):
                while not self._has_room(state, private):
                    self._waiters.append(waiter := asyncio.get_running_loop().create_future())
                    await waiter
        except TimeoutError:
            raise NoSlot from None
        else:
            state.running += 1
            self._running[private] += 1
        finally:
            state.waiting -= 1
            self._forget_idle()
        try:
            yield
            state.suspect = False
        except TimeoutError:
            state.suspect = True
            raise
        except Exception:
            state.suspect = False
            raise
        finally:
            state.running -= 1
            self._running[private] -= 1
            self._forget_idle()
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    def _has_room(self, state: _Host, private: bool) -> bool:
        most = _OF_A_SUSPECT if state.suspect else _OF_A_HOST
        return state.running < most and self._running[private] < _AT_ONCE

    def _forget_idle(self) -> None:
        """Forget hosts without fetches: those that are no suspects, and the oldest suspects beyond the most."""
        suspects = 0
        for key, state in reversed(list(self._hosts.items())):
            if state.idle:
                suspects += state.suspect
                if not state.suspect or suspects > _MOST_SUSPECTS:
                    del self._hosts[key]
