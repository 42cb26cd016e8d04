"""What the trace of a request says of it, from how it was answered. Names are those of the semantic conventions."""

from aiohttp import web

from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.refusals import module_of
from modproxy.server.reply import Reply
from modproxy.tracing.trace import LONGEST, AttributeValue


def attributes_of(
    http: web.BaseRequest, arrival: Arrival, reply: Reply, *, code: int, sent: int, audited: bool
) -> dict[str, AttributeValue]:
    """Return the attributes of a request's span. Names of users are told only where the audit log tells them too.

    Neither a query nor a header nor a malformed path is among them, so no credential can be.
    """
    target = arrival.target
    attributes: dict[str, AttributeValue] = {
        "http.request.method": http.method[:16],
        "http.response.status_code": code,
        "http.response.body.size": sent,
        "goproxy.endpoint": reply.endpoint,
        "goproxy.cache_status": reply.cache_status.value,
        "goproxy.request_id": arrival.id,
    }
    if arrival.fault is None:
        attributes["url.path"] = http.raw_path.partition("?")[0][:LONGEST]
    if (module := module_of(target)) is not None:
        attributes["goproxy.module"] = module[:LONGEST]
    if target is not None and target.version:
        attributes["goproxy.version"] = str(target.version)[:LONGEST]
    if reply.by is not None:
        attributes["goproxy.rule"] = f"{reply.by.kind.value}: {reply.by.rule}"[:LONGEST]
    if reply.error is not None:
        attributes["goproxy.cause"] = reply.error.text.strip().partition("\n")[0][:LONGEST]
    if reply.answer is not None and reply.answer.origin:
        attributes["goproxy.origin"] = reply.answer.origin[:LONGEST]
    if audited and reply.principal.name:
        attributes["enduser.id"] = reply.principal.name[:LONGEST]
    return attributes
