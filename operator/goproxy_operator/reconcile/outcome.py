"""How one pass over one object went."""

from dataclasses import dataclass, replace

import aiohttp

from goproxy_operator.election.fence import NotHeldError
from goproxy_operator.kube.errors import ApiError, UnreachableError
from goproxy_operator.observed.known_objects import NotKnownYetError

RETRIED = (ApiError, UnreachableError, NotKnownYetError, NotHeldError, aiohttp.ClientError, OSError, TimeoutError)
"""What a pass may raise by design: it is no fault of the operator's, and the pass is worth another try."""


@dataclass(frozen=True, slots=True)
class PassOutcome:
    """Says when the next pass is due: in `again` seconds, and with back-off where the object is `stuck`."""

    again: float | None = None
    stuck: bool = False

    def sooner(self, *times: float | None) -> "PassOutcome":
        """Return an outcome that asks for the next pass at the first of these times, if that is sooner."""
        known = [seconds for seconds in (self.again, *times) if seconds is not None]
        return replace(self, again=min(known, default=None))
