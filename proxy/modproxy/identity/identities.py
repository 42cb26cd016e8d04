"""Who makes a request, under one config: `Identities` puts the methods of `access` together.

A credential is proved once, and remembered while its proof stands. Requests with one credential wait for one proof.
The trusted proxy's headers count before an Authorization header, because such a proxy passes on what clients send.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from modproxy.contract.config.access import AccessConfig
from modproxy.contract.report import AccessProblem
from modproxy.identity.addresses import block_of, parse_ranges
from modproxy.identity.authorization import Login, Token, parse_authorization
from modproxy.identity.failures import Failures, Turns
from modproxy.identity.fetching import Fetch
from modproxy.identity.password_users import PasswordUsers
from modproxy.identity.passwords import PasswordChecks
from modproxy.identity.presented import BadCredential, Presented, TooManyFailures
from modproxy.identity.principal import ANONYMOUS, Principal
from modproxy.identity.proofs import Proof, Proofs
from modproxy.identity.proxy_secret import ProxySecret
from modproxy.identity.tokens import TokenIssuers
from modproxy.identity.trusted_proxy import may_be_proxy, named_by_proxy
from modproxy.threads import Pool

_LOOK_SECONDS = 2.0
"""How often it is looked whether Secrets have changed, and whether keys are to be fetched."""
_PASSWORD_THREADS = 2
"""Passwords that are verified at once. Each needs a core for up to a second, or 128 MiB."""
_TOKEN_THREADS = 1
"""A token needs 0.1 ms. Tokens do not wait for passwords."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Kept:
    """What the identities of all configs of one replica share: what is proved, who failed, and the threads."""

    clock: Callable[[], float] = time.time
    """In seconds since the epoch."""
    proofs: Proofs = field(default_factory=Proofs)
    failures: Failures = field(default_factory=Failures)
    turns: Turns = field(default_factory=Turns)
    checks: PasswordChecks = field(default_factory=PasswordChecks)
    passwords: Pool = field(default_factory=lambda: Pool("password", _PASSWORD_THREADS))
    tokens: Pool = field(default_factory=lambda: Pool("token", _TOKEN_THREADS))
    under_way: dict[tuple[bytes, str], asyncio.Task[Proof]] = field(default_factory=dict)
    on_change: list[Callable[[], None]] = field(default_factory=list)

    def changed(self, gone: bool) -> None:
        """Forget what rests on a former state. `gone` says whether remembered principals may be void."""
        self.proofs.forget_refusals()
        if gone:
            self.proofs.tidy()
            for call in self.on_change:
                call()

    async def close(self) -> None:
        """End the proofs under way and the threads."""
        for task in self.under_way.values():
            task.cancel()
        await asyncio.to_thread(self.passwords.close)
        await asyncio.to_thread(self.tokens.close)


