"""What lists, `@latest` and queries say is left to what may be had, so that `go get -u` ends at such a version."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import groupby

from modproxy.facts.judge import Judge, Verdict
from modproxy.facts.known_answers import listed, named_version, newest_first, versions_of
from modproxy.mod.semver_ranges import order_of
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version, is_canonical
from modproxy.source.protocol import NotFound, SourceError

_WHOLE = 32
"""Versions of a list of which nothing is known yet and that are all asked about."""
_MOST_ASKED = 64
"""Of a longer list: the newest of each minor version, which the go command chooses among. What is asked about is
remembered, so that the next list asks about others."""
_MOST_ASKED_DEARLY = 4
"""Where version control has to be asked about each."""
_AT_ONCE = 16


async def trimmed(judge: Judge, target: Target, body: bytes) -> bytes | Verdict:
    """Return the answer without versions that may not be had, or the verdict where nothing is left to say.

    Raises `SourceError` when nobody can tell.
    """
    if target.kind is Kind.LIST:
        return await _list(judge, target, body)
    named = named_version(body)
    if not is_canonical(named):
        return body
    verdict: Verdict | NotFound
    try:
        verdict = await judge.decide(target.path, named)
    except NotFound as e:
        verdict = e
    if isinstance(verdict, Verdict):
        if not verdict.refused:
            return body
        if target.kind is Kind.QUERY:
            return verdict
    elif target.kind is Kind.QUERY:
        raise verdict
    other = await judge.newest(target.path, await versions_of(judge.answers, target.path), but=named)
    if other is not None:
        return await judge.answers.read(Target(target.path, Version(other), Kind.INFO), "")
    if isinstance(verdict, Verdict):
        return verdict
    raise verdict


async def _list(judge: Judge, target: Target, body: bytes) -> bytes:
    versions = listed(body)
    verdicts = {version: judge.at_once(target.path, version) for version in versions}
    unknown = [version for version, verdict in verdicts.items() if verdict is None]
    refused = {version for version, verdict in verdicts.items() if verdict is not None and verdict.refused}
    limit = asyncio.Semaphore(_AT_ONCE)

    async def ask(version: str) -> bool:
        async with limit:
            try:
                return await judge.may_be_had(target.path, version)
            except SourceError:
                return True  # asked for by name, it gets the reason

    async def ask_all(asked: Sequence[str]) -> list[str]:
        """Ask about versions, and return those that are refused."""
        may = await asyncio.gather(*map(ask, asked))
        found = [version for version, has in zip(asked, may, strict=True) if not has]
        refused.update(found)
        return found

    dear = not judge.by_log(target.path)
    if len(unknown) <= (_MOST_ASKED_DEARLY if dear else _WHOLE):
        await ask_all(unknown)
    else:
        lines = _lines(unknown)
        left = _MOST_ASKED_DEARLY if dear else _MOST_ASKED
        while lines and left > 0:
            asked = [line.pop(0) for line in lines[:left]]
            left -= len(asked)
            again = set(await ask_all(asked))
            lines = [line for version, line in zip(asked, lines, strict=False) if version in again and line]
    if not refused:
        return body
    return "".join(f"{version}\n" for version in versions if version not in refused).encode()


def _lines(versions: Iterable[str]) -> list[list[str]]:
    """Return the versions by their minor versions, each with the newest first, and the newest minor version first."""
    ordered = newest_first(list(versions))
    ordered.sort(key=lambda version: order_of(version)[0][:2], reverse=True)
    return [list(line) for _, line in groupby(ordered, key=lambda version: order_of(version)[0][:2])]
