"""The pages as actions: `/` for browsers, and `GET /-/modules`. A client sees what it may read, and nothing else."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from aiohttp import web

from modproxy.cache.answer import CacheStatus
from modproxy.contract.config import Verb
from modproxy.contract.report import Report
from modproxy.contract.why import Why
from modproxy.facts.examining import moment
from modproxy.facts.known_answers import claimed_time
from modproxy.identity.principal import Principal
from modproxy.in_force import Rules
from modproxy.mod.path import check_path
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version
from modproxy.policy.licenses import UNKNOWN
from modproxy.server.decide.arrival import PAGE, Arrival
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.decide.head import SERVER
from modproxy.server.decide.refusals import Refusal, check_access, refusal_by
from modproxy.server.page import views
from modproxy.server.page.frame import Frame, problem
from modproxy.server.page.index import HeldVersion, ModuleIndex
from modproxy.server.page.setup import setup_of
from modproxy.server.page.style import POLICY
from modproxy.server.recent_refusals import RecentRefusals
from modproxy.server.reply import Reply
from modproxy.server.turns import Turns
from modproxy.server.why.copies import Shelf, voucher_in_words
from modproxy.server.why.explaining import Explainer
from modproxy.server.why.question import QuestionError, fields_of, in_words, question_of
from modproxy.via import ViaEntry

_MOST_AT_ONCE = 8
"""Pages that are made at once."""
_ON_A_PAGE = 50
_LAST_PAGE = 1000
_MOST_REFUSALS = 30
_LONGEST_WORDS = 200
_SAFE = {
    "Server": SERVER,
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}
"""No page of another site may read, frame or keep what a page here shows (Fetch Standard; CSP Level 3; RFC 9111)."""
_TITLES = {401: "Sign in", 403: "Not for you", 404: "Not found", 400: "That cannot be asked", 429: "Too many at once"}


@dataclass(frozen=True, slots=True)
class PageParts:
    """Carries what the pages show."""

    own: ViaEntry
    report: Callable[[], Report]
    explainer: Explainer
    index: ModuleIndex
    shelf: Shelf
    refusals: RecentRefusals


class PageAction:
    """Answers browsers."""

    proves_itself = False

    def __init__(self, parts: PageParts) -> None:
        self._parts = parts
        self._turns = Turns(_MOST_AT_ONCE)

    async def reply(self, http: web.BaseRequest, arrival: Arrival, rules: Rules) -> Reply:
        """Make a page. Raises `CancelledError`."""
        frame = Frame(rules.prefix, rules.config.fleet or "", in_words(arrival.principal))
        with self._turns.turn(arrival.principal) as has_one:
            if not has_one:
                error = ErrorAnswer(
                    HTTPStatus.TOO_MANY_REQUESTS, "many pages are being made: ask again", {"Retry-After": "2"}
                )
                return _sent(arrival, problem(frame, _TITLES[429], error.text), Refusal(error))
            try:
                made = await self._page(http, frame, arrival, rules)
            except QuestionError as e:
                made = Refusal(ErrorAnswer(HTTPStatus.BAD_REQUEST, f"bad request: {e}"))
        if isinstance(made, Refusal):
            title = _TITLES.get(made.error.status, "Refused")
            return _sent(arrival, problem(frame, title, made.error.text), made)
        return _sent(arrival, made)

    async def _page(self, http: web.BaseRequest, frame: Frame, arrival: Arrival, rules: Rules) -> str | Refusal:
        refused = rules.permissions.refuse(arrival.principal, Verb.READ, None)
        if arrival.action == PAGE:
            if (refusal := check_access(arrival, rules, self._parts.own)) is not None:
                return refusal
            return self._start(http, frame, arrival.principal, rules, reads=refused is None)
        if refused is not None:
            return refusal_by(refused, None, rules)
        fields = fields_of(http.query_string)
        return await (self._module if "module" in fields else self._found)(frame, fields, arrival.principal, rules)

    def _start(self, http: web.BaseRequest, frame: Frame, principal: Principal, rules: Rules, *, reads: bool) -> str:
        report: Report | None = None
        with contextlib.suppress(OSError):
            report = self._parts.report()
        scheme = http.headers.get("X-Forwarded-Proto", "") or http.scheme
        setup = setup_of(rules, principal, scheme, http.headers.get("Host", ""))
        shown = self._parts.refusals.shown_to(principal, rules.permissions, _MOST_REFUSALS)
        named = reads and rules.permissions.tells_names(principal)
        return views.start(frame, setup, report, shown, time.time(), reads=reads, named=named)

    async def _found(
        self, frame: Frame, fields: dict[str, list[str]], principal: Principal, rules: Rules
    ) -> str | Refusal:
        words = fields.get("q", [""])[0].strip()[:_LONGEST_WORDS]
        number = fields.get("page", ["0"])[0]
        if not (number.isascii() and number.isdigit() and len(number) <= 4 and int(number) <= _LAST_PAGE):
            raise QuestionError(f"page has to be a number from 0 to {_LAST_PAGE}")
        may_read = partial(_may_read, rules, principal)
        page = await self._parts.index.search(words, may_read, int(number), _ON_A_PAGE)
        return views.found(frame, words, page, int(number))

    async def _module(
        self, frame: Frame, fields: dict[str, list[str]], principal: Principal, rules: Rules
    ) -> str | Refusal:
        question = question_of(fields)
        why = await self._parts.explainer.explain(question, principal, rules)
        if not isinstance(why, Why):
            return why
        now = time.time()
        if question.version:
            return views.version(frame, why, now)
        rows: list[views.VersionRow] = []
        total = 0
        if _may_read(rules, principal, question.module):
            path = check_path(question.module)
            held, total = await self._parts.index.versions(path, _ON_A_PAGE)
            rows = [await self._row(path, one, rules) for one in held]
        return views.module(frame, why, rows, total, now)

    async def _row(self, path: str, held: HeldVersion, rules: Rules) -> views.VersionRow:
        targets = [Target(check_path(path), Version(held.version), kind) for kind in (Kind.ZIP, Kind.MOD, Kind.INFO)]
        files = [await self._parts.shelf.look(target.key) for target in targets]
        vouched = next((words for file in files if file is not None and (words := voucher_in_words(file.voucher))), "")
        at = claimed_time(files[2].body) if files[2] is not None and files[2].body is not None else None
        licenses = rules.judge.licenses if rules.judge is not None else None
        known = licenses.known(path, held.version) if licenses is not None else None
        names = "" if known is None else " and ".join(one for one in known if one != UNKNOWN) or "none that is known"
        return views.VersionRow(held, (moment(at) if at is not None else None) or "", names, vouched)


def _may_read(rules: Rules, principal: Principal, path: str) -> bool:
    return rules.policy.refuse_imposed(check_path(path)) is None and Verb.READ in rules.permissions.rights(
        principal, path
    )


def _sent(arrival: Arrival, text: str, refusal: Refusal | None = None) -> Reply:
    headers = {**_SAFE, "X-Request-Id": arrival.id, **(refusal.error.headers if refusal is not None else {})}
    status = refusal.error.status if refusal is not None else HTTPStatus.OK
    response = web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=headers)
    by = refusal.by if refusal is not None else None
    cache = CacheStatus.DENIED if by is not None else CacheStatus.NONE
    return Reply(arrival.action, cache, response=response, by=by, verb=Verb.READ)
