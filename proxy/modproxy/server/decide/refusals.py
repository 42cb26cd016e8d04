"""Whether a request is answered at all: two lists of checks in their order. Pure.

Each check takes the arrival and the rules in force, and returns why the request is refused, or None. The order is part
of the contract: the answer to a request that breaks several rules names the first of them. `CHECKS_BEFORE` come before
it is known who asks, so that a stranger learns nothing of paths and modules; `CHECKS` know the principal.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from modproxy.contract.config import Verb
from modproxy.identity.presented import BadCredential, TooManyFailures
from modproxy.in_force import Rules
from modproxy.mod.sumdb import SumdbTarget
from modproxy.mod.target import Kind, NoSuchTarget, Target
from modproxy.policy.decision import RuleKind, RuleRefusal
from modproxy.request import AnyTarget
from modproxy.server.decide.arrival import ACTIONS, Arrival
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
    by: RuleRefusal | None = None
    """The refusal of the policy; None for a rule of the protocol."""
    warning: str | None = None
    """A line for the log."""

    @property
    def enforced(self) -> bool:
        """Whether the request is really refused, and not only counted as refused."""
        return self.by is None or self.by.enforced


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


def check_method(arrival: Arrival, rules: Rules, _own: ViaEntry) -> Refusal | None:
    """Refuse a method that the path does not have (405)."""
    if arrival.action in ACTIONS:
        wanted = ACTIONS[arrival.action]
        if arrival.method == wanted:
            return None
        reason = f"{arrival.method} is not allowed: {arrival.action} is asked for with {wanted}"
        return Refusal(ErrorAnswer(405, reason, {"Allow": wanted}), arrival.action)
    if arrival.method in ("GET", "HEAD") or (arrival.action and rules.config.hosted is not None):
        return None
    if arrival.action:
        reason = f"{arrival.method} is not allowed: this fleet hosts no modules (spec.hosted)"
    else:
        reason = f"{arrival.method} is not allowed: a module proxy answers GET and HEAD"
    return Refusal(ErrorAnswer(405, reason, {"Allow": "GET, HEAD"}))


def check_loop(arrival: Arrival, _rules: Rules, own: ViaEntry) -> Refusal | None:
    """Refuse a request that has passed this replica before, or too many other replicas of the fleet (508)."""
    if not own.passed(arrival.via) and own.hops(arrival.via) <= _MOST_HOPS:
        return None
    return Refusal(ErrorAnswer(508, "loop detected: this request has passed this fleet already; check its upstreams"))


_OF_GOPROXY = "Check the path in GOPROXY: a module path follows the URL of this fleet, and nothing may be between them."
"""The go command escapes module paths, and refuses bad ones itself: what it asks for is malformed by GOPROXY's path."""


def check_path(arrival: Arrival, _rules: Rules, _own: ViaEntry) -> Refusal | None:
    """Refuse a malformed path (400), and a path that can never lead to anything (404)."""
    if arrival.fault is None:
        return None
    if isinstance(arrival.fault, NoSuchTarget):
        return Refusal(ErrorAnswer(404, f"not found: {arrival.fault}"))
    return Refusal(ErrorAnswer(400, f"bad request: {arrival.fault}\n{_OF_GOPROXY}"))


def check_imposed(arrival: Arrival, rules: Rules, _own: ViaEntry) -> Refusal | None:
    """Refuse a module that the fleet's class does not let it serve (403)."""
    target = arrival.target
    by = rules.policy.refuse_imposed(target.path) if isinstance(target, Target) else None
    return None if by is None else refusal_by(by, target)


def check_access(arrival: Arrival, rules: Rules, _own: ViaEntry) -> Refusal | None:
    """Refuse a principal that may not read what it asks for (401, 403, or 404 where modules are hidden)."""
    if arrival.root:
        refused = rules.permissions.refuse(arrival.principal, Verb.READ, None)
        # Somebody who is known proves here that his credential is good, whatever it is good for.
        by = refused if refused is not None and refused.status == HTTPStatus.UNAUTHORIZED else None
    else:
        by = rules.permissions.refuse(arrival.principal, Verb.READ, module_of(arrival.target))
    return None if by is None else refusal_by(by, arrival.target, rules)


