"""The action `webhook`: forges tell of pushed tags and branches.

A body is believed after its proof only. What is told again does nothing again, because most forges sign no time: who
has recorded a webhook may send it later. The work is done behind the answer, because forges wait for few seconds.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

from aiohttp import web

from modproxy.cache.answer import CacheStatus
from modproxy.cache.memo import Memo
from modproxy.contract.config import Verb
from modproxy.in_force import Rules
from modproxy.mod.strict_json import read_object
from modproxy.policy.decision import RuleKind, RuleRefusal
from modproxy.quoting import escape_controls
from modproxy.server.actions import BodyError, read_body
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.decide.head import SERVER
from modproxy.server.reply import Reply
from modproxy.sync.concerned import Hint
from modproxy.sync.events import EventError, Push, is_ping, read_push
from modproxy.sync.forge import Forge, Sender, sender_of
from modproxy.sync.proof import Lack, WebhookKeys, lack_of_proof, may_prove
from modproxy.sync.rate import Rate
from modproxy.sync.webhook_secret import WebhookSecret

WEBHOOK = "webhook"
_MOST_BYTES = 5 << 20
"""Of a body. GitHub sends up to 25 MiB, where a push has thousands of commits; the push of a tag has a few thousand."""
_MOST_BODIES = 8
"""At once: each is in memory before it is known who sends it. One more takes the place of the oldest, which is refused:
who sends slowly, or not at all, must not hold up a forge."""
_BODY_SECONDS = 10.0
"""How long a body may take. GitHub and Bitbucket wait no longer for the whole answer."""
_LOOK_SECONDS = 2.0
"""How often it is looked whether the Secret has changed."""
_SMALL = 64 << 10
"""Bytes of a body that is hashed and read on the event loop."""
_MOST_SHOWN = 64
"""Module paths of an answer."""
_REMEMBERED = 10_000
_REMEMBERED_SECONDS = 300.0
"""How long a delivery does nothing again. It is short, because people press "Redeliver" when something went wrong."""
_A_SECOND = 10.0
"""Proved webhooks a second that are taken in the long run: of thousands of developers."""
_AT_ONCE = 200
"""Proved webhooks that may come at the same moment."""
_UNPROVED_A_SECOND = 1.0
_UNPROVED_AT_ONCE = 50
"""Requests without proof that are told what is wrong with them."""
_LACKS = {
    Lack.UNSIGNED: (
        401,
        "this webhook has no signature: set its secret at the forge, which the fleet's Secret has too",
    ),
    Lack.WEAK: (403, "the signature is of SHA-1, which proves nothing any more: let the forge sign with SHA-256"),
    Lack.WRONG: (403, "the signature, token or login is not what the Secret of the fleet has: compare both"),
    Lack.LATE: (403, "the time of the signature is more than five minutes off: look at the clocks"),
}

log = logging.getLogger(__name__)

Take = Callable[[Push, Rules], Awaitable[tuple[Hint, ...] | None]]
"""Takes up a push. Returns what it concerns; None where there is no room for it."""


class Webhooks:
    """Takes webhooks of forges, and hands on what they tell. `clock` is in seconds since the epoch."""

    proves_itself = True

    def __init__(self, take: Take, clock: Callable[[], float] = time.time) -> None:
        self._take = take
        self._clock = clock
        self.secret = WebhookSecret()
        self.counts: Counter[tuple[str, str]] = Counter()
        """How webhooks ended, by forge and outcome, for metrics."""
        self._seen: Memo[str, bool] = Memo(_REMEMBERED, time.monotonic)
        self._arriving: dict[asyncio.Timeout, None] = {}
        """The bodies that are not proved yet, the oldest first."""
        self._proved_rate = Rate(_A_SECOND, _AT_ONCE, time.monotonic)
        self._unproved_rate = Rate(_UNPROVED_A_SECOND, _UNPROVED_AT_ONCE, time.monotonic)

    async def follow(self, rules: Callable[[], Rules]) -> NoReturn:
        """Look at the Secret again and again, without end, so that the report tells of one that cannot be used."""
        while True:
            await asyncio.to_thread(self.secret.look, secret_folder(rules()))
            await asyncio.sleep(_LOOK_SECONDS)

    async def reply(self, http: web.BaseRequest, arrival: Arrival, rules: Rules) -> Reply:
        """Take a webhook. Raises `CancelledError` and `ConnectionError`."""
        sender = sender_of(http.headers)
        forge = sender.forge.value if sender is not None else "unknown"
        try:
            taken = await self._answer(http, sender, rules)
        except BodyError as e:
            outcome, by = (e.outcome, e.by) if isinstance(e, _NotTaken) else ("malformed", None)
            if by is not None and not self._unproved_rate.take():
                # Only words are saved. Whoever proves a webhook is counted apart, and comes through.
                outcome, by, e = "refused", None, _TOO_MANY_UNPROVED
            self.counts[forge, outcome] += 1
            if by is not None:
                log.warning("a webhook of %s is refused: %s", forge, by.rule)
            return Reply(WEBHOOK, CacheStatus.NONE, e.answer, by=by, verb=Verb.FETCH)
        self.counts[forge, taken.outcome] += 1
        return Reply(WEBHOOK, CacheStatus.NONE, response=_response(taken, arrival.id), verb=Verb.FETCH)

    async def _answer(self, http: web.BaseRequest, sender: Sender | None, rules: Rules) -> "_Taken":
        keys = await self._keys(rules)
        if sender is None:
            raise _NotTaken("malformed", 400, "this is no webhook of a forge that is known here: no header names one")
        if not may_prove(sender, http.headers):
            if is_ping(sender) and sender.forge is Forge.BITBUCKET_DATA_CENTER:
                # Its button for a test signs nothing in some versions.
                return _Taken("ping", "this fleet can be reached; an unsigned ping says nothing of the secret")
            raise _refused(Lack.UNSIGNED)
        if sender.forge is Forge.AZURE_DEVOPS and (
            lack := lack_of_proof(sender, http.headers, b"", keys, self._clock())
        ):
            raise _refused(lack)  # a login proves itself without the body
        if http.content_type != "application/json":
            reason = "the content type has to be application/json: choose JSON at the forge, and not a form"
            raise _NotTaken("malformed", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, reason)
        digest, payload = await self._arrived(http, sender, keys)
        if not self._proved_rate.take():
            raise _NotTaken("busy", HTTPStatus.TOO_MANY_REQUESTS, "too many webhooks come: send it again", "5")
        return await self._believed(sender, digest, payload, rules)

    async def _arrived(self, http: web.BaseRequest, sender: Sender, keys: WebhookKeys) -> tuple[str, dict[str, Any]]:
        """Return the digest of a body that is proved, and what it says. Raises `BodyError`."""
        try:
            async with asyncio.timeout(_BODY_SECONDS) as limit:
                if len(self._arriving) >= _MOST_BODIES:
                    oldest = next(iter(self._arriving))
                    del self._arriving[oldest]
                    oldest.reschedule(asyncio.get_running_loop().time())
                self._arriving[limit] = None
                try:
                    body = await read_body(http, _MOST_BYTES)
                    headers, now = http.headers, self._clock()
                    if len(body) <= _SMALL:
                        return _proved(sender, headers, body, keys, now)
                    return await asyncio.to_thread(_proved, sender, headers, body, keys, now)
                finally:
                    self._arriving.pop(limit, None)
        except TimeoutError:
            reason = "the body comes too slowly beside others: send it again"
            raise _NotTaken("busy", HTTPStatus.TOO_MANY_REQUESTS, reason, "5") from None

    async def _believed(self, sender: Sender, digest: str, payload: dict[str, Any], rules: Rules) -> "_Taken":
        if is_ping(sender):
            return _Taken("ping", "this fleet takes the webhooks of this forge")
        try:
            push = read_push(sender, payload)
        except EventError as e:
            raise _NotTaken("malformed", 400, f"the body is not what {sender.forge.value} sends: {e}") from None
        if push is None:
            return _Taken("ignored", "nothing to do: this event tells of no tag and no branch")
        names = [f"{sender.forge.value} {name}" for name in (sender.delivery or push.delivery, digest) if name]
        if any(self._seen.get(name) for name in names):
            return _Taken("repeated", "nothing to do: this delivery was taken before")
        for change in push.changes:
            if change.tag and (change.deleted or change.moved):
                what = "deleted" if change.deleted else "moved to another commit"
                log.warning(
                    "tag %s of %s was %s at the forge: a version that the fleet holds stays as it is",
                    escape_controls(change.name), escape_controls(push.places[0]), what,
                )  # fmt: skip
        hints = await self._take(push, rules)
        if hints is None:
            reason = "too much is to be looked at already: send it again; the schedule finds it too"
            raise _NotTaken("busy", HTTPStatus.TOO_MANY_REQUESTS, reason, "60")
        for name in names:
            self._seen.put(name, True, _REMEMBERED_SECONDS)
        if not hints:
            return _Taken("ignored", "nothing to do: no module of this repository is kept complete (sync.modules)")
        return _Taken("taken", "what is new is fetched now", tuple(dict.fromkeys(hint.path for hint in hints)))

    async def _keys(self, rules: Rules) -> WebhookKeys:
        folder = secret_folder(rules)
        if folder is None:
            reason = "not found: this fleet takes no webhooks (sync.webhookSecretName)"
            raise _NotTaken("unready", HTTPStatus.NOT_FOUND, reason)
        await asyncio.to_thread(self.secret.look, folder)
        if self.secret.problem is not None:
            reason = "this fleet takes no webhook, because its own Secret cannot be used: its keepers have to mend that"
            raise _NotTaken("unready", HTTPStatus.SERVICE_UNAVAILABLE, reason, "60")
        return self.secret.keys


@dataclass(frozen=True, slots=True)
class _Taken:
    """Tells what became of a webhook that is from a forge."""

    outcome: str
    message: str
    modules: tuple[str, ...] = ()


class _NotTaken(BodyError):
    """A webhook is not taken. `outcome` is what it counts as."""

    def __init__(
        self, outcome: str, status: int, reason: str, retry_after: str = "", by: RuleRefusal | None = None
    ) -> None:
        super().__init__(ErrorAnswer(status, reason, {"Retry-After": retry_after} if retry_after else {}))
        self.outcome = outcome
        self.by = by


_TOO_MANY_UNPROVED = _NotTaken(
    "refused", HTTPStatus.TOO_MANY_REQUESTS, "too many webhooks come that prove nothing: send it again", "5"
)


def _proved(
    sender: Sender, headers: Mapping[str, str], body: bytes, keys: WebhookKeys, now: float
) -> tuple[str, dict[str, Any]]:
    """Return the digest of a body that is proved, and what it says. Raises `BodyError`."""
    lack = lack_of_proof(sender, headers, body, keys, now)
    if lack is not None:
        raise _refused(lack)
    try:
        return hashlib.sha256(body).hexdigest(), read_object(body)
    except ValueError as e:
        raise _NotTaken("malformed", 400, f"the body is not what a forge sends: {e}") from None


def _refused(lack: Lack) -> _NotTaken:
    status, words = _LACKS[lack]
    by = RuleRefusal(RuleKind.IDENTITY, words, f"{words}\n", status=status)
    return _NotTaken("refused", status, words, by=by)


def secret_folder(rules: Rules) -> Path | None:
    """Return where the Secret of webhooks is; None where the config names none."""
    sync = rules.config.sync
    if sync is None or sync.webhook_secret_name is None:
        return None
    return Path(rules.config.secrets_dir) / sync.webhook_secret_name


def _response(taken: _Taken, request_id: str) -> web.Response:
    """Answer 202 where something is done behind the answer, and 200 where nothing is to be done."""
    shown = {"message": taken.message, "modules": taken.modules[:_MOST_SHOWN]}
    headers = {"Server": SERVER, "Cache-Control": "no-store", "X-Request-Id": request_id}
    status = HTTPStatus.ACCEPTED if taken.modules else HTTPStatus.OK
    return web.Response(status=status, text=json.dumps(shown) + "\n", content_type="application/json", headers=headers)
