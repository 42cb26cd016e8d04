"""What a replica knows of modules, over all its configs, and the judge that each config has."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from os import environ
from pathlib import Path

from modproxy.contract.config import Config
from modproxy.facts.ages import Ages, RecordNumbers, Witnesses
from modproxy.facts.database_files import Get, folder_of, get_from_folder
from modproxy.facts.first_seen import FirstSeen
from modproxy.facts.head_log import HOUR, LEAST_KEPT, HeadLog
from modproxy.facts.judge import Judge
from modproxy.facts.known_answers import Answers, HeldAnswers
from modproxy.facts.license_judge import LicenseJudge
from modproxy.facts.licenses import Licenses
from modproxy.facts.vulnerability_database import VulnerabilityDatabase
from modproxy.hosted.hosting import Hosting
from modproxy.mod.pattern import Pattern
from modproxy.mod.sumdb import Database
from modproxy.policy.licenses import LicenseRule
from modproxy.policy.vulnerabilities import VulnerabilityRule
from modproxy.policy.wording import Wording

NO_DATABASE = (
    "denyVulnerable refuses nothing: there is no vulnerability database: set modules.vulnerabilities.url, "
    "or GOVULNDB in the replica's environment"
)

log = logging.getLogger(__name__)


class Facts:
    """Keeps the facts below `folder`. `changed` is set by whoever makes judges: it is called when a judge that was
    made before is out of date.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "facts"
        self.heads = HeadLog(self._folder)
        self._witnesses = Witnesses(self.heads, FirstSeen(self._folder / "first-seen"), RecordNumbers())
        self._licenses: Licenses | None = None
        self.database: VulnerabilityDatabase | None = None
        self._following: asyncio.Task[None] | None = None
        self._lacks_database = False
        self.changed: Callable[[], None] = lambda: None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the keepers of the fleet have to know of the facts."""
        if self._lacks_database:
            return (NO_DATABASE,)
        return self.database.warnings if self.database is not None else ()

    async def take(self, config: Config, get: Callable[[str], Get]) -> None:
        """Have what a config needs. `get` makes the way to the files below a URL."""
        modules = config.modules
        self.heads.longest = max(LEAST_KEPT, modules.minimum_age or 0)
        url = vulnerability_url(config) if modules.deny_vulnerable else None
        self._lacks_database = modules.deny_vulnerable and url is None
        if self.database is not None and self.database.url == url:
            self.database.get = _get(url, get)
            return
        self.close()
        self.database = None
        if url is not None:
            self.database = VulnerabilityDatabase(url, _get(url, get), self._folder, self._changed)
            await self.database.load()
            self._following = asyncio.create_task(self.database.follow(), name="following of the vulnerabilities")

    def _changed(self) -> None:
        self.changed()

    def judge(
        self, config: Config, database: Database | None, exempt: Sequence[Pattern], answers: Answers
    ) -> Judge | None:
        """Make the judge of a config; None where it has nothing to judge by."""
        modules = config.modules
        table = self.database.table if self.database is not None else None
        rule = (
            VulnerabilityRule(modules.vulnerabilities, table, modules.mode_of(modules.vulnerabilities.mode))
            if modules.deny_vulnerable and table is not None
            else None
        )
        licenses = None
        if modules.licenses.asked_for:
            # What was found is shared by all configs.
            self._licenses = self._licenses or Licenses(self._folder / "licences")
            rule_of_licenses = LicenseRule(modules.licenses, modules.mode_of(modules.licenses.mode))
            licenses = LicenseJudge(rule_of_licenses, self._licenses)
        if rule is None and not modules.minimum_age and licenses is None:
            return None

        hosting = Hosting.of(config.hosted) if config.hosted is not None else None

        def judge(answers: Answers, of_held: Judge | None) -> Judge:
            least, wording = modules.minimum_age, Wording(config.fleet, modules.contact)
            ages = Ages(least, database, exempt, answers, self._witnesses, hosting=hosting) if least else None
            return Judge(modules, ages, rule, answers, wording, licenses=licenses, of_held=of_held)

        return judge(answers, judge(HeldAnswers(answers), None))

    async def watch_the_log(self, read_head: Callable[[], Awaitable[None]]) -> None:
        """Have a tree head verified every hour, for ever. `read_head` does nothing where no age is asked for."""
        while True:
            try:
                await read_head()
            except Exception as e:
                log.info("no tree head was read: %s", e)
            await asyncio.sleep(HOUR + 1)

    def close(self) -> None:
        """End the refreshing of the vulnerability database."""
        if self._following is not None:
            self._following.cancel()
            self._following = None


def vulnerability_url(config: Config) -> str | None:
    """Return the URL of the vulnerability database; None without one."""
    return config.modules.vulnerabilities.url or environ.get("GOVULNDB") or None


def _get(url: str, get: Callable[[str], Get]) -> Get:
    folder = folder_of(url)
    if folder is None:
        return get(url.rstrip("/"))

    async def from_folder(name: str, largest: int) -> bytes | None:
        return await get_from_folder(folder, name, largest)

    return from_folder
