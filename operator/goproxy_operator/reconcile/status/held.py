"""What Ready says of a fleet that is stalled or suspended: whether it serves, and what is in force. Pure."""

from goproxy_operator.reconcile.status.facts import StatusFacts


def serving(facts: StatusFacts) -> str:
    """Say how many replicas serve."""
    return f"{facts.count('readyReplicas')} of {facts.desired_replicas} replicas are ready"


def held(facts: StatusFacts) -> tuple[str, str, str, str]:
    """Return the condition Ready of a fleet that is stalled or suspended. It is true where a replica serves."""
    served = str(facts.count("readyReplicas") > 0)
    if facts.stalled is None:
        message = f"spec.suspend is true, so nothing is changed; {_in_force(facts)}; {serving(facts)}"
        return "Ready", served, "Suspended", message
    newest = f"generation {facts.goproxy.metadata.generation}"
    if not facts.refused:
        told = f"{newest} is not carried out in full"
        if facts.in_force is not None:
            told += f"; of what was refused, generation {facts.in_force.generation} is in force"
    elif facts.in_force is not None and facts.in_force.generation == facts.goproxy.metadata.generation:
        told = f"{newest} stays in force, though it is refused by now{_left(facts)}"
    else:
        told = f"{newest} is not carried out, {_in_force(facts)}{_left(facts)}"
    missing = f"; {facts.trouble.message}" if facts.trouble is not None else ""
    return "Ready", served, facts.stalled.reason, f"{serving(facts)}; {told}: see Stalled{missing}"


def _in_force(facts: StatusFacts) -> str:
    if facts.in_force is not None:
        return f"generation {facts.in_force.generation} is in force"
    if facts.stateful_set is None:
        return "nothing is in force"
    return "what runs is in force, of a generation that the operator did not see"


def _left(facts: StatusFacts) -> str:
    if facts.repaired or facts.stateful_set is None:
        return ""
    if facts.suspended:
        return ", and is left as it is, because spec.suspend is true"
    if facts.in_force is not None and facts.in_force.spec is not None:
        return ", and is left as it is"
    return ", and is left as it is, because the operator does not know its spec"
