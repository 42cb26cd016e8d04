"""One failure: how it is made, and what the object has to say of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.failures.scene import Scene

SECONDS = 30.0  # from when the failure is there until the object says so


@dataclass(frozen=True)
class Failure:
    """What goes wrong, and which condition says it.

    `says` and `does` are regular expressions of the condition's message: the cause, and what to do.
    """

    name: str
    symptom: str
    condition: str
    """Several are separated by |: each of them is right."""
    reason: str
    """Several are separated by |."""
    says: str
    does: str
    remedy: str
    """For docs/troubleshooting.md."""
    make: Callable[[Scene], None]
    asks: bool = False
    """A client asks for a module meanwhile."""
    seconds: float = SECONDS

    def told(self, described: str) -> bool:
        """Say whether `kubectl describe` names cause and remedy in the condition."""
        found = self.message(described)
        return found is not None and bool(re.search(self.says, found)) and bool(re.search(self.does, found))

    def message(self, described: str) -> str | None:
        """Return the message of the condition with the reason, out of what `kubectl describe` prints."""
        block = (
            rf"Message: +(?P<message>.*)\n +Observed Generation: .*\n +Reason: +(?:{self.reason})\n"
            rf" +Status: +\w+\n +Type: +(?:{self.condition})\n"
        )
        found = re.search(block, described)
        return found["message"] if found else None
