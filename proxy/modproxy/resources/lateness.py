"""How late the event loop is: samples of a minute. What blocks the loop makes every client wait."""

import asyncio
from collections import deque

_EVERY = 0.2
"""Seconds between two samples. Each costs some microseconds; what blocks the loop for longer is always seen."""
_SAMPLES = 300
"""Those of a minute."""


class LoopLateness:
    """Samples by how much a timer fires too late. Times are in seconds."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=_SAMPLES)

    async def run(self) -> None:
        """Sample until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _EVERY
            await asyncio.sleep(_EVERY)
            self._samples.append(max(0.0, loop.time() - due))

    @property
    def longest(self) -> float:
        """The longest lateness of the last minute."""
        return max(self._samples, default=0.0)

    @property
    def p99(self) -> float:
        """What 99 of 100 samples of the last minute do not exceed."""
        ordered = sorted(self._samples)
        return ordered[(len(ordered) * 99 - 1) // 100] if ordered else 0.0
