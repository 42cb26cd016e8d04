"""The verification of modules by the checksum database: of a go.mod file before its first byte is served, of a zip
before it is published and before its last bytes are served.

Source of the rules: "Checksum database" of the Go Modules Reference, and cmd/go/internal/modfetch.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from modproxy.mod.answer import LARGEST_MOD
from modproxy.mod.archive import go_mod_hash
from modproxy.mod.pattern import Pattern
from modproxy.mod.sumdb import Database
from modproxy.mod.target import Kind, Target
from modproxy.mod.vouching import is_exempt, verified_by
from modproxy.request import Request
from modproxy.source.checked import off_the_loop, read_small
from modproxy.source.protocol import Fetched, Mismatch, Source, once
from modproxy.source.records import Records
from modproxy.source.tiles import DatabaseCache


class Verified:
    """Compares the answers of a source with the checksum database, except for `exempt` modules (`gonosumdb`).

    With `ahead`, the record of a version is read already when the version's `.info` is fetched, because its other files
    are likely to be asked for next.
    """

    def __init__(
        self, source: Source, database: Database, cache: DatabaseCache, exempt: Sequence[Pattern], *, ahead: bool
    ) -> None:
        self._source = source
        self._database = database
        self._records = Records(database, cache)
        self._exempt = exempt
        self._ahead = ahead

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the answer of the wrapped source. Raises `Mismatch` when the database has another hash or none, and
        `SourceError` when the database cannot be read.
        """
        target, via = request.target, request.via
        if (
            not isinstance(target, Target)
            or target.kind not in (Kind.INFO, Kind.MOD, Kind.ZIP)
            or is_exempt(target.path, self._exempt)
        ):
            async with self._source.fetch(request) as fetched:
                yield fetched
            return
        if target.kind is Kind.INFO:
            if self._ahead and not request.cached_only:
                self._records.begin_ahead(target, via)
            async with self._source.fetch(request) as fetched:
                yield fetched
            return
        if not request.cached_only:  # nothing makes anything be fetched for what the fleet may not hold
            self._records.begin(target, via)
        async with self._source.fetch(request) as fetched:
            if target.kind is Kind.ZIP:

                async def check(dirhash: str) -> None:
                    if fetched.check_dirhash is not None:
                        await fetched.check_dirhash(dirhash)
                    hashes = await self._records.hashes(target, via)
                    _compare(target, fetched.origin, dirhash, hashes.get(target.version))

                yield replace(fetched, voucher=verified_by(fetched.voucher, self._database.id), check_dirhash=check)
                return
            # The source's context stays open until the answer was taken: with it ends the count of the bytes.
            body = await read_small(fetched, LARGEST_MOD)
            found = await off_the_loop(go_mod_hash, body)
            hashes = await self._records.hashes(target, via)
            _compare(target, fetched.origin, found, hashes.get(f"{target.version}/go.mod"))
            vouched = verified_by(fetched.voucher, self._database.id)
            yield replace(fetched, body=once(body), size=len(body), voucher=vouched)


def _compare(target: Target, origin: str, found: str, expected: str | None) -> None:
    if found == expected:
        return
    raise Mismatch(
        f"{target}: SECURITY: what {origin} sent is not what the checksum database vouches for; nothing was kept\n"
        f"sent:     {found}\n"
        f"database: {expected or 'no hash'}"
    )
