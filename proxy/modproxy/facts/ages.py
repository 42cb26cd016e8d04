"""How old the versions of modules are: by the log of the checksum database, else by when they were seen first."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modproxy.facts.first_seen import FirstSeen
from modproxy.facts.head_log import HeadLog
from modproxy.facts.known_answers import Answers, published_at
from modproxy.hosted.hosting import Hosting
from modproxy.mod.path import ModulePath
from modproxy.mod.pattern import Pattern
from modproxy.mod.sumdb import Database, lookup_target
from modproxy.mod.tlog import LogError, parse_record
from modproxy.mod.version import Version
from modproxy.mod.vouching import is_exempt
from modproxy.policy.age import Age, AgeByLog, age_by_log
from modproxy.source.protocol import NotFound

MOST_NUMBERS = 50_000
"""Record numbers that are remembered, some 6 MB. They never change; those that are forgotten are in lookups on disk."""
_SAME_MOMENT = 60.0
"""Seconds for which one reading of the tree heads is good."""


class RecordNumbers:
    """Remembers the numbers of records, over all configs. `None` stands for a version that the database lacks."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def get(self, database: str, path: str, version: str) -> int | None:
        """Return the number of a version's record, where it is remembered."""
        return self._numbers.get(f"{database} {path}@{version}")

    def put(self, database: str, path: str, version: str, number: int) -> None:
        """Remember a number."""
        if len(self._numbers) >= MOST_NUMBERS:
            del self._numbers[next(iter(self._numbers))]
        self._numbers[f"{database} {path}@{version}"] = number


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of the age of one version."""

    old: bool
    reason: str = ""
    """Why it counts as too young, in words for the developer."""


OLD = Found(True)


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Carries what tells ages, over all configs."""

    heads: HeadLog
    first_seen: FirstSeen
    numbers: RecordNumbers


class Ages:
    """Answers for one config whether versions are at least `least` seconds old.

    The versions of `exempt` modules have no records in the log. Of what comes from the depot of the fleet only
    (`hosting`), the `.info` has the time of its publication, which no publisher chooses.
    """

    def __init__(
        self,
        least: float,
        database: Database | None,
        exempt: Sequence[Pattern],
        answers: Answers,
        witnesses: Witnesses,
        *,
        hosting: Hosting | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._least = least
        self._database = database
        self._exempt = exempt
        self._answers = answers
        self._hosting = hosting
        self._numbers = witnesses.numbers
        self._heads = witnesses.heads
        self._first_seen = witnesses.first_seen
        self._clock = clock
        self._log = 0.0, AgeByLog(0, None)

    def _is_published_here(self, path: ModulePath) -> bool:
        return self._hosting is not None and self._hosting.only(path)

    def by_log(self, path: ModulePath) -> bool:
        """Say whether the log tells the ages of a module's versions."""
        return self._database is not None and not is_exempt(path, self._exempt)

    def at_once(self, path: ModulePath, version: str) -> Found | None:
        """Return what is known without asking anybody; None where somebody has to be asked."""
        if self._is_published_here(path):
            return None  # its .info tells, which the depot has
        if self._database is None or not self.by_log(path):
            seen = self._first_seen.known(path, version)
            return OLD if seen is not None and self._clock() - seen >= self._least else None
        number = self._numbers.get(self._database.id, path, version)
        if number is None:
            return None
        found = self._by_log().of(number)
        return OLD if found is Age.OLD else _young(number) if found is Age.YOUNG else None

    async def find(self, path: ModulePath, version: str) -> Found:
        """Say whether the version is old enough.

        Raises `SourceError` when nobody can tell: the database gives no usable answer, or there is no `.info`.
        """
        if self._is_published_here(path):
            at = await published_at(self._answers, path, version)
            old = at <= self._clock() - self._least
            return OLD if old else Found(False, f"it was published to this fleet at {_told(at)}")
        if self._database is not None and self.by_log(path):
            number = await self._number(self._database, path, version)
            if number is not None:
                found = self._by_log().of(number)
                if found is not Age.UNKNOWN:
                    return OLD if found is Age.OLD else _young(number)
            return await self._claimed(path, version)
        await published_at(self._answers, path, version)  # what does not exist yet must not begin to grow old
        now = self._clock()
        seen = self._first_seen.of(path, version)
        if now - seen >= self._least:
            return OLD
        if now - self._first_seen.born < self._least:
            return await self._claimed(path, version)
        return Found(False, "no log tells its age, and this replica saw it first at " + _told(seen))

    async def _claimed(self, path: ModulePath, version: str) -> Found:
        """Judge by the time that the `.info` claims, until this replica has watched for long enough."""
        at = await published_at(self._answers, path, version)
        if at <= self._clock() - self._least:
            return OLD
        told = f"its .info claims {_told(at)}, which nobody has proved: this replica has not watched for long enough"
        return Found(False, told)

    async def _number(self, database: Database, path: ModulePath, version: str) -> int | None:
        number = self._numbers.get(database.id, path, version)
        if number is None:
            try:
                body = await self._answers.read(lookup_target(database.name, path, Version(version)), "")
                number = parse_record(body).number
            except (NotFound, LogError):
                return None
            self._numbers.put(database.id, path, version, number)
        return number

    def _by_log(self) -> AgeByLog:
        if self._database is None:
            return AgeByLog(0, None)
        now = self._clock()
        if not 0 <= now - self._log[0] < _SAME_MOMENT:
            self._log = now, age_by_log(self._heads.heads(self._database.id), now, self._least)
        return self._log[1]


def _young(number: int) -> Found:
    return Found(False, f"by the checksum database's log (record {number}) it was published more recently")


def _told(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at)) if 0 <= at < 2**38 else "another age"
