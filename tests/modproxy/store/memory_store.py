"""A store in memory: a real `Store` for tests that need no disk."""

import io
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from modproxy.store.protocol import LARGEST_BODY, Draft, StoredFile, StoreListener, etag_of


class MemoryDraft:
    """A file being written, in memory."""

    path: Path | None = None

    def __init__(self) -> None:
        self._data = bytearray()
        self.closed = False

    @property
    def written(self) -> int:
        return len(self._data)

    async def write(self, data: bytes) -> None:
        self._data += data

    def read(self, at: int, most: int) -> bytes:
        return bytes(self._data[at : at + most])

    def open(self) -> BinaryIO:
        return io.BytesIO(bytes(self._data))

    def close(self) -> None:
        self.closed = True


class MemoryStore:
    """Keeps files in a dict. While `refuses` is set, it stores no file, like a full disk."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[StoredFile, bytes]] = {}
        self.drafts: list[MemoryDraft] = []
        self.refuses = False
        self.used: Counter[str] = Counter()
        self._listeners: list[StoreListener] = []

    async def get(self, key: str) -> StoredFile | None:
        held = self.files.get(key)
        return held[0] if held else None

    def note_use(self, key: str) -> None:
        self.used[key] += 1

    async def open(self, file: StoredFile) -> BinaryIO:
        if file.key not in self.files:
            raise FileNotFoundError(file.key)
        return io.BytesIO(self.files[file.key][1])

    async def put(
        self, key: str, body: bytes, voucher: str = "", *, copy: bool = False, age: float = 0.0
    ) -> StoredFile | None:
        small, modified = body if len(body) <= LARGEST_BODY else None, time.time() - age
        file = StoredFile(key, len(body), modified, etag_of((body,)), body=small, voucher=voucher)
        return self._keep(file, body, copy=copy)

    async def draft(self, size: int | None, first: bytes = b"") -> MemoryDraft:
        self.drafts.append(MemoryDraft())
        await self.drafts[-1].write(first)
        return self.drafts[-1]

    async def publish(
        self, draft: Draft, key: str, dirhash: str, voucher: str = "", *, copy: bool = False
    ) -> StoredFile | None:
        data, etag = draft.read(0, draft.written), etag_of((dirhash.encode(),))
        file = StoredFile(key, len(data), time.time(), etag, dirhash=dirhash, voucher=voucher)
        return self._keep(file, data, copy=copy)

    def _keep(self, file: StoredFile, data: bytes, *, copy: bool) -> StoredFile | None:
        if self.refuses:
            return None
        self.files[file.key] = (file, data)
        for listener in self._listeners:
            listener.published(file.key, copy=copy)
        return file

    def age(self, key: str, seconds: float) -> None:
        """Make a file look as if it had been fetched that long ago."""
        file, data = self.files[key]
        self.files[key] = (replace(file, modified=file.modified - seconds), data)

    async def delete(self, key: str) -> None:
        if self.files.pop(key, None) is not None:
            for listener in self._listeners:
                listener.removed(key)

    def subscribe(self, listener: StoreListener) -> None:
        self._listeners.append(listener)
