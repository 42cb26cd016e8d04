"""A module tree on disk, as in `GOPROXY=file:///srv/modules`: it has the layout of a module cache's download folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from modproxy.request import Request
from modproxy.source.protocol import Fetched, NotFound, Unavailable

_CHUNK = 256 << 10


class FileTree:
    """Answers with the files below the folder that a `file://` URL names."""

    def __init__(self, url: str) -> None:
        self._root = Path(unquote(urlsplit(url).path))

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the file. Raises `NotFound` when there is none, `Unavailable` when it cannot be read."""
        target = request.target
        try:
            file = await asyncio.to_thread((self._root / target.key).open, "rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFound(f"{target}: not in the file tree of upstream.goproxy") from None
        except OSError as e:
            raise Unavailable(f"{target}: the file tree of upstream.goproxy: {e.strerror}") from None

        with file:
            yield Fetched(_chunks(file), None, "the file tree of upstream.goproxy")


async def read_file(path: Path) -> AsyncIterator[bytes]:
    """Yield a file piece by piece. The reading happens off the event loop."""
    file = await asyncio.to_thread(path.open, "rb")
    with file:
        async for chunk in _chunks(file):
            yield chunk


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, _CHUNK):
        yield chunk
