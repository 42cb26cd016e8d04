"""Replies that what is known of versions may refuse, or trim: the last of the rules, in front of the cache."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import TypeVar

from modproxy.cache.answer import CacheStatus
from modproxy.cache.flight import CutShort
from modproxy.contract.config import PolicyMode
from modproxy.facts.judge import Judge, Verdict
from modproxy.facts.license_judge import LicenseJudge
from modproxy.in_force import Rules
from modproxy.mod.target import Kind, Target
from modproxy.policy.decision import RuleRefusal
from modproxy.request import Request
from modproxy.server.decide.errors import ErrorAnswer, failure
from modproxy.server.reply import Reply, status_of
from modproxy.server.trim import NAMING, trimmed_answer
from modproxy.source.protocol import NotFound, NotHeld, SourceError, Unavailable

FromCache = Callable[[str, Request, Rules], Coroutine[None, None, Reply]]
"""Asks the cache, with the method of the request."""
Refusals = tuple[RuleRefusal, ...]
T = TypeVar("T")


async def judged(method: str, request: Request, rules: Rules, ask: FromCache) -> tuple[Reply, Refusals]:
    """Return the reply, and what was refused: carried out in the reply, or only to be counted."""
    target, judge = request.target, rules.judge
    if judge is None or not isinstance(target, Target):
        return await ask(method, request, rules), ()
    if request.cached_only:
        judge = judge.of_held  # no question about a version makes anything be fetched either
    try:
        if target.kind in NAMING:
            return await _trimmed(await ask(method, request, rules), target, judge)
        licenses = judge.licenses
        zip_wanted = target.kind is Kind.ZIP and method == "GET"
        if licenses is not None and zip_wanted and licenses.lacks(target.path, target.version):
            return await _looked_at(target, partial(ask, method, request, rules), judge, licenses)
        verdict = judge.at_once(target.path, target.version)
        if verdict is not None:
            if verdict.refused:
                return _by_verdict(verdict, target, None)
            return await ask(method, request, rules), verdict.refusals
        if request.cached_only:
            # Nobody is asked about what is not held.
            reply = await ask(method, request, rules)
            if reply.answer is None:
                return reply, ()
            return _by_verdict(await _or_close(reply, judge.decide(target.path, target.version)), target, reply)
        if target.kind is Kind.ZIP:
            verdict = await judge.decide(target.path, target.version)
            return _by_verdict(verdict, target, None if verdict.refused else await ask(method, request, rules))
        # A small file is fetched while somebody is asked about its version.
        asked = asyncio.ensure_future(judge.decide(target.path, target.version))
        try:
            reply = await ask(method, request, rules)
        except BaseException:
            asked.cancel()
            raise
        try:
            return _by_verdict(await _or_close(reply, asked), target, reply)
        except NotFound:
            if reply.answer is not None:
                raise
            return reply, ()  # it says itself that there is no such version
    except SourceError as e:
        answer = failure(e, named=rules.permissions.tells_names(request.principal))
        return Reply(target.kind.value, status_of(e), answer, lacking=isinstance(e, NotHeld)), ()


async def _looked_at(
    target: Target, ask: Callable[[], Awaitable[Reply]], judge: Judge, licenses: LicenseJudge
) -> tuple[Reply, Refusals]:
    """Answer with a zip whose licences are found first.

    In DryRun a zip is not held back while it is fetched: its licences are found when it is asked for again, or when it
    is taken up as a hit.
    """
    verdict = await judge.decide(target.path, target.version)
    if verdict.refused:
        return _by_verdict(verdict, target, None)
    reply = await ask()
    if reply.answer is not None and reply.answer.follower is not None:
        if licenses.mode is PolicyMode.DRY_RUN:
            return _by_verdict(verdict, target, reply)
        await _to_its_end(reply, target)
        reply = await ask()
    if reply.answer is None:
        return reply, ()
    file = reply.file or (io.BytesIO(reply.answer.body) if reply.answer.body is not None else None)
    if file is None:
        reply.close()
        raise Unavailable(f"{target}: its licences cannot be found while this replica stores no file", 503)
    await _or_close(reply, licenses.look(target.path, target.version, file))
    return _by_verdict(await _or_close(reply, judge.decide(target.path, target.version)), target, reply)


async def _to_its_end(reply: Reply, target: Target) -> None:
    """Wait until a zip is fetched. Raises `SourceError`."""
    try:
        if reply.answer is not None and reply.answer.follower is not None:
            async for _ in reply.answer.follower:
                pass
    except CutShort as e:
        raise Unavailable(f"{target}: {e}") from None
    finally:
        reply.close()


async def _or_close(reply: Reply, asking: Awaitable[T]) -> T:
    try:
        return await asking
    except BaseException:
        reply.close()
        raise


def _by_verdict(verdict: Verdict, target: Target, reply: Reply | None) -> tuple[Reply, Refusals]:
    enforced = next((refusal for refusal in verdict.refusals if refusal.enforced), None)
    if enforced is not None:
        if reply is not None:
            reply.close()
        error = ErrorAnswer(enforced.status, enforced.text)
        return Reply(target.kind.value, CacheStatus.DENIED, error, by=enforced), verdict.refusals
    if reply is None:
        raise AssertionError("what is not refused was asked for")
    return reply, verdict.refusals


async def _trimmed(reply: Reply, target: Target, judge: Judge) -> tuple[Reply, Refusals]:
    """Return the reply without the versions that may not be had. Raises `SourceError`."""
    if reply.answer is None:
        return reply, ()
    try:
        answer = await trimmed_answer(reply.answer, reply.file, target, judge)
    except BaseException:
        reply.close()
        raise
    if isinstance(answer, Verdict):
        return _by_verdict(answer, target, reply)
    if answer is not reply.answer and reply.file is not None:
        reply.file.close()
        return replace(reply, answer=answer, file=None), ()
    return replace(reply, answer=answer), ()