class Identities:
    """Proves who makes requests, as one `AccessConfig` says. `folder` has the Secrets.

    What the former config had too is taken over from `before`. `prepare` and then `take_over` must be called first.
    """

    def __init__(
        self, access: AccessConfig, folder: Path, fetch: Fetch, kept: Kept, before: "Identities | None" = None
    ) -> None:
        self._kept = kept
        self.on_change = kept.on_change
        self.issuers: TokenIssuers
        self._folder = folder
        self._before = before
        same = before if before is not None and before._folder == folder else None
        known = before.issuers if before is not None else None
        self.issuers = TokenIssuers(access, fetch, kept.tokens, kept.changed, before=known, clock=kept.clock)
        self._users: PasswordUsers | None = None
        if access.basic is not None:
            former = same._users if same is not None else None
            if former is not None and former.config == access.basic:
                self._users = former
            else:
                self._users = PasswordUsers(access.basic, folder, kept.passwords, kept.checks, kept.clock)
        self.headers = _telling(access)
        self._proxy = access.trusted_proxy
        self._ranges = parse_ranges(access.trusted_proxy.cidrs) if access.trusted_proxy is not None else ()
        self._secret: ProxySecret | None = None
        if access.trusted_proxy is not None:
            if same is not None and same._proxy is not None and _same_secret(same, access):
                self._secret = same._secret
            else:
                self._secret = ProxySecret(access.trusted_proxy, folder)

    async def prepare(self) -> None:
        """Read the Secrets that the former config has not, before the config is in force."""
        before = self._before
        if self._users is not None and (before is None or before._users is not self._users):
            await asyncio.to_thread(self._users.look)
        if self._secret is not None and (before is None or before._secret is not self._secret):
            await asyncio.to_thread(self._secret.look)

    def take_over(self) -> None:
        """Begin to be in force, in place of the former identities: their proofs are void where they rest on others."""
        before, self._before = self._before, None
        gone = self.issuers.take_over(before.issuers if before is not None else None)
        if before is not None and before._users is not None and before._users is not self._users:
            before._users.close()
            gone = True
        if before is not None and (before._proxy, before._secret) != (self._proxy, self._secret):
            gone = True
        self.issuers.look()
        self._kept.changed(gone)

    def close(self) -> None:
        """End to be in force, where no other identities take over: every proof is void."""
        self.issuers.close()
        if self._users is not None:
            self._users.close()
        self._kept.changed(gone=True)

    def problems(self) -> tuple[AccessProblem, ...]:
        """Return what is wrong with the Secrets and the issuers that the config names."""
        users = self._users.problems if self._users is not None else ()
        proxy = self._secret.problems if self._secret is not None else ()
        return (*self.issuers.problems(), *users, *proxy)

    def remembered(self, authorization: str) -> tuple[Principal, float] | None:
        """Return who is proved already by an Authorization header, and until when; None when it has to be proved.

        The time is in seconds since the epoch.
        """
        try:
            credential = parse_authorization(authorization, tokens=bool(self.issuers))
        except BadCredential:
            return None
        proofs = self._kept.proofs
        proof = proofs.find(proofs.name_of(credential), self._kept.clock())
        return (proof.principal, proof.until) if proof is not None else None

    async def who(self, presented: Presented) -> Principal:
        """Return who makes a request; `ANONYMOUS` without a credential.

        Raises `BadCredential`, and `TooManyFailures` where a password is not looked at.
        """
        if self._proxy is not None and self._secret is not None and may_be_proxy(presented.peer, self._ranges):
            named = named_by_proxy(presented, self._proxy, self._secret.value)
            if named is not None:
                return named
        if presented.authorization is None:
            return ANONYMOUS
        return (await self._proof(presented.authorization, presented.peer)).principal

    async def _proof(self, authorization: str, peer: str) -> Proof:
        kept = self._kept
        credential = parse_authorization(authorization, tokens=bool(self.issuers))
        name, now = kept.proofs.name_of(credential), kept.clock()
        if (proof := kept.proofs.find(name, now)) is not None:
            return proof
        if (refusal := kept.proofs.refusal(name, now)) is not None:
            raise refusal
        key = name, block_of(peer)
        task = kept.under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._prove(credential, name, key[1]), name="proof of a credential")
            kept.under_way[key] = task
            task.add_done_callback(lambda done: _ended(kept, key, done))
        # A client that leaves must not end the proof for the others.
        return await asyncio.shield(task)

    async def _prove(self, credential: Login | Token, name: bytes, address: str) -> Proof:
        try:
            if isinstance(credential, Token):
                proof = await self._token(credential)
            else:
                proof = await self._password(credential, name, address)
        except BadCredential as e:
            self._kept.proofs.refuse(name, e, self._kept.clock())
            raise
        self._kept.proofs.keep(name, proof)
        return proof

    async def _token(self, token: Token) -> Proof:
        if not self.issuers:
            raise BadCredential("there is a token, and access names no issuer")
        return await self.issuers.prove(token.text)

    async def _password(self, login: Login, name: bytes, address: str) -> Proof:
        kept, users = self._kept, self._users
        if users is None:
            raise BadCredential("there is a password, and access names no users")
        if kept.proofs.was_proved(name):
            # Who was let in with this very password may be behind the same ingress as somebody who guesses.
            return await users.prove(login)
        async with kept.turns.of(address):
            if pause := kept.failures.pause(address, kept.clock()):
                raise TooManyFailures(pause)
            try:
                return await users.prove(login)
            except BadCredential:
                kept.failures.note(address, kept.clock())
                raise

    def _look(self) -> bool:
        """Read the Secrets. Blocks. Returns whether they have changed."""
        users = self._users is not None and self._users.look()
        secret = self._secret is not None and self._secret.look()
        return users or secret

    async def look(self) -> None:
        """Look whether Secrets have changed, and begin to fetch keys whose time it is."""
        if await asyncio.to_thread(self._look):
            self._kept.changed(gone=True)
        self.issuers.look()


def _telling(access: AccessConfig) -> frozenset[str]:
    """Return the names, in lower case, of the headers that say who asks."""
    proxy = access.trusted_proxy
    by_proxy = (proxy.secret_header, proxy.user_header, proxy.groups_header) if proxy is not None else ()
    return frozenset(name.lower() for name in ("authorization", *by_proxy))


def _ended(kept: Kept, key: tuple[bytes, str], task: asyncio.Task[Proof]) -> None:
    kept.under_way.pop(key, None)
    if not task.cancelled():
        task.exception()  # whoever waited has it; asyncio would tell of an error that nobody waited for


def _same_secret(before: Identities, access: AccessConfig) -> bool:
    new, old = access.trusted_proxy, before._proxy
    return new is not None and old is not None and new.secret_name == old.secret_name


async def watch_identities(
    in_force: Callable[[], Identities | None], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> NoReturn:
    """Look again and again, without end. `in_force` gives the identities of the config in force."""
    while True:
        await sleep(_LOOK_SECONDS)
        if (identities := in_force()) is not None:
            await identities.look()
