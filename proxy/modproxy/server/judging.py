"""Replies that what is known of versions may refuse, or trim: the last of the rules, in front of the cache."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace

from modproxy.cache.answer import CacheStatus
from modproxy.facts.judge import Judge, Verdict
from modproxy.in_force import Rules
from modproxy.mod.target import Kind, Target
from modproxy.policy.decision import RuleRefusal
from modproxy.request import Request
from modproxy.server.decide.errors import ErrorAnswer, failure
from modproxy.server.reply import Reply, status_of
from modproxy.server.trim import NAMING, trimmed_answer
from modproxy.source.protocol import SourceError

FromCache = Callable[[str, Request, Rules], Coroutine[None, None, Reply]]
"""Asks the cache, with the method of the request."""
Refusals = tuple[RuleRefusal, ...]


async def judged(method: str, request: Request, rules: Rules, ask: FromCache) -> tuple[Reply, Refusals]:
    """Return the reply, and what was refused: carried out in the reply, or only to be counted."""
    target, judge = request.target, rules.judge
    if judge is None or not isinstance(target, Target):
        return await ask(method, request, rules), ()
    try:
        if target.kind in NAMING:
            return await _trimmed(await ask(method, request, rules), target, judge)
        verdict = judge.at_once(target.path, target.version)
        if verdict is not None:
            if verdict.refused:
                return _by_verdict(verdict, target, None)
            return await ask(method, request, rules), verdict.refusals
        if request.cached_only:
            # Nothing is fetched for this request, so nobody is asked about what is not held.
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
        return _by_verdict(await _or_close(reply, asked), target, reply)
    except SourceError as e:
        return Reply(target.kind.value, status_of(e), failure(e)), ()


async def _or_close(reply: Reply, asking: Awaitable[Verdict]) -> Verdict:
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
