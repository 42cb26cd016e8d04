"""What publications and deletions have in common: who may, which version is meant, and how failures are told."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from aiohttp import web

from modproxy.bucket.bucket import BucketError
from modproxy.cache.answer import CacheStatus
from modproxy.contract.config import Verb
from modproxy.hosted.shelf import Refused
from modproxy.identity.principal import AuthMethod, Principal
from modproxy.in_force import Rules
from modproxy.mod.target import Kind, Target
from modproxy.server.actions import BodyError, web_page
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.decide.head import REQUEST_ID, SERVER
from modproxy.server.decide.refusals import Check, Refusal
from modproxy.server.reply import Reply
from modproxy.source.protocol import ASK_AGAIN_SECONDS
from modproxy.via import ViaEntry

_OF_VERSIONS = frozenset([Kind.INFO, Kind.MOD, Kind.ZIP])
_DEPOT = "the depot of published modules"

CarriedOut = Callable[[Refusal], bool]
"""Counts a refusal, and says whether it is enforced."""
Counts = Counter[tuple[str, str]]
"""How publications and deletions ended, by action and outcome."""


class Change:
    """One kind of change of what is published: its name, its verb and its checks."""

    def __init__(
        self, name: str, verb: Verb, checks: Sequence[Check], own: ViaEntry, *, carried_out: CarriedOut, counts: Counts
    ) -> None:
        self.name = name
        self.verb = verb
        self._checks = checks
        self._own = own
        self._carried_out = carried_out
        self._counts = counts

    def refused(self, http: web.BaseRequest, arrival: Arrival, rules: Rules) -> Reply | None:
        """Return the reply to what a rule refuses, and to what a web page sends."""
        if page := web_page(http):
            self._counts[self.name, "refused"] += 1
            return Reply(self.name, CacheStatus.NONE, ErrorAnswer(HTTPStatus.FORBIDDEN, page), verb=self.verb)
        for check in self._checks:
            refusal = check(arrival, rules, self._own)
            if refusal is not None and self._carried_out(refusal):
                self._counts[self.name, "refused"] += 1
                return Reply(self.name, CacheStatus.DENIED, refusal.error, by=refusal.by, verb=self.verb)
        return None

    def version_of(self, arrival: Arrival) -> Target:
        """Return the file of a version that the path names. Raises `Refused`."""
        target = arrival.target
        if isinstance(target, Target) and target.kind in _OF_VERSIONS:
            return target
        if isinstance(target, Target) and target.kind is Kind.QUERY:
            reason = f"{target.path}@{target.version}: this module cannot have it: write a version such as v1.2.3"
            raise Refused(HTTPStatus.BAD_REQUEST, reason, "invalid")
        reason = f"{arrival.method} is for the versions of modules: MODULE/@v/VERSION.zip"
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, reason, "invalid")

    def failed(self, error: Exception) -> Reply:
        """Return the reply for a change that was not made."""
        answer, outcome = _answer_for(error)
        self._counts[self.name, outcome] += 1
        return Reply(self.name, CacheStatus.NONE, answer, verb=self.verb)

    def done(self, outcome: str, status: int, told: Mapping[str, object], request_id: str, **headers: str) -> Reply:
        """Return the reply for a change that was made."""
        self._counts[self.name, outcome] += 1
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = web.Response(
            status=status,
            text=json.dumps(told) + "\n",
            content_type="application/json",
            headers={"Server": SERVER, "Cache-Control": "no-store", REQUEST_ID: request_id, **named},
        )
        return Reply(self.name, CacheStatus.NONE, response=response, verb=self.verb)


def name_of(principal: Principal) -> str:
    """Return how somebody is named in the depot; nothing for somebody who has not proved who he is."""
    return "" if principal.method is AuthMethod.ANONYMOUS else principal.name


def _answer_for(error: Exception) -> tuple[ErrorAnswer, str]:
    match error:
        case Refused():
            return ErrorAnswer(error.status, error.reason), error.outcome
        case BodyError():
            return error.answer, "broken"
        case BucketError() if error.failure.kind == "room":
            return ErrorAnswer(507, f"{_DEPOT} {error.failure.words}: {error.failure.remedy}"), "full"
        case BucketError() if error.failure.kind == "unconditional":
            return ErrorAnswer(501, f"{_DEPOT} {error.failure.words}: {error.failure.remedy}"), "failed"
        case BucketError():
            reason = f"{_DEPOT} {error.failure.words}: send the request again later"
            return ErrorAnswer(503, reason, {"Retry-After": ASK_AGAIN_SECONDS}), "failed"
        case _:
            raise error
