"""Which modules are held elsewhere: by other replicas, and in the object store or the depot.

The owner of a module looks after it. An owner that is new holds no file of the module, and the webhook that told of the
module may have come to another replica.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence

import aiohttp
from yarl import URL

from modproxy.bucket.bucket import Bucket
from modproxy.bucket.depot import Depot, Listed, list_files
from modproxy.fleet.known_module import KNOWN_PATH, MOST_KNOWN, MOST_KNOWN_BYTES, KnownError, KnownModule, read_known
from modproxy.fleet.peers import Peers
from modproxy.mod.path import ModulePath, PathError, check_path, unescape
from modproxy.mod.pattern import Pattern, first_match

MOST_FILES = 200_000
"""Files of the object store that one look takes in: 200 requests."""
_PEER_SECONDS = 5.0
_GLOB = frozenset("*?[\\")
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

log = logging.getLogger(__name__)


class Elsewhere:
    """Asks for the modules. `object_store` is off where the config has none."""

    def __init__(self, peers: Peers | None, depot: Depot, object_store: Bucket) -> None:
        self._peers = peers
        self._depot = depot
        self._object_store = object_store

    async def of_peers(self, patterns: Sequence[Pattern]) -> dict[ModulePath, KnownModule]:
        """Ask all live replicas which modules they know. Raises nothing: one that gives no answer is left out."""
        peers = self._peers
        if peers is None:
            return {}
        answers = await asyncio.gather(*(self._of_peer(peers, one.address) for one in peers.members.live))
        found: dict[ModulePath, KnownModule] = {}
        for one in (one for answer in answers for one in answer):
            if len(found) < MOST_KNOWN and first_match(patterns, one.path) is not None:
                known = found.get(one.path)
                found[one.path] = known if known is not None and known.repository else one
        return found

    async def _of_peer(self, peers: Peers, address: str) -> list[KnownModule]:
        url = URL(f"http://{address}{KNOWN_PATH}", encoded=True)
        try:
            async with (
                asyncio.timeout(_PEER_SECONDS),
                peers.session.get(url, headers=peers.headers(), allow_redirects=False) as response,
            ):
                if response.status != 200:
                    log.info("a peer does not tell which modules it knows: it answers %d", response.status)
                    return []
                body = bytearray()
                while len(body) <= MOST_KNOWN_BYTES and (piece := await response.content.readany()):
                    body += piece
                if len(body) > MOST_KNOWN_BYTES:
                    raise KnownError("it is too long")
                return await asyncio.to_thread(read_known, bytes(body))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as e:
            log.warning("a peer does not tell which modules it knows: %s", e or type(e).__name__)
            return []

    async def of_bucket(self, patterns: Sequence[Pattern]) -> set[ModulePath]:
        """Return the modules that match, of which the object store or the depot has files. Raises `BucketError`."""
        found: set[ModulePath] = set()
        bucket = self._depot.bucket or self._object_store
        if bucket.settings is None:
            return found
        room = MOST_FILES
        for prefix in prefixes(patterns):
            files, more = await list_files(bucket, prefix, room)
            found |= await asyncio.to_thread(modules_of, files, patterns)
            room -= len(files)
            if more or room <= 0 or len(found) >= MOST_KNOWN:
                log.warning("sync looks at no more than %d files of the object store", MOST_FILES)
                break
        return found


def prefixes(patterns: Iterable[Pattern]) -> list[str]:
    """Return the folders of a store below which modules can match: "" for all of it. None is below another one."""
    found: list[str] = []
    for folder in sorted({_literal(one.text) for one in patterns}):
        if not any(one in ("", folder) or folder.startswith(f"{one}/") for one in found):
            found.append(folder)
    return found


def _literal(pattern: str) -> str:
    """Return the first elements without a glob, as keys have them."""
    elements = []
    for one in pattern.split("/"):
        if _GLOB & set(one):
            break
        elements.append("".join(f"!{c.lower()}" if c in _LETTERS else c for c in one))
    return "/".join(elements)


def modules_of(files: Iterable[Listed], patterns: Sequence[Pattern]) -> set[ModulePath]:
    """Return the modules that match, of which there are files."""
    found: set[ModulePath] = set()
    seen: set[str] = set()
    for one in files:
        folder, at, _ = one.key.partition("/@v/")
        if not at or folder in seen:
            continue
        seen.add(folder)
        try:
            path = check_path(unescape(folder))
        except PathError:
            continue
        if first_match(patterns, path) is not None:
            found.add(path)
    return found
