"""Moments as the API server writes them: metav1.Time in whole seconds, metav1.MicroTime with six digits more. Pure."""

from datetime import UTC, datetime

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_MICRO_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


def format_time(moment: datetime) -> str:
    """Write a metav1.Time."""
    return moment.astimezone(UTC).strftime(_TIME)


def parse_time(text: str) -> datetime:
    """Read a metav1.Time. Raises `ValueError`."""
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def format_micro_time(moment: datetime) -> str:
    """Write a metav1.MicroTime."""
    return moment.astimezone(UTC).strftime(_MICRO_TIME)
