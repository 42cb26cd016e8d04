"""The answers of a checksum database that are held: a real cache of a few answers, in memory."""

import asyncio
from collections.abc import Awaitable, Callable

from modproxy.contract.config import CacheConfig
from modproxy.mod.sumdb import SumdbTarget
from modproxy.request import AnyTarget
from modproxy.source.protocol import SourceError, Unavailable


class HeldAnswers:
    """Holds answers by key. What is not held is read with `fetch`, and held."""

    def __init__(self, fetch: Callable[[AnyTarget], Awaitable[bytes]] | None = None) -> None:
        self.answers: dict[str, bytes] = {}
        self.fetch = fetch
        self.looked_for: list[str] = []
        """What `held` was asked for."""
        self.kept: list[str] = []
        """What was given to `keep`."""

    def admits(self, target: AnyTarget, voucher: str) -> bool:
        return True

    @property
    def times(self) -> CacheConfig:
        return CacheConfig()

    async def read(self, target: AnyTarget, via: str) -> bytes:
        if target.key not in self.answers:
            if self.fetch is None:
                raise Unavailable(f"{target}: no database in this test")
            return await self.fetch(target)
        return self.answers[target.key]

    async def held(self, target: SumdbTarget) -> bytes | None:
        self.looked_for.append(target.key)
        return self.answers.get(target.key)

    async def keep(self, target: SumdbTarget, body: bytes, voucher: str) -> None:
        self.kept.append(target.key)
        self.answers[target.key] = body


class OneRecord(HeldAnswers):
    """Answers every lookup with one text or one error. `lookups` has what was asked for."""

    def __init__(self, answer: bytes | SourceError) -> None:
        super().__init__()
        self.answer = answer
        self.lookups: list[str] = []

    async def read(self, target: AnyTarget, via: str) -> bytes:
        self.lookups.append(target.path)
        if isinstance(self.answer, SourceError):
            raise self.answer
        return self.answer


class SlowRecords(OneRecord):
    """Takes every lookup and never answers."""

    def __init__(self) -> None:
        super().__init__(b"")

    async def read(self, target: AnyTarget, via: str) -> bytes:
        await super().read(target, via)
        await asyncio.Event().wait()
        return b""
