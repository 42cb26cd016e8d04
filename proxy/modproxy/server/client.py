"""The client listener's handler: request -> target -> may -> cache -> answer, each counted once."""

import contextlib
import logging
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import web

from modproxy.cache import Cache, KnownAbsent, Outcome
from modproxy.flight import CutShort
from modproxy.mod.pattern import Pattern
from modproxy.mod.sumdb import SumdbTarget, is_lookup_of, is_sumdb_path, parse_sumdb_target
from modproxy.mod.target import Kind, NoSuchTarget, Target, TargetError, decode_path, parse_target
from modproxy.policy.allowlist import Allowlist
from modproxy.server import responses
from modproxy.server.traffic import Traffic
from modproxy.source import Denied, SourceError, Wanted

_OTHER = "other"
_FILE_GONE_RETRIES = 3

log = logging.getLogger(__name__)


class ClientHandler:
    """Answers clients. `draining` asks them to leave. What a config decides may be replaced at any time: `allowlist`,
    `path_prefix`, the `database` of checksums that is served, and the modules it must not hear of (`unverified`).
    """

    def __init__(self, cache: Cache, allowlist: Allowlist, traffic: Traffic, via_id: str) -> None:
        self._cache = cache
        self._traffic = traffic
        self._via_id = via_id
        self.allowlist = allowlist
        self.path_prefix = ""
        self.database: str | None = None
        self.unverified: Sequence[Pattern] = ()
        self.draining = False
        self.refusals: dict[str, int] = {"Enforce": 0, "DryRun": 0}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request. Nothing that a client or an upstream does may raise out of here."""
        started = time.perf_counter()
        exchange = Exchange()
        try:
            response = await self._answer(request, exchange)
            if self.draining:
                response.force_close()
            exchange.code = response.status
        except CutShort as e:
            log.warning("connection of %s aborted: %s", request.remote, e)
            _abort(request)
            exchange.code = 502
            response = web.Response(status=502)
        except ConnectionError:
            exchange.code = 499
            response = web.Response(status=499)
        except Exception:
            log.exception("unexpected, at %s %s", request.method, request.raw_path)
            _abort(request)
            exchange.code = 500
            response = responses.say(500, "an error of this proxy; its log tells more")
        seconds = time.perf_counter() - started
        self._traffic.count(exchange.endpoint, exchange.code, exchange.outcome, seconds)
        return response

    async def _answer(self, request: web.BaseRequest, exchange: "Exchange") -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            return responses.say(
                405, f"{request.method} is not allowed: a module proxy answers GET and HEAD", {"Allow": "GET, HEAD"}
            )
        via = ", ".join(request.headers.getall("Via", []))
        if f" {self._via_id}" in via:
            return responses.say(508, "loop detected: this request has passed this fleet already; check its upstreams")
        try:
            path = decode_path(self._below_prefix(request))
            target: Wanted | None = self._sumdb_target(path) if is_sumdb_path(path) else parse_target(path)
        except TargetError as e:
            return responses.say(400, f"bad request: {e}")
        except NoSuchTarget as e:
            return responses.say(404, f"not found: {e}")
        if target is None:
            exchange.endpoint, exchange.outcome = "supported", Outcome.HIT
            return web.Response()  # that is the whole answer: yes
        exchange.endpoint = target.kind.value
        refusal = self._refused(target) if isinstance(target, Target) else None
        if refusal is not None:
            return refusal
        return await self._from_cache(request, target, via, exchange)

    async def _from_cache(
        self, request: web.BaseRequest, target: Wanted, via: str, exchange: "Exchange"
    ) -> web.StreamResponse:
        cached_only = request.headers.get("Disable-Module-Fetch", "").lower() == "true"
        exchange.outcome = Outcome.MISS
        for _ in range(_FILE_GONE_RETRIES):
            try:
                answer = await self._cache.get(target, cached_only=cached_only, via=via)
                exchange.outcome = answer.outcome
                with contextlib.closing(answer):
                    return await responses.respond(request, target, answer)
            except FileNotFoundError:
                continue  # removed between the look and the opening: look again
            except SourceError as e:
                if isinstance(e, KnownAbsent):
                    exchange.outcome = Outcome.NEGATIVE
                elif isinstance(e, Denied):
                    exchange.outcome = Outcome.DENIED
                return responses.failure(e)
        return responses.say(503, f"{target} is being removed: ask again")

    def _sumdb_target(self, path: str) -> SumdbTarget | None:
        target = parse_sumdb_target(path, self.database)
        if target is not None and is_lookup_of(target, self.unverified):
            raise NoSuchTarget(f"{target.module} is private here: no checksum database is asked about it")
        return target

    def _below_prefix(self, request: web.BaseRequest) -> str:
        path = request.raw_path.partition("?")[0]
        if not path.startswith("/"):
            path = urlsplit(path).path  # the absolute form, as sent to a proxy
        prefix = self.path_prefix + "/"
        if not path.startswith(prefix):
            raise NoSuchTarget(f"modules are served below {prefix}")
        return path.removeprefix(prefix)

    def _refused(self, target: Target) -> web.Response | None:
        refusal = self.allowlist.refuse(target.path)
        if refusal is None:
            return None
        self.refusals[refusal.mode.value] += 1
        if refusal.enforced:
            return responses.say(403, refusal.text)
        if target.kind in (Kind.INFO, Kind.LIST, Kind.LATEST):
            # One line for a module that is asked for, not one for each of its files.
            log.warning("DryRun: %s would be refused: %s", target, refusal.rule)
        return None


class Exchange:
    """What is known of a request for its counting; a refusal until something better is known."""

    endpoint = _OTHER
    code = 500
    outcome = Outcome.DENIED


def _abort(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()
