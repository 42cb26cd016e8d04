"""The entry that a request leaves in the audit log, from how it was answered."""

import time

from aiohttp import web

from modproxy.audit.record import Entry
from modproxy.cache.answer import CacheStatus
from modproxy.contract.config import Verb
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.refusals import module_of
from modproxy.server.decide.verdict import verdict_of
from modproxy.server.reply import Reply


def entry_of(
    http: web.BaseRequest, arrival: Arrival, reply: Reply, *, code: int, sent: int, seconds: float, trace_id: str = ""
) -> Entry:
    """Make the entry of the audit log. Nothing of the path of a malformed request is in it."""
    target, by = arrival.target, reply.by
    lawful = target is not None or arrival.root or bool(arrival.action)
    fetched = reply.cache_status is CacheStatus.MISS or reply.lacking
    return Entry(
        time=time.time(),
        id=arrival.id,
        principal=reply.principal,
        client=http.remote or "",
        verb=(reply.verb or (Verb.FETCH if fetched and target is not None else Verb.READ)).value,
        module=module_of(target),
        version=str(target.version or "") if target is not None else "",
        endpoint=reply.endpoint,
        verdict=verdict_of(by, reply.error, mismatch=reply.mismatch, lawful=lawful),
        rule=f"{by.kind.value}: {by.rule}" if by is not None else "",
        status=code,
        cache=reply.cache_status.value,
        sent=sent,
        seconds=seconds,
        upstream=reply.answer.origin if reply.answer is not None else "",
        trace_id=trace_id,
    )
