"""The words of a refusal of a version: what, by which rule, what to do instead, whom to ask. Pure."""

from dataclasses import dataclass

from modproxy.quoting import escape_controls

MOST_LINES = 8
"""The go command prints no more of a refusal."""
_LONGEST_LINE = 400
"""Characters: a line that a terminal still shows in whole."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Says who keeps the fleet, and whom a developer asks."""

    fleet: str | None = None
    contact: str | None = None

    def refusal(self, what: str, reason: str, rule: str, instead: str | None) -> str:
        """Write the refusal of a version. `instead` is a sentence that says what to do; None where nobody knows."""
        keeper = f"GoProxy {self.fleet}" if self.fleet else "this module proxy"
        whom = self.contact or f"the owners of {keeper}"
        lines = [f"forbidden: {what} may not be served by {keeper}", f"reason: {reason}", f"rule: {rule}"]
        if instead:
            lines.append(f"instead: {instead}")
        lines.append(f"If you need this version, ask {whom} to allow it.")
        return "".join(f"{_line(line)}\n" for line in lines[:MOST_LINES])


def _line(text: str) -> str:
    shown = escape_controls(text)
    return shown if len(shown) <= _LONGEST_LINE else f"{shown[: _LONGEST_LINE - 3]}..."
