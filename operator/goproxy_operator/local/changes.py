"""What happened between two states of a fleet, in lines for people. Pure."""

from collections.abc import Iterator

from goproxy_operator.local.state import Death, FleetState, Phase, ReplicaState
from goproxy_operator.local.troubles import troubles


def changes(before: FleetState, after: FleetState) -> list[str]:
    """Return one line for every event that turned `before` into `after`, in the order of the replicas."""
    old = {replica.name: replica for replica in before.replicas}
    lines: list[str] = []
    if after.problem != before.problem:
        lines.append(after.problem or f"{after.name}: the file is in order again")
    if any(
        replica.name in old and replica.written_config != old[replica.name].written_config for replica in after.replicas
    ):
        lines.append(f"{after.name}: a new config is written")
    for replica in after.replicas:
        lines.extend(f"{replica.name}: {event}" for event in _events(old.pop(replica.name, None), replica))
    lines.extend(f"{name}: leaves the fleet" for name in old)
    if _all_in_force(after) and not _all_in_force(before):
        lines.append(f"{after.name}: config in force on {after.in_force} of {len(after.replicas)} replicas")
    return lines


def _all_in_force(state: FleetState) -> bool:
    return bool(state.replicas) and state.in_force == len(state.replicas)


def _events(before: ReplicaState | None, after: ReplicaState) -> Iterator[str]:
    was = before.phase if before else None
    if after.death is not None and (before is None or after.death is not before.death):
        yield _death(after, after.death)
    if after.pid is not None and (before is None or after.pid != before.pid):
        again = " again" if after.restarts else ""
        yield f"started{again}, pid {after.pid}, metrics on http://127.0.0.1:{after.admin_port}/metrics"
    if after.phase in (Phase.STOPPING, Phase.STOPPED) and after.phase is not was:
        yield str(after.phase)
    if after.ready and not (before and before.ready):
        yield "ready"
    if before and before.ready and not after.ready and after.phase is Phase.RUNNING:
        yield "not ready"
    error = after.report.config.error if after.report else None
    if error and not (before and before.report and before.report.config.error == error):
        yield f"keeps the config it had: {error}"
    pressed = after.report and after.report.storage.disk_pressure
    was_pressed = before and before.report and before.report.storage.disk_pressure
    if pressed and not was_pressed:
        yield f"disk pressure: {pressed}"
    if was_pressed and after.report and not pressed:
        yield "no more disk pressure"
    if after.report is not None:
        had = troubles(before.report) if before and before.report else []
        has = troubles(after.report)
        yield from (trouble for trouble in has if trouble not in had)
        yield from (f"this is over: {trouble}" for trouble in had if trouble not in has)


def _death(replica: ReplicaState, death: Death) -> str:
    told = f": {death.last_line}" if death.last_line else ""
    if replica.phase is Phase.REFUSED:
        return f"does not take its config ({death.cause}){told}; starts again when the file changes"
    return f"died ({death.cause}){told}; starts again in {replica.restart_seconds:g} s"
