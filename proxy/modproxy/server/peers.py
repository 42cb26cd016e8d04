"""The handler of the peers' listener: it answers other replicas, after they have proved who they are.

Nothing is decided here about what a peer may have: the replica that a client has asked has decided that. Nothing of it
counts as a client's request, and nothing is written to the audit log: the replica that the client has asked does both.
A child is another fleet, and is answered as a client is.
"""

import io
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import BinaryIO

from aiohttp import web

from modproxy.cache.answer import Answer, CacheStatus
from modproxy.cache.flight import CutShort
from modproxy.cache.lookup import Cache
from modproxy.contract.log_lines import REQUEST_ID, TRACE_ID
from modproxy.fleet.change import CHANGE_PATH, MOST_CHANGE_BYTES, Change, ChangeError, read_change
from modproxy.fleet.counts import Direction
from modproxy.fleet.greeting import GREETING_PATH, KEEP, LEAVING, ORIGIN, STATUS, VOUCHER, Outcome, write_greeting
from modproxy.fleet.known_module import KNOWN_PATH
from modproxy.fleet.peers import Peers
from modproxy.fleet.proof import Proven, Standing, Unproven
from modproxy.identity.principal import Principal
from modproxy.in_force import Rules
from modproxy.mod.sumdb import SumdbTarget
from modproxy.mod.target import Kind
from modproxy.request import Request
from modproxy.server.actions import BodyError, read_body
from modproxy.server.children import child_of
from modproxy.server.decide.arrival import authorization_of, request_id_of
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.decide.head import SERVER, Head
from modproxy.server.decide.question import NoQuestion, asked_by, read_question
from modproxy.server.reply import status_of
from modproxy.server.send import send_file, send_stream, small_response
from modproxy.source.protocol import Mismatch, NotFound, NotHeld, OwnTrouble, SourceError, Tier, Unavailable
from modproxy.store.protocol import Store
from modproxy.tracing.trace import CURRENT, LONGEST, AttributeValue
from modproxy.tracing.traceparent import read_traceparent
from modproxy.tracing.tracing import Tracing
from modproxy.via import ViaEntry

_FILE_GONE_RETRIES = 3
_BUSY = ErrorAnswer(503, "this replica has not begun yet, or ends")
_FAULT = ErrorAnswer(500, "an error of this replica; its log tells more")
_SHOWN = range(0x20, 0x7F)
"""The characters that a header's value may have."""

log = logging.getLogger(__name__)


