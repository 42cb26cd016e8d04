"""Whether Go's encoding/json reads a text as a time. Pure.

Source of the rules: `parseStrictRFC3339` of Go's time package, which falls back to `Parse(RFC3339, text)`. That takes
an hour of one digit, a comma before the fraction, and an offset with 60 minutes.
"""

import re
from calendar import monthrange

_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,][0-9]+)?"
    r"(?:Z|[+-]([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_LEAP_YEAR = 2000
"""Python knows no year 0. Go does, and takes it for a leap year."""


def is_go_time(text: str) -> bool:
    """Say whether Go reads the text as a time."""
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    year, month, day, hour, minute, second, hours, minutes = (int(group or 0) for group in found.groups())
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(year or _LEAP_YEAR, month)[1]:
        return False
    # Go reads an offset of a day, and cannot write it again into its module cache.
    return hour <= 23 and minute <= 59 and second <= 59 and minutes <= 60 and hours * 60 + minutes < 24 * 60
