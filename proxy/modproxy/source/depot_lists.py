"""The lists of modules where no upstream is asked: the versions that were imported into the depot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modproxy.bucket.bucket import BucketError
from modproxy.bucket.depot import Depot
from modproxy.mod.path import PathError, escape, unescape
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import is_canonical, is_pseudo
from modproxy.mod.vouching import CameFrom, voucher
from modproxy.request import Request
from modproxy.source.protocol import Fetched, NotFound, Source, Unavailable, once

_MOST_FILES = 40_000
"""Files of one module: ten thousand versions."""
_SUFFIX = ".info"


class DepotLists:
    """Answers lists with what the depot has, and everything else with `inner`."""

    def __init__(self, inner: Source, depot: Depot) -> None:
        self._inner = inner
        self._depot = depot

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the list, or the answer of the wrapped source. Raises `SourceError`."""
        target = request.target
        if isinstance(target, Target) and target.kind is Kind.LIST and not request.cached_only:
            body = await self._list(target)
            yield Fetched(once(body), len(body), "the depot", voucher(CameFrom.BUNDLE))
            return
        async with self._inner.fetch(request) as fetched:
            yield fetched

    async def _list(self, target: Target) -> bytes:
        try:
            files, _ = await self._depot.list(f"{escape(target.path)}/@v", _MOST_FILES)
        except (BucketError, TimeoutError) as e:
            raise Unavailable(f"{target}: the depot gives no list: {e}") from None
        names = (file.key.rpartition("/")[2] for file in files)
        found = [version for name in names if (version := _version(name)) is not None]
        if not found:
            raise NotFound(f"{target}: no upstream is asked, by off in upstream.goproxy, and nothing was imported")
        return "".join(f"{version}\n" for version in sorted(found)).encode()


def _version(name: str) -> str | None:
    try:
        version = unescape(name.removesuffix(_SUFFIX))
    except PathError:
        return None
    return version if name.endswith(_SUFFIX) and is_canonical(version) and not is_pseudo(version) else None