class PeerHandler:
    """Answers other replicas under the rules in force. `rules` returns them; None before there are any.

    `answer_child` answers the replicas of fleets that have this one as their parent. `heard` is told of changes.
    `known` returns what this replica knows of modules that are kept complete.
    """

    def __init__(
        self,
        peers: Peers,
        cache: Cache,
        store: Store,
        rules: Callable[[], Rules | None],
        own: ViaEntry,
        *,
        answer_child: Callable[[web.BaseRequest, Principal], Awaitable[web.StreamResponse]],
        heard: Callable[[Change], Awaitable[None]],
        known: Callable[[], Awaitable[bytes]],
        tracing: Tracing,
    ) -> None:
        self._tracing = tracing
        self._known = known
        self._answer_child = answer_child
        self._heard = heard
        self._peers = peers
        self._cache = cache
        self._store = store
        self._rules = rules
        self._own = own

    async def handle(self, http: web.BaseRequest) -> web.StreamResponse:
        """Answer one request. Whatever a replica does, only `CancelledError` is raised."""
        REQUEST_ID.set(request_id_of(http.headers))
        try:
            proven = await self._peers.prover.who(authorization_of(http.headers), http.remote or "")
        except Unproven as e:
            log.warning("a request of %s on the peers' listener is refused: %s", http.remote, e)
            return _refused(ErrorAnswer(401, "this replica does not take the token"))
        try:
            return await self._dispatch(http, proven)
        except CutShort as e:
            log.warning("the answer to replica %s is cut short: %s", http.remote, e)
            _abort(http)
        except ConnectionError:
            log.debug("replica %s has left", http.remote)
        except Exception:
            log.exception("an unexpected error at %s %s of a replica", http.method, http.raw_path)
            _abort(http)
        return web.Response(status=502)

    async def _dispatch(self, http: web.BaseRequest, proven: Proven) -> web.StreamResponse:
        match proven.standing:
            case Standing.PEER:
                if http.path == GREETING_PATH:
                    return self._greet(http)
                if http.path == CHANGE_PATH:
                    return await self._take_change(http)
                if http.path == KNOWN_PATH:
                    return await self._tell_known(http)
                return await self._answer(http)
            case Standing.CHILD:
                if self._rules() is None:
                    return _refused(_BUSY)
                return await self._answer_child(http, child_of(proven.account))

    def _greet(self, http: web.BaseRequest) -> web.Response:
        if name := asked_by(http.headers):
            self._peers.heard_of(name, leaving=http.headers.get(LEAVING) == "true")
        return web.Response(body=write_greeting(self._peers.hello()), content_type="application/json")

    async def _take_change(self, http: web.BaseRequest) -> web.Response:
        if http.method != "POST":
            return _refused(ErrorAnswer(405, "changes are told with POST", {"Allow": "POST"}))
        try:
            await self._heard(read_change(await read_body(http, MOST_CHANGE_BYTES)))
        except ChangeError as e:
            return _refused(ErrorAnswer(400, f"this tells of no change: {e}"))
        except BodyError as e:
            return _refused(e.answer)
        return web.Response(status=204)

    async def _tell_known(self, http: web.BaseRequest) -> web.Response:
        if http.method != "GET":
            return _refused(ErrorAnswer(405, "modules are told with GET", {"Allow": "GET"}))
        if self._rules() is None:
            return _refused(_BUSY)
        return web.Response(body=await self._known(), content_type="application/json")

    async def _answer(self, http: web.BaseRequest) -> web.StreamResponse:
        caller = read_traceparent(http.headers.get("traceparent", ""))
        TRACE_ID.set(caller.trace_id if caller is not None else "")
        if not self._tracing.on or caller is None:
            return await self._decided(http)
        trace, code, started = (
            self._tracing.begin(caller, by_share=False),
            int(HTTPStatus.BAD_GATEWAY),
            time.perf_counter(),
        )
        try:
            response = await self._decided(http)
            code = response.status
            return response
        finally:
            attributes: dict[str, AttributeValue] = {
                "http.request.method": http.method[:16],
                "http.response.status_code": code,
                "url.path": http.path[:LONGEST],
                "goproxy.endpoint": "peer",
                "goproxy.replica_asks": asked_by(http.headers),
            }
            # A zip is sent before this: how long that takes is not how long its first byte took.
            waited = time.perf_counter() - started if code != HTTPStatus.OK else 0.0
            self._tracing.end(trace, "GET peer", code, attributes, waited=waited)
            CURRENT.set(None)

    async def _decided(self, http: web.BaseRequest) -> web.StreamResponse:
        outcome = Outcome.REFUSED
        try:
            rules = self._rules()
            if rules is None:
                return _refused(_BUSY)
            request = read_question(http.method, http.raw_path, http.headers, rules, self._own)
            if isinstance(request.target, SumdbTarget):
                outcome, response = await self._of_database(http, request, rules)
            else:
                outcome, response = await self._of_module(http, request, rules)
        except NoQuestion as e:
            return _refused(e.answer)
        except SourceError as e:
            outcome = outcome_of_error(e)
            return _error(e, outcome)
        finally:
            self._peers.counts.count(Direction.ANSWERED, outcome.value)
        return response

    async def _of_module(
        self, http: web.BaseRequest, request: Request, rules: Rules
    ) -> tuple[Outcome, web.StreamResponse]:
        for _ in range(_FILE_GONE_RETRIES):
            answer = await self._cache.get(request, rules)
            try:
                file = await self._file_of(answer)
            except FileNotFoundError:
                answer.close()
                continue
            try:
                return Outcome(answer.status.value), await _send(http, answer, file)
            finally:
                answer.close()
                if file is not None:
                    file.close()
        raise OwnTrouble(f"{request.target} is being removed: ask again", 503)

    async def _file_of(self, answer: Answer) -> BinaryIO | None:
        if answer.body is not None or answer.stored is None:
            return io.BytesIO(answer.body) if answer.body is not None else None
        return await self._store.open(answer.stored)

    async def _of_database(
        self, http: web.BaseRequest, request: Request, rules: Rules
    ) -> tuple[Outcome, web.StreamResponse]:
        """Answer with what is held, else with what the server says: whoever asks proves it."""
        held = await self._held(request, rules)
        if held is not None:
            return Outcome.HIT, held
        if rules.shared_database is None:
            raise NotFound(f"{request.target}: no checksum database is served")
        async with rules.shared_database.fetch(request) as fetched:
            body = b"".join([piece async for piece in fetched.body])
            outcome = Outcome.MISS if fetched.tier is Tier.UPSTREAM else Outcome.HIT
            return outcome, small_response(_head(outcome, len(body), "", "", fetched.age), body)

    async def _held(self, request: Request, rules: Rules) -> web.Response | None:
        if request.target.kind is Kind.TREE:
            return None  # what is known of the newest head is with those who ask the server
        body = await self._cache.held(request, rules)
        return None if body is None else small_response(_head(Outcome.HIT, len(body), "", "", 0.0), body)


