"""Answers that are left to what may be had: a reply of the cache, and the reply that clients get in its place."""

import asyncio
from dataclasses import replace
from typing import BinaryIO

from modproxy.cache.answer import Answer
from modproxy.facts.judge import Judge, Verdict
from modproxy.facts.trimming import trimmed
from modproxy.mod.target import Kind, Target
from modproxy.store.protocol import LARGEST_BODY, etag_of

NAMING = frozenset([Kind.LIST, Kind.LATEST, Kind.QUERY])
"""Answers that name versions, and so are judged by what they say."""


async def trimmed_answer(answer: Answer, file: BinaryIO | None, target: Target, judge: Judge) -> Answer | Verdict:
    """Return the answer as clients may have it: the same one where nothing is left out. Raises `SourceError`.

    An answer that says something else than the stored file has a tag of its own, and its stored file tells the memo of
    hits what was really answered.
    """
    body = await _whole(answer, file)
    found = await trimmed(judge, target, body)
    if isinstance(found, Verdict):
        return found
    if found == body and answer.follower is None:
        return answer
    answer.close()
    tag = etag_of((found,))
    stored = None
    if answer.stored is not None and len(found) <= LARGEST_BODY:
        stored = replace(answer.stored, size=len(found), etag=tag, body=found)
    return replace(answer, size=len(found), body=found, stored=stored, etag=tag, follower=None)


async def _whole(answer: Answer, file: BinaryIO | None) -> bytes:
    if answer.body is not None:
        return answer.body
    if answer.follower is not None:
        return b"".join([piece async for piece in answer.follower])
    if file is None:
        return b""
    body = await asyncio.to_thread(file.read)
    file.seek(0)
    return body
