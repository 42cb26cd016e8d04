"""Reads an answer of the cache as the server does."""

from modproxy.cache.answer import Answer
from modproxy.store.protocol import Store


async def drained(answer: Answer, store: Store) -> bytes:
    """Read an answer to its end, and close it."""
    try:
        if answer.follower is not None:
            return b"".join([piece async for piece in answer.follower])
        if answer.body is not None:
            return answer.body
        assert answer.stored is not None
        return (await store.open(answer.stored)).read()
    finally:
        answer.close()
