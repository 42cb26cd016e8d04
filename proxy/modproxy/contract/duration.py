"""Durations as Go and Kubernetes write them: `30s`, `1h30m`, `720h`, `250ms`. Pure."""

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)", re.ASCII)


def parse_duration(text: str) -> float:
    """Return the duration in seconds. The syntax is that of Go's `time.ParseDuration`, without a sign.

    Raises `ValueError`; the message says what to write instead.
    """
    if text == "0":
        return 0.0
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration: write for example 30s, 5m or 72h (a day is 24h)")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def format_duration(seconds: float) -> str:
    """Write seconds for `parse_duration`.

    The unit is the largest one that gives a whole number; without any, seconds are written to the nanosecond.
    """
    for unit in ("h", "m", "s", "ms"):
        count = seconds / _UNITS[unit]
        if count == int(count) and (count or unit == "ms"):
            return f"{int(count)}{unit}" if count else "0s"
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"
