"""How a long command shows how far it is: a bar on a terminal, a line now and then elsewhere."""

import importlib.util
import sys
import time
from types import TracebackType
from typing import Protocol, Self

_EVERY_SECONDS = 10.0


class Progress(Protocol):
    """Shows one piece of work, from the start of the context to its end."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End. What was told stays readable."""

    def total(self, amount: float | None) -> None:
        """Set how much there is to do; None while that is not known."""

    def at(self, amount: float, words: str = "") -> None:
        """Show how much is done, and what is being done."""

    def tell(self, line: str) -> None:
        """Write a line that stays."""


class PlainProgress:
    """Writes lines on standard error."""

    def __init__(self, title: str, *, in_bytes: bool) -> None:
        self._title = title
        self._in_bytes = in_bytes
        self._total: float | None = None
        self._told = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None

    def total(self, amount: float | None) -> None:
        """Set how much there is to do."""
        self._total = amount

    def at(self, amount: float, words: str = "") -> None:
        """Write a line, unless one was written a moment ago."""
        now = time.monotonic()
        if now - self._told >= _EVERY_SECONDS:
            self._told = now
            of = f" of {self._shown(self._total)}" if self._total is not None else ""
            self.tell(f"{self._title}: {self._shown(amount)}{of} {words}".rstrip())

    def tell(self, line: str) -> None:
        """Write the line."""
        print(line, file=sys.stderr, flush=True)

    def _shown(self, amount: float) -> str:
        return f"{amount / (1 << 20):.1f} MiB" if self._in_bytes else f"{amount:.0f}"


def progress(title: str, *, in_bytes: bool, quiet: bool = False) -> Progress:
    """Return what shows the work: a bar where standard error is a terminal, and nobody has asked for quiet.

    A bar needs rich, which not every installation has.
    """
    if sys.stderr.isatty() and not quiet and importlib.util.find_spec("rich") is not None:
        from goproxy_operator.client.bar import BarProgress  # noqa: PLC0415 - rich is for terminals

        return BarProgress(title, in_bytes=in_bytes)
    return PlainProgress(title, in_bytes=in_bytes)
