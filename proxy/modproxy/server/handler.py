"""The handler of client requests: it refuses or answers each request, and counts each request once."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus

from aiohttp import web

from modproxy.audit.auditor import Auditor
from modproxy.cache.answer import CacheStatus
from modproxy.cache.flight import CutShort
from modproxy.cache.lookup import Cache
from modproxy.contract.log_lines import REQUEST_ID, TRACE_ID
from modproxy.identity.presented import BadCredential, Presented, TooManyFailures
from modproxy.identity.principal import Principal
from modproxy.in_force import InForce, Rules
from modproxy.mod.target import Kind
from modproxy.policy.decision import RuleRefusal
from modproxy.request import Request
from modproxy.server.actions import Action, BodyError
from modproxy.server.audited import entry_of
from modproxy.server.children import rules_for_child
from modproxy.server.decide.arrival import Arrival, authorization_of, read_arrival
from modproxy.server.decide.errors import FAULT, ErrorAnswer, failure
from modproxy.server.decide.refusals import (
    CHECKS,
    CHECKS_BEFORE,
    OTHER,
    Check,
    Refusal,
    module_of,
    refusal_by,
    refuse_fetch,
    unproved,
)
from modproxy.server.hit.memo import HitMemo
from modproxy.server.judging import judged
from modproxy.server.recent_refusals import RecentRefusals
from modproxy.server.refusal_counts import RefusalCounts
from modproxy.server.reply import Reply, status_of
from modproxy.server.respond import respond
from modproxy.server.send import error_response, sent_of
from modproxy.server.traced import attributes_of
from modproxy.server.traffic import Traffic
from modproxy.source.protocol import Mismatch, NotHeld, SourceError
from modproxy.store.protocol import Store
from modproxy.tracing.trace import CURRENT, Trace
from modproxy.tracing.traceparent import read_traceparent
from modproxy.tracing.tracing import Tracing
from modproxy.via import ViaEntry

_FILE_GONE_RETRIES = 3
_MOST_LEARNING = 64
"""How many fetched files are taken up as hits at once; each needs a thread for a moment."""
_ROOT = "A Go module proxy: set GOPROXY to the URL of this page.\n"
_CLIENT_LEFT = 499
"""nginx's code for a client that left before its answer."""

_SUCCESSES = frozenset([HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED])
"""The codes of answers that count as a use of the module."""
_FETCHED = frozenset([CacheStatus.MISS, CacheStatus.PEER, CacheStatus.OBJECT_STORE])

log = logging.getLogger(__name__)


