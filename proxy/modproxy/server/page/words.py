"""Sizes, times and spans as people read them. Pure."""

import time

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_SPANS = ((86400 * 365.25, "year"), (86400 * 30.44, "month"), (86400, "day"), (3600, "hour"), (60, "minute"))


def size(count: int) -> str:
    """Write a number of bytes in decimal units."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{count} bytes" if unit == 0 else f"{value:.3g} {_UNITS[unit]}"


def ago(at: float, now: float) -> str:
    """Say how long ago something was."""
    seconds = max(now - at, 0.0)
    for length, name in _SPANS:
        if seconds >= length:
            number = int(seconds / length)
            return f"{number} {name}{'s' if number != 1 else ''} ago"
    return "just now"


def stamp(at: float) -> str:
    """Write a time for people, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at)) if 0 <= at < 2**37 else "another time"


def day(text: str | None) -> str:
    """Return the day of a time as in RFC 3339."""
    return (text or "")[:10]
