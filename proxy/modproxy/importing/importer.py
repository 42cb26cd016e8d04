"""One import after the other: verified, judged, written down, put into the depot; and carried on after a restart."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from modproxy.bucket.bucket import BucketError
from modproxy.bucket.depot import Depot
from modproxy.cache.changes import Changes
from modproxy.fleet.change import Change
from modproxy.importing.heads import HeadInForce
from modproxy.importing.judging import Rejected, Taken, Terms, Way, judge
from modproxy.importing.placing import Placing, Publications
from modproxy.importing.spool import Spool
from modproxy.in_force import InForce, Rules
from modproxy.mod.bundle.archive_format import BundleError
from modproxy.mod.bundle.reading import CheckedBundle, check_bundle
from modproxy.mod.path import ModulePath
from modproxy.mod.pattern import parse_pattern
from modproxy.mod.sumdb import Database
from modproxy.mod.version import Version
from modproxy.source.protocol import SourceError
from modproxy.threads import Pool

_AT_ONCE = 8
"""Versions that are compared with the depot, or put into it, at once."""
_AGAIN_SECONDS = 30.0
"""How long an import that the depot did not take waits for the next attempt."""
Item = TypeVar("Item")
Elsewhere = Callable[[ModulePath, Version, Rules], Awaitable[bool]]
VERIFYING, COMPARING, PLACING = "verifying", "comparing", "placing"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome:
    """Says what becomes of a bundle, and how far it is."""

    doing: str = VERIFYING
    done: int = 0
    of: int = 0
    imported: int = 0
    same: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    records: int | None = None
    """The size of the bundle's tree; None without one that was proved."""

    def begin(self, doing: str, of: int) -> None:
        """Begin the next part of the work."""
        self.doing, self.done, self.of = doing, 0, of


