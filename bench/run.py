"""What a measurement is given, and the line that says how far it is."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from bench.servers.peer import Peer

_SELDOM = 15.0
"""Seconds between two lines where the output is no terminal."""


@dataclass
class Progress:
    """Says on one line what is under way: on a terminal always, and elsewhere now and then."""

    out: TextIO = field(default_factory=lambda: sys.stderr)
    _last: float = 0.0

    def say(self, text: str) -> None:
        """Replace the line."""
        if self.out.isatty():
            self.out.write(f"\r\x1b[K  {text}")
        elif time.monotonic() - self._last >= _SELDOM:
            self._last = time.monotonic()
            self.out.write(f"bench:   {text}\n")
        self.out.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self.out.isatty():
            self.out.write("\r\x1b[K")
            self.out.flush()


@dataclass(frozen=True)
class Run:
    """Holds what all measurements of a run share.

    `scratch` is an empty folder of this measurement alone. `quick` makes rounds shorter and rests, too: the figures
    are coarser then, and their notes say so.
    """

    scratch: Path
    peers: tuple[Peer, ...] = ()
    rounds: int = 5
    quick: bool = False
    progress: Progress = field(default_factory=Progress)

    def each_round(self, what: str, warm_ups: int = 1) -> Iterator[int]:
        """Count the rounds from 1, after warm-ups that count 0, -1, ... and are for no figure."""
        for number in range(1 - warm_ups, self.rounds + 1):
            self.say(f"{what}: {f'round {number} of {self.rounds}' if number > 0 else 'warming up'}")
            yield number

    def say(self, text: str) -> None:
        """Say what is under way."""
        self.progress.say(text)
