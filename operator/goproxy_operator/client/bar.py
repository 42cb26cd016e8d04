"""The progress bar on a terminal. It is drawn by rich."""

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text


class BarProgress:
    """Keeps a bar at the bottom of the terminal, with a rate and the time that is left."""

    def __init__(self, title: str, *, in_bytes: bool) -> None:
        console = Console(stderr=True, highlight=False)
        amounts: list[ProgressColumn] = (
            [DownloadColumn(binary_units=True), TransferSpeedColumn()] if in_bytes else [MofNCompleteColumn()]
        )
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            *amounts,
            TimeRemainingColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            console=console,
        )
        self._task = self._bar.add_task(title, total=None, words="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._bar.stop()

    def total(self, amount: float | None) -> None:
        """Set how much there is to do."""
        self._bar.update(self._task, total=amount)

    def at(self, amount: float, words: str = "") -> None:
        """Draw how much is done."""
        self._bar.update(self._task, completed=amount, words=words)

    def tell(self, line: str) -> None:
        """Write the line above the bar."""
        self._bar.console.print(Text(line), soft_wrap=True)