class Importer:
    """Imports bundles into the depot, one at a time. `busy` is held from the first byte of a bundle to its end."""

    def __init__(
        self,
        spool: Spool,
        depot: Depot,
        in_force: InForce,
        *,
        heads: HeadInForce,
        changes: Changes,
        publications: Publications,
        elsewhere: Elsewhere,
    ) -> None:
        """`elsewhere` says whether an upstream or a repository has a version; it raises `SourceError`."""
        self.spool = spool
        self.busy = asyncio.Lock()
        self._publications = publications
        self._elsewhere = elsewhere
        self._depot, self._in_force, self._heads, self._changes = depot, in_force, heads, changes
        self._checks = Pool("import", 1)
        self._left = asyncio.Event()
        """Set while there may be a plan that was not carried out."""
        self._left.set()

    async def run(self, bundle: Path, outcome: Outcome) -> None:
        """Import a bundle of the spool. Raises `BundleError`, with nothing taken, and `BucketError` and `OSError`."""
        rules, database = self._in_force.rules, self._in_force.sources.database
        try:
            outcome.begin(VERIFYING, (await asyncio.to_thread(bundle.stat)).st_size)
            checked = await self._check(bundle, database, outcome)
            if database is not None:
                await self._heads.prove(database, checked, bundle, rules)
            placing = self._placing(bundle, checked, rules)
            taken = await self._judge(checked, placing, rules, database, outcome)
            if self._depot.in_own_folder:
                await asyncio.to_thread(self._check_room, placing.size_of(taken))
            await asyncio.to_thread(self.spool.commit, bundle, taken)
        except BaseException:
            await asyncio.to_thread(self.spool.remove, bundle)
            raise
        await self._carry_out(bundle, checked, placing, taken, outcome)

    async def _check(self, bundle: Path, database: Database | None, outcome: Outcome) -> CheckedBundle:
        def told(done: int) -> None:
            outcome.done = done

        def check() -> CheckedBundle:
            with bundle.open("rb") as file:
                return check_bundle(file, database, told)

        checked = await self._checks.run(check)
        outcome.records = checked.tree.size if checked.tree is not None else None
        return checked

    def _check_room(self, needed: int) -> None:
        """Refuse what the folder of this replica cannot take beside the bundle: its import would never end. Blocks."""
        if needed > (room := self.spool.room()):
            raise BundleError(
                f"this replica has room for {room} bytes more, and it needs {needed}: make the volume larger "
                "(spec.cache.storage.size), use an object store, or export the versions in parts"
            )

    def _placing(self, bundle: Path, checked: CheckedBundle, rules: Rules) -> Placing:
        return Placing(self._depot, self._publications, bundle, checked, rules.admission.admits)

    async def _judge(
        self, checked: CheckedBundle, placing: Placing, rules: Rules, database: Database | None, outcome: Outcome
    ) -> list[Taken]:
        """Return what is taken; what the depot has already as it is counts as the same."""
        config, log_of = rules.config, checked.manifest.log
        terms = Terms(
            database.id if database is not None else None,
            tuple(map(parse_pattern, config.upstream.not_proxied)),
            rules.unverified,
            tuple(map(parse_pattern, config.hosted.modules)) if config.hosted is not None else (),
        )
        versions = checked.manifest.versions
        outcome.begin(COMPARING, len(versions))
        judged = [judge(version, log_of.database if log_of is not None else None, terms) for version in versions]
        found: list[Taken] = []

        async def compare(one: Taken | Rejected) -> None:
            if isinstance(one, Taken) and one.way is Way.HOSTED and not one.alone:
                one = await self._unless_elsewhere(one, rules)
            there = await placing.compare(one) if isinstance(one, Taken) else one
            outcome.done += 1
            if isinstance(there, Rejected):
                outcome.rejected.append(there)
            elif isinstance(one, Taken):
                found.append(one)

        await _each(judged, compare)
        outcome.rejected.sort(key=lambda one: one.version)
        return sorted(found, key=lambda one: one.version)

    async def _unless_elsewhere(self, taken: Taken, rules: Rules) -> Taken | Rejected:
        """Reject what a publisher could not publish, because it would have two contents."""
        version, own = taken.version, "if it is the fleet's own, name it in hosted.modules"
        try:
            if not await self._elsewhere(version.module, version.version, rules):
                return taken
        except SourceError as e:
            return Rejected(version, f"whether it exists elsewhere cannot be found out: {e.reason}; {own}")
        return Rejected(version, f"it exists already elsewhere, where this fleet has its modules from: {own}")

    async def _carry_out(
        self, bundle: Path, checked: CheckedBundle, placing: Placing, taken: Sequence[Taken], outcome: Outcome
    ) -> None:
        """Put all of it into the depot. Raises `BucketError` and `OSError`; then the plan is carried out later."""
        log_of = checked.manifest.log
        database = self._in_force.sources.database
        try:
            if database is not None and checked.tree is not None:
                await placing.place_log(database, lambda *told: _tell(outcome, *told))
            outcome.begin(PLACING, len(taken))

            async def place(one: Taken) -> None:
                new = await placing.place_version(one, log_of.name if log_of is not None else None)
                outcome.done += 1
                if isinstance(new, Rejected):
                    outcome.rejected.append(new)
                elif new:
                    outcome.imported += 1
                    await self._changes.changed(Change(one.version.module))
                else:
                    outcome.same += 1

            await _each(taken, place)
            if database is not None and checked.tree is not None:
                await placing.place_head(database)
        except BaseException:
            self._left.set()
            raise
        await asyncio.to_thread(self.spool.remove, bundle)
        log.info("a bundle was imported: %d versions are new, %d were here", outcome.imported, outcome.same)

    async def follow(self) -> None:
        """Carry out the imports that an earlier process, or a failure of the depot, has left, without end."""
        while True:
            await self._left.wait()
            async with self.busy:
                self._left.clear()
                for bundle in await asyncio.to_thread(self.spool.planned):
                    await self._carry_on(bundle)
            if self._left.is_set():
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _carry_on(self, bundle: Path) -> None:
        rules, outcome = self._in_force.rules, Outcome()
        try:
            checked = await self._check(bundle, self._in_force.sources.database, outcome)
            taken = await asyncio.to_thread(self.spool.plan_of, bundle, checked.manifest)
            await self._carry_out(bundle, checked, self._placing(bundle, checked, rules), taken, outcome)
        except (BundleError, ValueError) as e:
            log.error("a bundle whose import was interrupted is of no use any more, and is removed: %s", e)
            await asyncio.to_thread(self.spool.remove, bundle)
        except (BucketError, OSError) as e:
            log.warning("an import waits for the depot: %s", e)
            self._left.set()

    async def close(self) -> None:
        """End the threads. What was written down is carried on by the next process."""
        await asyncio.to_thread(self._checks.close)


def _tell(outcome: Outcome, doing: str, done: int, of: int) -> None:
    outcome.doing, outcome.done, outcome.of = doing, done, of


async def _each(items: Sequence[Item], work: Callable[[Item], Awaitable[None]]) -> None:
    waiting = iter(items)

    async def some() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(items))):
                group.create_task(some())
    except BaseExceptionGroup as e:
        raise e.exceptions[0] from None
