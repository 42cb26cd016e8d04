"""What the audit log says was decided about a request. Pure."""

from http import HTTPStatus

from modproxy.audit.record import Verdict
from modproxy.policy.decision import RuleRefusal
from modproxy.server.decide.errors import ErrorAnswer


def verdict_of(by: RuleRefusal | None, error: ErrorAnswer | None, *, mismatch: bool, lawful: bool) -> Verdict:
    """Say what was decided. `lawful` says whether the request had a target, and `mismatch` what `Reply` says by it."""
    if by is not None and not by.enforced:
        return Verdict.DRY_RUN
    if by is not None:
        return Verdict.UNAUTHENTICATED if by.status == HTTPStatus.UNAUTHORIZED else Verdict.REFUSED
    if mismatch:
        return Verdict.UNVERIFIED
    return Verdict.MALFORMED if error is not None and not lawful else Verdict.ALLOWED
