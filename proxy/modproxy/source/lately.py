"""What is remembered for some seconds, so that a source is not asked again for what it could not give."""

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)

_MOST = 4096
"""Keys that are remembered at once: half a megabyte. The oldest one is forgotten for a new one."""


class Lately(Generic[_Key]):
    """Remembers keys for some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._times: OrderedDict[_Key, float] = OrderedDict()

    def note(self, key: _Key) -> None:
        """Remember a key from this moment on."""
        self._times[key] = time.monotonic()
        self._times.move_to_end(key)
        if len(self._times) > _MOST:
            self._times.popitem(last=False)

    def __contains__(self, key: _Key) -> bool:
        noted = self._times.get(key)
        return noted is not None and time.monotonic() - noted < self._seconds
