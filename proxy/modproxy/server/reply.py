"""The decision how a client is answered."""

from dataclasses import dataclass
from typing import BinaryIO

from aiohttp import web

from modproxy.cache.answer import Answer, CacheStatus, KnownAbsent
from modproxy.contract.config import Verb
from modproxy.identity.principal import ANONYMOUS, Principal
from modproxy.policy.decision import RuleRefusal
from modproxy.request import Request
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.source.protocol import Denied, NotFound, NotHeld, SourceError


@dataclass(frozen=True, slots=True)
class Reply:
    """Carries the decision how a client is answered to the sending of it: an error, an answer, or an empty 200."""

    endpoint: str
    """The `endpoint` label of metrics."""
    cache_status: CacheStatus
    error: ErrorAnswer | None = None
    request: Request | None = None
    answer: Answer | None = None
    file: BinaryIO | None = None
    """The stored file of the answer, opened, so that an eviction does not disturb the client."""
    learnt: bool = False
    """Whether the memo of hits was told of it; the memo is not told of what a policy would refuse."""
    text: str = ""
    """The body where there is neither an error nor an answer."""
    lacking: bool = False
    """Whether the target is not held, and the request allows no fetch."""
    by: RuleRefusal | None = None
    """The refusal of the policy, where a policy has refused the request, or would have."""
    response: web.StreamResponse | None = None
    """The response of an action, which may have sent it by itself; None for others."""
    verb: Verb | None = None
    """What the request does, for the audit log; None where that follows from its answer."""
    principal: Principal = ANONYMOUS
    """Who made the request, as far as this was proved."""
    mismatch: bool = False
    """Whether the checksum database says otherwise of what was fetched."""

    def close(self) -> None:
        """Let go of the answer and the file, after the reply was sent or could not be sent."""
        if self.answer is not None:
            self.answer.close()
        if self.file is not None:
            self.file.close()


def status_of(error: SourceError) -> CacheStatus:
    """Return how an error of a source counts."""
    if isinstance(error, KnownAbsent | NotHeld) or (isinstance(error, NotFound) and error.age is not None):
        return CacheStatus.NEGATIVE
    return CacheStatus.DENIED if isinstance(error, Denied) else CacheStatus.MISS