def check_right(verb: Verb) -> Check:
    """Make the check that refuses a principal who may not do it with the module."""

    def check(arrival: Arrival, rules: Rules, _own: ViaEntry) -> Refusal | None:
        by = rules.permissions.refuse(arrival.principal, verb, module_of(arrival.target))
        return None if by is None else refusal_by(by, arrival.target, rules)

    return check


def check_policy(arrival: Arrival, rules: Rules, _own: ViaEntry) -> Refusal | None:
    """Refuse a module that the fleet does not serve (403)."""
    target = arrival.target
    by = rules.policy.refuse_own(target.path) if isinstance(target, Target) else None
    return None if by is None else refusal_by(by, target)


def refuse_fetch(arrival: Arrival, rules: Rules) -> Refusal | None:
    """Return why what is not held is not fetched for this principal, or None where it may be.

    Answers of the checksum database are fetched for all who may read, because the go command needs them to believe what
    it reads.
    """
    target = arrival.target
    if not isinstance(target, Target):
        return None
    by = rules.permissions.refuse(arrival.principal, Verb.FETCH, target.path)
    return None if by is None else refusal_by(by, target, rules)


def module_of(target: AnyTarget | None) -> str | None:
    """Return the path of the module that a target tells of; None for what tells of no module."""
    if isinstance(target, SumdbTarget):
        return target.module
    return None if target is None else target.path


def unproved(error: BadCredential | TooManyFailures, endpoint: str, rules: Rules) -> Refusal:
    """Refuse a request whose credential proves nobody (401), or is not looked at after many bad ones (429)."""
    keeper, contact = rules.permissions.keeper, rules.permissions.contact
    if isinstance(error, TooManyFailures):
        by = RuleRefusal(RuleKind.IDENTITY, str(error), f"too many requests: {error}\n", status=429)
        return Refusal(ErrorAnswer(by.status, by.text, {"Retry-After": str(error.retry_after)}), endpoint, by)
    text = (
        f"unauthorized: {keeper} does not take this credential: {error.told}\n"
        f"Look at ~/.netrc, GOAUTH, or the URL of GOPROXY; {contact} can tell which credential is good.\n"
    )
    by = RuleRefusal(RuleKind.IDENTITY, str(error), text, status=401)
    return Refusal(ErrorAnswer(by.status, by.text, _challenge(rules)), endpoint, by)


def _challenge(rules: Rules) -> dict[str, str]:
    """Say how to prove who asks (RFC 9110, section 11.6.1; RFC 7617; RFC 6750, section 3)."""
    realm = re.sub(r"[^A-Za-z0-9 ./_-]", "", rules.permissions.keeper)
    return {"WWW-Authenticate": f'Basic realm="{realm}", charset="UTF-8", Bearer realm="{realm}"'}


def refusal_by(by: RuleRefusal, target: AnyTarget | None, rules: Rules | None = None) -> Refusal:
    """Make the answer of what a policy refuses. `rules` are needed where it may ask for a credential."""
    logged = not by.enforced and target is not None and target.kind in _LOGGED_KINDS
    return Refusal(
        ErrorAnswer(by.status, by.text, _challenge(rules) if by.challenge and rules is not None else {}),
        endpoint=target.kind.value if target is not None else OTHER,
        by=by,
        warning=f"DryRun: {target} would be refused: {by.rule}" if logged else None,
    )


CHECKS_BEFORE: tuple[Check, ...] = (check_host, check_method, check_loop)
CHECKS: tuple[Check, ...] = (check_imposed, check_access, check_path, check_policy)
"""The rights come before the path: what is said of a path without a target may tell which modules are private."""
CHECKS_OF_PUBLISH: tuple[Check, ...] = (check_imposed, check_right(Verb.PUBLISH), check_path, check_policy)
CHECKS_OF_DELETE: tuple[Check, ...] = (check_right(Verb.DELETE), check_path)
"""What may not be served any more may be deleted."""