async def _send(http: web.BaseRequest, answer: Answer, file: BinaryIO | None) -> web.StreamResponse:
    head = _head(Outcome(answer.status.value), answer.size, answer.voucher, answer.origin, answer.age)
    if not answer.keep:
        head.headers[KEEP] = "false"
    if answer.follower is not None:
        return await send_stream(http, head, answer.follower)
    if answer.body is not None:
        return small_response(head, answer.body)
    if file is None:
        raise AssertionError("an answer has a file, a body or a flight")
    return await send_file(http, head, file)


def _head(outcome: Outcome, size: int | None, voucher: str, origin: str, age: float) -> Head:
    headers = {"Server": SERVER, "Content-Type": "application/octet-stream", STATUS: outcome.value}
    if voucher:
        headers[VOUCHER] = voucher
    if origin and all(ord(c) in _SHOWN for c in origin):
        headers[ORIGIN] = origin
    if age > 0:
        # It is rounded up: two replicas that take an answer from each other would else make it younger each time.
        headers["Age"] = str(math.ceil(age))
    return Head(200, headers, range(size or 0), size)


def outcome_of_error(error: SourceError) -> Outcome:
    """Return what an error tells the replica that asks."""
    match error:
        case NotHeld():
            return Outcome.NOT_HELD
        case OwnTrouble():
            return Outcome.REFUSED
        case Mismatch():
            return Outcome.MISMATCH
        case Unavailable(status=508):
            return Outcome.REFUSED  # the loop need not be one for the replica that asks
    status = status_of(error)
    return Outcome.MISS if status is CacheStatus.HIT else Outcome(status.value)


def _error(error: SourceError, outcome: Outcome) -> web.Response:
    headers: dict[str, str] = {STATUS: outcome.value}
    if isinstance(error, NotFound) and error.age is not None:
        headers["Age"] = str(math.ceil(error.age))
    if isinstance(error, Unavailable) and error.retry_after:
        headers["Retry-After"] = error.retry_after
    return web.Response(status=error.status, text=error.reason, headers=headers)


def _refused(answer: ErrorAnswer) -> web.Response:
    headers: Mapping[str, str] = {STATUS: Outcome.REFUSED.value, **answer.headers}
    return web.Response(status=answer.status, text=answer.text, headers=headers)


def _abort(http: web.BaseRequest) -> None:
    if http.transport is not None:
        http.transport.abort()
