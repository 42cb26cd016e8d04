"""Where files come from that go into a bundle: a fleet or another module proxy, or a folder with the same layout."""

import asyncio
import shutil
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from goproxy_operator.client.failure import ClientError, UsageError
from goproxy_operator.client.fleet_client import FleetClient, Refused

_PIECE = 256 << 10
_ABSENT = frozenset([404, 410])


class Origin(Protocol):
    """Has files under the URL paths of a module proxy."""

    name: str
    """The origin in words."""

    async def read(self, path: str, largest: int) -> bytes | None:
        """Return a small file; None where there is none. Raises `ClientError`, also for one that is too large."""
        ...

    async def save(self, path: str, largest: int, to: Path) -> bool:
        """Write a file to `to`, whole or not at all. Returns False where there is none. Raises `ClientError`."""
        ...


class FleetOrigin:
    """Asks a module proxy over HTTP."""

    def __init__(self, client: FleetClient) -> None:
        self.client = client
        self.name = client.url

    async def read(self, path: str, largest: int) -> bytes | None:
        """Return a small answer."""
        try:
            return await self.client.read(path, largest)
        except Refused as e:
            if e.status_code in _ABSENT:
                return None
            raise

    async def save(self, path: str, largest: int, to: Path) -> bool:
        """Write an answer to a file."""
        draft = to.with_name(f"{to.name}.part")
        try:
            async with self.client.request("GET", path) as response:
                with draft.open("wb") as file:
                    size = 0
                    async for piece in response.content.iter_chunked(_PIECE):
                        size += len(piece)
                        if size > largest:
                            raise ClientError(f"{self.name}/{path} has more than {largest} bytes, which is the most")
                        await asyncio.to_thread(file.write, piece)
        except Refused as e:
            if e.status_code in _ABSENT:
                return False
            raise
        draft.replace(to)
        return True


class FolderOrigin:
    """Reads a folder that has the layout of a module proxy's URLs, as GOPROXY=file:// has."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = str(root)

    async def read(self, path: str, largest: int) -> bytes | None:
        """Return a small file."""
        return await asyncio.to_thread(self._read, path, largest)

    def _read(self, path: str, largest: int) -> bytes | None:
        try:
            with (self.root / path).open("rb") as file:
                body = file.read(largest + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as e:
            raise ClientError(f"{self.root / path}: {e.strerror}") from None
        if len(body) > largest:
            raise ClientError(f"{self.root / path} has more than {largest} bytes, which is the most")
        return body

    async def save(self, path: str, largest: int, to: Path) -> bool:
        """Copy a file."""
        return await asyncio.to_thread(self.copy, self.root / path, largest, to)

    @staticmethod
    def copy(source: Path, largest: int, to: Path) -> bool:
        """Copy a file to its place."""
        draft = to.with_name(f"{to.name}.part")
        try:
            if not source.is_file():
                return False
            if source.stat().st_size > largest:
                raise ClientError(f"{source} has more than {largest} bytes, which is the most")
            shutil.copyfile(source, draft)
        except OSError as e:
            raise ClientError(f"{source}: {e.strerror}") from None
        draft.replace(to)
        return True


def folder_of(url: str) -> Path:
    """Return the folder of a file:// URL. Raises `UsageError`."""
    parts = urlsplit(url)
    folder = Path(unquote(parts.path))
    if parts.netloc or not folder.is_absolute() or not folder.is_dir():
        raise UsageError(f"{url} names no folder of this machine: write file:///PATH")
    return folder