class ClientHandler:
    """Answers each client request under the rules that are in force when the request arrives."""

    def __init__(
        self,
        cache: Cache,
        store: Store,
        in_force: InForce,
        traffic: Traffic,
        own: ViaEntry,
        *,
        auditor: Auditor,
        tracing: Tracing | None = None,
    ) -> None:
        self._cache = cache
        self._store = store
        self._in_force = in_force
        self._traffic = traffic
        self._auditor = auditor
        self._tracing = tracing or Tracing()
        self._own = own
        """This replica's entry in the Via header."""
        self.hits = HitMemo(store, cache.news, in_force, traffic, auditor, tracing=self._tracing)
        """What was answered from the store lately, for connections that answer hits by themselves."""
        self._learning: set[asyncio.Task[None]] = set()
        self._draining = False
        self.refusals = RefusalCounts(time.monotonic)
        self.recent_refusals = RecentRefusals()
        self.actions: Mapping[str, Action] = {}
        """What answers requests that ask for no file, by the names of `Arrival.action`."""

    @property
    def draining(self) -> bool:
        """Whether each answer asks its client to close the connection. It stays so once it is set."""
        return self._draining

    def drain(self) -> None:
        """Ask each client to close its connection, with the answer to its next request."""
        self._draining = True
        self.hits.close()
        for task in self._learning:
            task.cancel()

    async def handle(self, http: web.BaseRequest) -> web.StreamResponse:
        """Answer one request. Whatever a client or an upstream does, only `CancelledError` is raised."""
        return await self._handle(http, self._in_force.rules, learns=True)

    async def handle_child(self, http: web.BaseRequest, child: Principal) -> web.StreamResponse:
        """Answer one request of a fleet that has this one as its parent, as `handle` answers those of clients."""
        # What is decided for a child says nothing of clients, so no hit is made of it.
        return await self._handle(http, rules_for_child(self._in_force.rules, child), learns=False)

    async def _handle(self, http: web.BaseRequest, rules: Rules, *, learns: bool) -> web.StreamResponse:
        started = time.perf_counter()
        code, sent = _CLIENT_LEFT, 0
        arrival = read_arrival(http.method, http.raw_path, http.headers, rules)
        reply = Reply(arrival.action or OTHER, CacheStatus.NONE if arrival.action else CacheStatus.MISS)
        REQUEST_ID.set(arrival.id)
        asked_by = read_traceparent(arrival.trace) if arrival.trace else None
        trace = self._tracing.begin(asked_by) if self._tracing.on else None
        trace_id = trace.own.trace_id if trace is not None else asked_by.trace_id if asked_by is not None else ""
        TRACE_ID.set(trace_id)
        waited = 0.0
        try:
            reply = await self._reply(http, arrival, rules, learns=learns)
            waited = time.perf_counter() - started
            try:
                response, code = await self._send(http, reply, arrival.id, trace, rules.config.docs)
                sent = sent_of(http, response, code)
            finally:
                reply.close()
            if reply.cache_status in _FETCHED and reply.request is not None and code == HTTPStatus.OK:
                self._learn_behind(http.raw_path, reply, rules)
        finally:
            seconds = time.perf_counter() - started
            if reply.by is not None:
                self.recent_refusals.note(arrival.target, reply.by, reply.principal)
            self._traffic.count(reply.endpoint, code, reply.cache_status, seconds)
            if code in _SUCCESSES and (module := module_of(arrival.target)) is not None:
                self._traffic.modules.add(module, sent, time.time())
            if self._auditor.on:
                entry = entry_of(http, arrival, reply, code=code, sent=sent, seconds=seconds, trace_id=trace_id)
                self._auditor.add(entry)
            if trace is not None:
                told = attributes_of(http, arrival, reply, code=code, sent=sent, audited=self._auditor.on)
                self._tracing.end(trace, f"{http.method[:16]} {reply.endpoint}", code, told, waited=waited)
            CURRENT.set(None)
        if self._draining:
            response.force_close()
        return response

    async def _reply(self, http: web.BaseRequest, arrival: Arrival, rules: Rules, *, learns: bool) -> Reply:
        endpoint = arrival.target.kind.value if arrival.target is not None else OTHER
        try:
            refusal, _ = self._first_refusal(CHECKS_BEFORE, arrival, rules)
            action = self.actions.get(arrival.action) if refusal is None and learns else None
            if refusal is None and arrival.action and action is None and not arrival.root:
                reason = f"{arrival.action} is not for those who ask here"
                return Reply(arrival.action, CacheStatus.NONE, ErrorAnswer(HTTPStatus.NOT_FOUND, reason))
            if action is not None and action.proves_itself:
                return await action.reply(http, arrival, rules)
            if refusal is None:
                presented = Presented(authorization_of(http.headers), http.remote or "", http.headers)
                arrival = replace(arrival, principal=await rules.identities.who(presented))
                if action is not None:
                    reply = await action.reply(http, arrival, rules)
                    return replace(reply, principal=arrival.principal)
                reply = await self._decide(arrival, http.raw_path if learns else None, rules)
                return replace(reply, principal=arrival.principal)
        except BodyError as e:
            return Reply(arrival.action, CacheStatus.NONE, e.answer)
        except ConnectionError:
            return Reply(arrival.action, CacheStatus.NONE, ErrorAnswer(_CLIENT_LEFT, "the client has left"))
        except (BadCredential, TooManyFailures) as e:
            refusal = unproved(e, endpoint, rules)
            self.carried_out(refusal)
        except Exception:
            log.exception("an unexpected error at %s %s", http.method, http.raw_path)
            _abort(http)
            return Reply(endpoint, CacheStatus.MISS, FAULT)
        return Reply(refusal.endpoint, CacheStatus.DENIED, refusal.error, by=refusal.by)

    async def obtain(self, arrival: Arrival, rules: Rules) -> Reply:
        """Decide on the GET of a file that an action makes for its principal, as on the GET of a client.

        No hit is made of it. The caller closes the reply. Raises what an unexpected error raises.
        """
        reply = await self._decide(arrival, None, rules)
        return replace(reply, principal=arrival.principal)

    async def held(self, request: Request, rules: Rules) -> Reply:
        """Answer as on a GET, with what this replica holds: nothing is fetched, and no other replica is asked.

        The caller closes the reply.
        """
        reply, _ = await judged("GET", replace(request, cached_only=True, local=True), rules, self._from_cache)
        return reply

    def _first_refusal(
        self, checks: Sequence[Check], arrival: Arrival, rules: Rules
    ) -> tuple[Refusal | None, RuleRefusal | None]:
        """Return the first refusal that is enforced, and the first other one, which was only counted."""
        spared: RuleRefusal | None = None
        for check in checks:
            refusal = check(arrival, rules, self._own)
            if refusal is None:
                continue
            if self.carried_out(refusal):
                return refusal, spared
            spared = spared or refusal.by
        return None, spared

    async def _decide(self, arrival: Arrival, raw_path: str | None, rules: Rules) -> Reply:
        """Decide how to reply. `raw_path` is the target of the request line, undecoded; None where no hit is made of
        the reply.
        """
        refusal, spared = self._first_refusal(CHECKS, arrival, rules)
        if refusal is not None:
            return Reply(refusal.endpoint, CacheStatus.DENIED, refusal.error, by=refusal.by)
        if arrival.root:
            return Reply("root", CacheStatus.HIT, text=_ROOT)
        if arrival.target is None:
            return Reply("supported", CacheStatus.HIT)  # an empty 200 says that the database is served
        target, moment = arrival.target, self._cache.news.moment
        no_fetch = refuse_fetch(arrival, rules)
        request = arrival.request(target, self._own)
        if no_fetch is not None:
            request = replace(request, cached_only=True)
        reply, by_facts = await judged(arrival.method, request, rules, self._from_cache)
        if no_fetch is not None and reply.lacking and not arrival.cached_only and self.carried_out(no_fetch):
            return Reply(no_fetch.endpoint, CacheStatus.DENIED, no_fetch.error, lacking=True, by=no_fetch.by)
        for by in by_facts:
            self.carried_out(refusal_by(by, target))
            spared = spared or by
        if by_facts:
            self.hits.drop(target.key)
        # What a policy in DryRun would refuse is counted each time.
        if spared is not None:
            return reply if reply.by is not None else replace(reply, by=spared)
        if arrival.method == "GET" and raw_path is not None:
            self.hits.learn(raw_path, target, reply.answer, reply.file, rules=rules, moment=moment)
            return replace(reply, learnt=True)
        return reply

    def _learn_behind(self, raw_path: str, reply: Reply, rules: Rules) -> None:
        """Hold what was just fetched, because those who build the same ask for it next."""
        if reply.learnt and reply.request is not None and len(self._learning) < _MOST_LEARNING and not self._draining:
            task = asyncio.create_task(self._learn_fetched(raw_path, reply.request, rules))
            self._learning.add(task)
            task.add_done_callback(self._learning.discard)

    async def _learn_fetched(self, raw_path: str, request: Request, rules: Rules) -> None:
        moment = self._cache.news.moment
        held, by_facts = await judged("GET", replace(request, cached_only=True, local=True), rules, self._from_cache)
        try:
            if not by_facts and held.cache_status is CacheStatus.HIT:
                self.hits.learn(raw_path, request.target, held.answer, held.file, rules=rules, moment=moment)
        finally:
            held.close()

    def carried_out(self, refusal: Refusal) -> bool:
        """Count and log the refusal of a policy, and say whether the request is really refused."""
        if refusal.by is not None:
            self.refusals.count(refusal.by)
        if refusal.warning is not None:
            log.warning("%s", refusal.warning)
        return refusal.enforced

    async def _from_cache(self, method: str, request: Request, rules: Rules) -> Reply:
        endpoint = request.target.kind.value
        head_of_zip = method == "HEAD" and request.target.kind is Kind.ZIP
        for _ in range(_FILE_GONE_RETRIES):
            try:
                ask = self._cache.exists if head_of_zip else self._cache.get
                answer = await ask(request, rules)
            except SourceError as e:
                mismatch, named = isinstance(e, Mismatch), rules.permissions.tells_names(request.principal)
                return Reply(
                    endpoint, status_of(e), failure(e, named=named), lacking=isinstance(e, NotHeld), mismatch=mismatch
                )
            if answer.body is not None or answer.stored is None:
                return Reply(endpoint, answer.status, request=request, answer=answer)
            try:
                file = await self._store.open(answer.stored)
            except FileNotFoundError:
                continue  # the file was removed between the lookup and the opening
            return Reply(endpoint, answer.status, request=request, answer=answer, file=file)
        error = ErrorAnswer(503, f"{request.target} is being removed: ask again")
        return Reply(endpoint, CacheStatus.MISS, error)

    async def _send(
        self, http: web.BaseRequest, reply: Reply, request_id: str, trace: Trace | None, docs: str | None
    ) -> tuple[web.StreamResponse, int]:
        """Send the reply. Returns the response, and the status to count, which differs where the response broke off."""
        try:
            response = await respond(http, reply, request_id, trace, docs=docs, last=self._draining)
        except CutShort as e:
            log.warning("the connection of %s is aborted: %s", http.remote, e)
            _abort(http)
            return web.Response(status=502), 502
        except ConnectionError:
            return web.Response(status=_CLIENT_LEFT), _CLIENT_LEFT
        except Exception:
            log.exception("an unexpected error at %s %s", http.method, http.raw_path)
            _abort(http)
            return error_response(FAULT, request_id), FAULT.status
        return response, response.status


def _abort(http: web.BaseRequest) -> None:
    if http.transport is not None:
        http.transport.abort()
