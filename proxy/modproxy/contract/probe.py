"""The answer of `/-/probe`: how the places that a replica asks answer just now."""

from typing import Annotated

from pydantic import AfterValidator, Field

from modproxy.contract.report_fields import Name, ReportPart, Seconds, Text

PROBE_BYTES = 1 << 18
"""The most that is read of an answer."""
MOST_PLACES = 32
"""Places of one answer: a chain has few entries; of other replicas and of hosts the first few are asked."""


def _first(places: "tuple[ProbedPlace, ...]") -> "tuple[ProbedPlace, ...]":
    return places[:MOST_PLACES]


class ProbedPlace(ReportPart):
    """One server, asked once."""

    kind: Name
    """`upstream`, `parent`, `checksumDatabase`, `versionControl`, `peer` or `objectStore`."""
    name: Text
    """Its URL without a login; of version control the host; of another replica its name and address."""
    asked: Text = ""
    """The path below `name` that was asked for; empty for the start page."""
    fallback: bool = False
    """Whether it is asked only for what all upstreams before it do not have (404, 410)."""
    http_proxy: Text = ""
    """The HTTP proxy on the way to it."""
    status: Annotated[int, Field(ge=100, lt=1000)] | None = None
    """None where there is no answer."""
    seconds: Seconds = 0.0
    """Until the head of the answer, or the failure: with the name, the connection and TLS."""
    dns_seconds: Seconds | None = None
    """Each of the four is of the first request, before any redirect; None where that step was not reached or is none,
    as the name of an IP address.
    """
    connect_seconds: Seconds | None = None
    """Of TCP alone: to the HTTP proxy, where there is one."""
    tls_seconds: Seconds | None = None
    """With the CONNECT, where there is an HTTP proxy."""
    first_byte_seconds: Seconds | None = None
    """From the request to the head of the answer."""
    failure: Text = ""
    """Why it is of no use now, going on from its name; empty where it answers."""


class Probe(ReportPart):
    """All places of one replica."""

    schema_version: int = 1
    replica: Text = ""
    places: Annotated[tuple[ProbedPlace, ...], AfterValidator(_first)] = ()
