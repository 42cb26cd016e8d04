"""How one pass over one object went. Pure."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class PassOutcome:
    """Says when the next pass is due: in `again` seconds, and with back-off where the object is `stuck`."""

    again: float | None = None
    stuck: bool = False

    def sooner(self, *times: float | None) -> "PassOutcome":
        """Return an outcome that asks for the next pass at the first of these times, if that is sooner."""
        known = [seconds for seconds in (self.again, *times) if seconds is not None]
        return replace(self, again=min(known, default=None))
