"""The records of module versions in the checksum database, each read once for all files of its version."""

from functools import partial

from modproxy.mod.path import ModulePath
from modproxy.mod.sumdb import Database, SumdbTarget, hashes_of, lookup_target
from modproxy.mod.target import Target
from modproxy.mod.tlog import LogError, parse_record
from modproxy.mod.version import Version
from modproxy.source.protocol import NotFound, SourceError, Unavailable
from modproxy.source.shared_tasks import SharedTasks
from modproxy.source.tiles import DatabaseCache

_MOST_AHEAD = 64
"""Records that are read although nobody waits for them yet: a build asks for some ten versions at once."""
_REMEMBERED = 512
"""Records of some hundred bytes: the files of a version are asked for shortly one after the other."""

_Version = tuple[ModulePath, str]


class Records:
    """Reads records through the cache. Files of one version that are asked for at once share one reading."""

    def __init__(self, database: Database, cache: DatabaseCache) -> None:
        self._database = database.name
        self._cache = cache
        self._readings = SharedTasks[tuple[_Version, str], dict[str, str]]()
        """By version and Via header: requests that have passed other proxies are not shared, because two of them may
        wait for each other.
        """
        self._read: dict[_Version, dict[str, str]] = {}
        """What was read lately."""

    def begin(self, target: Target, via: str) -> None:
        """Begin to read the record of a version, whose hashes are wanted soon. An error is told to who wants them."""
        version = target.path, target.version
        if version not in self._read:
            self._readings.begin((version, via), partial(self._reading, target, via))

    def begin_ahead(self, target: Target, via: str) -> None:
        """Begin to read the record of a version of which other files are likely to be wanted."""
        if len(self._readings) < _MOST_AHEAD:
            self.begin(target, via)

    async def hashes(self, target: Target, via: str) -> dict[str, str]:
        """Return the `h1:` hashes of a version as `hashes_of` does. Raises `NotFound` and `Unavailable`."""
        version = target.path, target.version
        if (found := self._read.get(version)) is not None:
            return found
        return await self._readings.result((version, via), partial(self._reading, target, via))

    async def _reading(self, target: Target, via: str) -> dict[str, str]:
        version = Version(target.version)
        text = await _text_of_record(self._cache, lookup_target(self._database, target.path, version), via)
        found = hashes_of(text, target.path, version)
        if len(self._read) >= _REMEMBERED:
            del self._read[next(iter(self._read))]
        self._read[target.path, target.version] = found
        return found


async def _text_of_record(cache: DatabaseCache, target: SumdbTarget, via: str) -> bytes:
    """Return the text of a module version's record. Raises `NotFound` and `Unavailable`, with words for people."""
    try:
        return parse_record(await cache.read(target, via)).text
    except NotFound as e:
        raise NotFound(
            f"{target.module}@{target.version}: checksum database {target.database} does not know it, so it cannot be "
            f"verified; if it is private, name it in upstream.goprivate\n{e.reason}"
        ) from None
    except Unavailable as e:
        raise Unavailable(
            f"{target.module}@{target.version} cannot be verified: {e.reason}", e.status, cause=e.cause
        ) from None
    except (SourceError, LogError) as e:
        raise Unavailable(f"{target.module}@{target.version} cannot be verified: {e}") from None
