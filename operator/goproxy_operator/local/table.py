"""A fleet's state as text: the cells of a table, and one line for the whole fleet. Pure."""

from collections.abc import Iterator

from goproxy_operator.figures import FleetFigures, fleet_figures, hit_rate_percent
from goproxy_operator.local.state import FleetState, Phase, ReplicaState
from goproxy_operator.local.troubles import troubles
from goproxy_operator.quantity import format_bytes

HEADERS = ("replica", "state", "ready", "req/s", "hit %", "used / capacity", "objects", "restarts", "config")
UNKNOWN = "-"


def rows(state: FleetState) -> list[tuple[str, ...]]:
    """Return the cells of every replica, in the order of `HEADERS`."""
    return [_row(replica) for replica in state.replicas]


def notes(state: FleetState) -> list[str]:
    """Return what is too long for a cell: last lines of processes that died, refused configs, a fault of the file."""
    lines = [f"{replica.name}: {note}" for replica in state.replicas for note in _notes(replica)]
    return [*lines, state.problem] if state.problem else lines


def totals(state: FleetState) -> str:
    """Return the fleet in one line, in the figures that the object's status has in a cluster."""
    count = len(state.replicas)
    parts = [f"{state.ready} of {count} ready", *_figures(fleet_figures(state.reports))]
    if state.reports:
        parts.append(f"{sum(report.storage.objects for report in state.reports)} objects")
    parts.append(f"config in force on {state.in_force} of {count}")
    return f"{state.name}: {', '.join(parts)}"


def _figures(figures: FleetFigures) -> list[str]:
    parts = []
    if figures.requests_per_second is not None:
        parts.append(f"{_rate(figures.requests_per_second)} requests/s")
    if figures.hit_rate_percent is not None:
        parts.append(f"{figures.hit_rate_percent}% hits")
    if figures.storage is not None:
        storage = figures.storage
        used, capacity = format_bytes(storage.used_bytes), format_bytes(storage.capacity_bytes)
        parts.append(f"fullest cache {used} of {capacity} ({storage.percent}%)")
    return parts


def _row(replica: ReplicaState) -> tuple[str, ...]:
    report = replica.report
    figures = (UNKNOWN,) * 4
    if report is not None:
        rate = hit_rate_percent([report.window])
        storage = report.storage
        figures = (
            _rate(report.window.requests_per_second),
            UNKNOWN if rate is None else str(rate),
            f"{format_bytes(storage.used_bytes)} / {format_bytes(storage.capacity_bytes)}",
            f"{storage.objects}" if storage.scanned else f"{storage.objects}+",
        )
    return (
        replica.name,
        _state(replica),
        "yes" if replica.ready else "no",
        *figures,
        _restarts(replica),
        _config(replica),
    )


def _state(replica: ReplicaState) -> str:
    if replica.phase is Phase.WAITING:
        return f"{replica.phase}, {replica.restart_seconds:g} s"
    return str(replica.phase)


def _restarts(replica: ReplicaState) -> str:
    return f"{replica.restarts} ({replica.death.cause})" if replica.death else str(replica.restarts)


def _config(replica: ReplicaState) -> str:
    if replica.in_force:
        return "in force"
    return "refused" if replica.report is not None and replica.report.config.error else "not yet"


def _notes(replica: ReplicaState) -> Iterator[str]:
    if replica.death is not None and replica.death.last_line:
        yield f"died last with {replica.death.cause}, its last line: {replica.death.last_line}"
    if replica.report is not None and replica.report.config.error:
        yield f"keeps the config it had: {replica.report.config.error}"
    if replica.report is not None and replica.report.storage.disk_pressure:
        yield f"disk pressure: {replica.report.storage.disk_pressure}"
    if replica.report is not None:
        yield from troubles(replica.report)


def _rate(per_second: float) -> str:
    return f"{per_second:.1f}" if 0 < per_second < 10 else f"{per_second:.0f}"
