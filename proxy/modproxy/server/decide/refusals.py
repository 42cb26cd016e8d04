"""Whether a request is answered at all: a list of checks in their order. Pure.

Each check takes the arrival and the rules in force, and returns why the request is refused, or None. The order is part
of the contract: the answer to a request that breaks several rules names the first of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from modproxy.contract.config import PolicyMode
from modproxy.in_force import Rules
from modproxy.mod.target import Kind, NoSuchTarget, Target
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.via import ViaEntry

OTHER = "other"
"""The `endpoint` of metrics for requests without a target."""
_MOST_HOPS = 0
"""How many other replicas of the fleet a request may have passed. Replicas send no requests to each other."""
_LOGGED_KINDS = (Kind.INFO, Kind.LIST, Kind.LATEST)
"""The kinds whose refusal is logged, so that a module's request makes one line and not a line for each of its files."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Tells why a request is refused, or would be refused by a policy that is in DryRun."""

    error: ErrorAnswer
    endpoint: str = OTHER
    mode: PolicyMode | None = None
    """The mode of the policy that refuses; None for a rule of the protocol."""
    warning: str | None = None
    """A line for the log."""

    @property
    def enforced(self) -> bool:
        """Whether the request is really refused, and not only counted as refused."""
        return self.mode is not PolicyMode.DRY_RUN


Check = Callable[[Arrival, Rules, ViaEntry], Refusal | None]


def check_host(arrival: Arrival, rules: Rules, _own: ViaEntry) -> Refusal | None:
    """Refuse a request for another host than those of the config (421, RFC 9110, section 15.5.20)."""
    if not rules.hosts or not arrival.host or host_name(arrival.host) in rules.hosts:
        return None
    reason = f"this proxy is not {arrival.host!r}: it is called {', '.join(sorted(rules.hosts))}"
    return Refusal(ErrorAnswer(421, reason))


def host_name(host: str) -> str:
    """Return the name or the address of a Host header, without the port (RFC 3986, section 3.2.2)."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().removesuffix(".")


def check_method(arrival: Arrival, _rules: Rules, _own: ViaEntry) -> Refusal | None:
    """Refuse a method other than GET and HEAD (405)."""
    if arrival.method in ("GET", "HEAD"):
        return None
    reason = f"{arrival.method} is not allowed: a module proxy answers GET and HEAD"
    return Refusal(ErrorAnswer(405, reason, {"Allow": "GET, HEAD"}))


def check_loop(arrival: Arrival, _rules: Rules, own: ViaEntry) -> Refusal | None:
    """Refuse a request that has passed this replica before, or too many other replicas of the fleet (508)."""
    if not own.passed(arrival.via) and own.hops(arrival.via) <= _MOST_HOPS:
        return None
    return Refusal(ErrorAnswer(508, "loop detected: this request has passed this fleet already; check its upstreams"))


def check_path(arrival: Arrival, _rules: Rules, _own: ViaEntry) -> Refusal | None:
    """Refuse a malformed path (400), and a path that can never lead to anything (404)."""
    if arrival.fault is None:
        return None
    if isinstance(arrival.fault, NoSuchTarget):
        return Refusal(ErrorAnswer(404, f"not found: {arrival.fault}"))
    return Refusal(ErrorAnswer(400, f"bad request: {arrival.fault}"))


def check_policy(arrival: Arrival, rules: Rules, _own: ViaEntry) -> Refusal | None:
    """Refuse a module that may not be served (403)."""
    target = arrival.target
    refused = rules.policy.refuse(target.path) if isinstance(target, Target) else None
    if refused is None or not isinstance(target, Target):
        return None
    logged = not refused.enforced and target.kind in _LOGGED_KINDS
    return Refusal(
        ErrorAnswer(403, refused.text),
        endpoint=target.kind.value,
        mode=refused.mode,
        warning=f"DryRun: {target} would be refused: {refused.rule}" if logged else None,
    )


CHECKS: tuple[Check, ...] = (check_host, check_method, check_loop, check_path, check_policy)
