"""`GET /-/why`: for clients about themselves, and on the admin listener about anybody."""

import asyncio
from http import HTTPStatus

from aiohttp import web

from modproxy.cache.answer import CacheStatus
from modproxy.contract.config import Verb
from modproxy.contract.why import Why
from modproxy.in_force import Rules
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.decide.head import SERVER
from modproxy.server.reply import Reply
from modproxy.server.turns import Turns
from modproxy.server.why.explaining import Explainer
from modproxy.server.why.question import QuestionError, fields_of, principal_of, question_of

WHY = "why"
_MOST_AT_ONCE = 8
"""Answers that are made at once: each may wait for the checksum database and the object store."""
_ASK_AGAIN = {"Retry-After": "2"}
_SAFE = {
    "Server": SERVER,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""No page of another site may read or keep the answer."""
_BUSY = "many such questions are being answered: ask again"


class WhyAction:
    """Answers clients."""

    proves_itself = False

    def __init__(self, explainer: Explainer, replica: str) -> None:
        """`replica` names this replica."""
        self._explainer = explainer
        self._replica = replica
        self._turns = Turns(_MOST_AT_ONCE)
        self._turns_of_keepers = asyncio.Semaphore(_MOST_AT_ONCE)

    async def reply(self, http: web.BaseRequest, arrival: Arrival, rules: Rules) -> Reply:
        """Tell the caller about himself. Raises `CancelledError`."""
        with self._turns.turn(arrival.principal) as has_one:
            if not has_one:
                return _error(ErrorAnswer(HTTPStatus.TOO_MANY_REQUESTS, _BUSY, _ASK_AGAIN))
            try:
                question = question_of(fields_of(http.query_string))
                why = await self._explainer.explain(question, arrival.principal, rules)
            except QuestionError as e:
                return _error(ErrorAnswer(HTTPStatus.BAD_REQUEST, f"bad request: {e}"))
        if not isinstance(why, Why):
            return Reply(WHY, CacheStatus.DENIED, why.error, by=why.by, verb=Verb.READ)
        response = web.Response(
            text=_json(why, self._replica),
            content_type="application/json",
            headers={**_SAFE, "X-Request-Id": arrival.id},
        )
        return Reply(WHY, CacheStatus.NONE, response=response, verb=Verb.READ)

    async def keepers(self, http: web.BaseRequest, rules: Rules) -> web.Response:
        """Answer the keepers of the fleet, on the admin listener, about any principal. Raises `CancelledError`."""
        if self._turns_of_keepers.locked():
            return web.Response(status=429, text=f"{_BUSY}\n", headers=_ASK_AGAIN)
        async with self._turns_of_keepers:  # clients cannot take these turns
            try:
                fields = fields_of(http.query_string)
                why = await self._explainer.explain(question_of(fields), principal_of(fields), rules, keeper=True)
            except QuestionError as e:
                return web.Response(status=400, text=f"bad request: {e}\n")
        if not isinstance(why, Why):
            return web.Response(status=why.error.status, text=why.error.text)
        return web.Response(text=_json(why, self._replica), content_type="application/json")


def _error(answer: ErrorAnswer) -> Reply:
    return Reply(WHY, CacheStatus.NONE, answer, verb=Verb.READ)


def _json(why: Why, replica: str) -> str:
    return why.model_copy(update={"replica": replica}).model_dump_json(by_alias=True, exclude_none=True) + "\n"
