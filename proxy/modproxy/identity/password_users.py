"""The users with passwords, and their groups, as the newest usable state of their Secret says."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from modproxy.contract.config.access import BasicConfig
from modproxy.contract.mounted import file_mark
from modproxy.contract.report import AccessProblem
from modproxy.contract.secret_keys import GROUPS, HTPASSWD
from modproxy.identity.authorization import Login
from modproxy.identity.groups import Groups, parse_groups
from modproxy.identity.htpasswd import MOST_BYTES, Htpasswd, PasswordHash, parse_htpasswd
from modproxy.identity.passwords import PasswordChecks
from modproxy.identity.presented import BadCredential
from modproxy.identity.principal import AuthMethod, Principal
from modproxy.identity.proofs import PASSWORD_SECONDS, Grounds, Proof
from modproxy.identity.secret_text import SecretTextError, read_text
from modproxy.threads import Pool

_PART = "basic"
_REMEDY = "the Secret needs the key htpasswd with lines USER:HASH, as `htpasswd -B` writes them, and may have groups"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _State:
    """What one state of the Secret says."""

    users: Htpasswd = field(default_factory=lambda: Htpasswd({}))
    groups: Groups = field(default_factory=lambda: Groups({}))
    decoy: PasswordHash | None = None
    grounds: Grounds = field(default_factory=Grounds)


class PasswordUsers:
    """Proves passwords. `folder` has the Secrets."""

    def __init__(
        self, config: BasicConfig, folder: Path, pool: Pool, checks: PasswordChecks, clock: Callable[[], float]
    ) -> None:
        self.config = config
        self._folder = folder / config.secret_name
        self._pool = pool
        self._checks = checks
        self._clock = clock
        self._state = _State()
        self._seen: object = None
        self.problems: tuple[AccessProblem, ...] = ()
        """What is wrong with the Secret, as it was at the last look."""

    def look(self) -> bool:
        """Read the Secret, if its files have changed since the last look. Blocks. Returns whether users have changed.

        A file that is wholly unusable keeps the users, or the groups, that were read last.
        """
        marks = [file_mark(self._folder / key) for key in (HTPASSWD, GROUPS)]
        if marks == self._seen:
            return False
        before, problems = self._state, list[str]()
        users = self._read_users(before.users, problems)
        groups = self._read_groups(before.groups, problems)
        self._tell(problems)
        # The marks were taken before the read, so that a change during the read is noticed by the next look.
        self._seen = marks
        if (users.users, groups.of_user) == (before.users.users, before.groups.of_user):
            return False
        self._state = _State(users, groups, users.decoy())
        before.grounds.void = True
        log.info("Secret %s: users with passwords: %d", self._folder.name, len(users.users))
        return True

    def close(self) -> None:
        """Make every proof by these users void."""
        self._state.grounds.void = True

    async def prove(self, login: Login) -> Proof:
        """Prove a password. An unknown user costs the same as a known one. Raises `BadCredential`."""
        state = self._state
        line = state.users.users.get(login.user)
        hashed = line or state.decoy
        if hashed is None:
            raise BadCredential("there is no user with a password")
        good = await self._pool.run(self._checks.check, login.password, hashed)
        if not good or line is None:
            raise BadCredential("wrong password" if line is not None else "unknown user")
        groups = state.groups.of_user.get(login.user, frozenset())
        principal = Principal(login.user, groups, method=AuthMethod.BASIC)
        return Proof(principal, self._clock() + PASSWORD_SECONDS, (state.grounds,))

    def _read_users(self, before: Htpasswd, problems: list[str]) -> Htpasswd:
        kept = "the users that were read before stay" if before.users else "no user with a password is let in"
        try:
            text = read_text(self._folder, HTPASSWD, MOST_BYTES)
        except SecretTextError as e:
            problems.append(f"{e}: {kept}")
            return before
        if text is None:
            problems.append(f"Secret {self._folder.name} has no key {HTPASSWD}: {kept}")
            return before
        users = parse_htpasswd(text)
        problems += self._of_secret(users.faults)
        if users.faults and not users.users:
            problems.insert(0, f"key {HTPASSWD} of Secret {self._folder.name} has no line that can be used: {kept}")
            return before
        return users

    def _read_groups(self, before: Groups, problems: list[str]) -> Groups:
        try:
            text = read_text(self._folder, GROUPS, MOST_BYTES)
        except SecretTextError as e:
            if not self._folder.exists():
                return before
            problems.append(f"{e}: the groups that were read before stay")
            return before
        groups = parse_groups(text or "")
        problems += self._of_secret(groups.faults)
        return groups

    def _of_secret(self, faults: Iterable[str]) -> list[str]:
        return [f"Secret {self._folder.name}: {fault}" for fault in faults]

    def _tell(self, problems: list[str]) -> None:
        found = tuple(AccessProblem(part=_PART, problem=problem, remedy=_REMEDY) for problem in problems)
        for problem in found:
            if problem not in self.problems:
                log.warning("access.basic: %s", problem.problem)
        self.problems = found
