"""What another replica asks, as its request arrived. Pure."""

from dataclasses import dataclass

from multidict import MultiMapping

from modproxy.fleet.greeting import CACHED_ONLY, HOP, NAME, is_name
from modproxy.in_force import Rules
from modproxy.mod.sumdb import SumdbTarget, is_lookup_of, is_sumdb_path, parse_sumdb_target, supported_target
from modproxy.mod.target import NoSuchTarget, TargetError, decode_path, parse_target
from modproxy.request import Request
from modproxy.server.decide.arrival import request_id_of
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.tracing.traceparent import read_traceparent
from modproxy.via import ViaEntry, capped


@dataclass(frozen=True, slots=True)
class NoQuestion(Exception):
    """The request is none that a replica answers."""

    answer: ErrorAnswer


def asked_by(headers: MultiMapping[str]) -> str:
    """Return the name that the replica which asks gives itself; empty where it gives none."""
    name = headers.get(NAME, "")
    return name if is_name(name) else ""


def read_question(method: str, raw_path: str, headers: MultiMapping[str], rules: Rules, own: ViaEntry) -> Request:
    """Read the request of a replica. Paths have no prefix here. Raises `NoQuestion`.

    A request that has passed this fleet already goes round in a loop (508), and so does one that has passed more than
    one other replica.
    """
    if method != "GET":
        raise NoQuestion(ErrorAnswer(405, "replicas ask with GET", {"Allow": "GET"}))
    via = capped(", ".join(headers.getall("Via"))) if "Via" in headers else ""
    if headers.get(HOP) != "1" or own.passed(via) or own.hops(via):
        raise NoQuestion(ErrorAnswer(508, "loop detected: a request passes one other replica, and no more"))
    try:
        path = decode_path(raw_path.partition("?")[0]).removeprefix("/")
        target = parse_sumdb_target(path, rules.database) if is_sumdb_path(path) else parse_target(path)
    except TargetError as e:
        raise NoQuestion(ErrorAnswer(400, f"bad request: {e}")) from None
    except NoSuchTarget as e:
        raise NoQuestion(ErrorAnswer(404, f"not found: {e}")) from None
    if isinstance(target, SumdbTarget) and is_lookup_of(target, rules.unverified):
        raise NoQuestion(ErrorAnswer(404, f"not found: {target.module} is private here: no database is asked about it"))
    if target is None:
        target = supported_target(rules.database or "")
    trace = headers.get("traceparent", "")
    return Request(
        target,
        via=via,
        hop=1,
        cached_only=headers.get(CACHED_ONLY, "").lower() == "true",
        asked_by=asked_by(headers),
        id=request_id_of(headers),
        trace=trace if read_traceparent(trace) is not None else None,
    )
