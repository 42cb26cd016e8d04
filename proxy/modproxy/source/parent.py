"""The parent: another fleet that is asked before the upstreams."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from http import HTTPStatus

from modproxy.request import Request
from modproxy.source.protocol import Denied, Fetched, NoAnswer, Source, SourceError

PASSED_BY_SECONDS = 10.0
"""How long the parent is passed by after it gave no answer: its time-out is paid once in that time, and not by each
request.
"""


class ParentState:
    """Knows whether the parent gave an answer lately, for all sources that ask it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._passed_by_until = 0.0
        self._answered = float("-inf")
        """When the parent has last answered."""

    @property
    def passed_by(self) -> bool:
        """Whether the parent is not asked at the moment."""
        return self._clock() < self._passed_by_until

    def now(self) -> float:
        """Return the time, for `pass_by`."""
        return self._clock()

    def answered(self) -> None:
        """Note that the parent gave an answer, whatever it says."""
        self._answered = self._clock()

    def pass_by(self, asked: float) -> None:
        """Note that the parent gave no answer to what it was asked at a time.

        Where it has answered others since then, only this one answer takes long: its policies hold for all others.
        """
        if self._answered < asked:
            self._passed_by_until = self._clock() + PASSED_BY_SECONDS


class ParentFirst:
    """Asks the parent, and the upstreams for what the parent does not give.

    A refusal of the parent holds, because the policies of both fleets hold. All else leads to the upstreams: an
    absence, because the upstreams of the fleet may be others than the parent's, and a failure.
    """

    def __init__(self, parent: Source, upstreams: Source, state: ParentState) -> None:
        self._parent = parent
        self._upstreams = upstreams
        self._state = state

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the answer of the parent or of the upstreams. Raises `SourceError`."""
        async with AsyncExitStack() as stack:
            yield await self._first(stack, request)

    async def _first(self, stack: AsyncExitStack, request: Request) -> Fetched:
        passed_by_a_loop = False
        if not self._state.passed_by:
            asked = self._state.now()
            try:
                fetched = await stack.enter_async_context(self._parent.fetch(request))
                self._state.answered()
                return fetched
            except Denied:
                self._state.answered()
                raise
            except NoAnswer:
                self._state.pass_by(asked)
            except SourceError as error:
                self._state.answered()
                # The client may have written the Via header in which the parent has seen a loop.
                passed_by_a_loop = bool(request.via) and error.status == HTTPStatus.LOOP_DETECTED
        fetched = await stack.enter_async_context(self._upstreams.fetch(request))
        return replace(fetched, keep=False) if passed_by_a_loop else fetched
