"""Why an object is not carried out as it is written."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A condition's reason, in CamelCase, and its message, which says what to do."""

    reason: str
    message: str
