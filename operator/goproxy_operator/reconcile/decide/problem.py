"""Why an object is not carried out as it is written. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What stands in the way: a condition's reason, in CamelCase, and its message, which says what to do."""

    reason: str
    message: str
