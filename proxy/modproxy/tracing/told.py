"""A request that is told to the collector, as plain values."""

from collections.abc import Mapping
from typing import NamedTuple

from modproxy.tracing.trace import AttributeValue, Trace


class ToldRequest(NamedTuple):
    """Carries one request from the event loop to the thread that makes spans."""

    trace: Trace
    name: str
    """Of its span: the method and the endpoint, of which there are few."""
    code: int
    ended: int
    """In nanoseconds since the epoch."""
    attributes: Mapping[str, AttributeValue]

    @property
    def spans(self) -> int:
        """How many spans it makes."""
        return 1 + len(self.trace.hops)
