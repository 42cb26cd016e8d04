"""Files of an object store, such as Athens keeps its modules in. The credentials come from the environment."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from goproxy_operator.client.failure import ClientError, UsageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_PIECE = 1 << 20
SCHEMES = ("s3://", "gs://", "az://")


class BucketOrigin:
    """Reads the files below a URL such as `s3://BUCKET/PREFIX`, as the usual variables of the cloud say.

    Raises `UsageError` for a URL or an environment that cannot be used.
    """

    def __init__(self, url: str) -> None:
        from obstore.store import from_url  # noqa: PLC0415 - it is loaded for object stores only

        self.name = url
        try:
            self._store: ObjectStore = from_url(url)
        except Exception as e:
            raise UsageError(f"{url} cannot be used: {_words(e)}") from None

    async def paths(self) -> list[str]:
        """Return the paths of all files. Raises `ClientError`."""
        import obstore  # noqa: PLC0415 - see above

        found: list[str] = []
        try:
            async for chunk in obstore.list(self._store):
                found.extend(one["path"] for one in chunk)
        except Exception as e:
            raise ClientError(f"{self.name} cannot be listed: {_words(e)}") from None
        return found

    async def read(self, path: str, largest: int) -> bytes | None:
        """Return a small file."""
        import obstore  # noqa: PLC0415 - see above

        try:
            result = await obstore.get_async(self._store, path)
            if result.meta["size"] > largest:
                raise ClientError(f"{self.name}: {path} has more than {largest} bytes, which is the most")
            return bytes(await result.bytes_async())
        except FileNotFoundError:
            return None
        except ClientError:
            raise
        except Exception as e:
            raise ClientError(f"{self.name}: {path} cannot be read: {_words(e)}") from None

    async def save(self, path: str, largest: int, to: Path) -> bool:
        """Write a file to `to`."""
        import obstore  # noqa: PLC0415 - see above

        draft = to.with_name(f"{to.name}.part")
        try:
            result = await obstore.get_async(self._store, path)
            if result.meta["size"] > largest:
                raise ClientError(f"{self.name}: {path} has more than {largest} bytes, which is the most")
            with draft.open("wb") as file:
                async for piece in result.stream(min_chunk_size=_PIECE):
                    await asyncio.to_thread(file.write, piece)
        except FileNotFoundError:
            return False
        except ClientError:
            raise
        except Exception as e:
            raise ClientError(f"{self.name}: {path} cannot be read: {_words(e)}") from None
        draft.replace(to)
        return True


def _words(error: Exception) -> str:
    """Return the first line of an error of obstore, which goes on with the whole request."""
    return str(error).strip().split("\n")[0][:300]
