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


def moment_of(text: object) -> datetime | None:
    """Read a metav1.Time or MicroTime of an object that others wrote; None for what is neither."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def format_micro_time(moment: datetime) -> str:
    """Write a metav1.MicroTime."""
    return moment.astimezone(UTC).strftime(_MICRO_TIME)
