"""Whose tokens are accepted: those of OpenID providers, and those of this cluster's service accounts.

Issuers are told apart by the unverified `iss` alone. A token is then verified with the keys of that issuer only.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from modproxy.contract.config.access import AccessConfig, OidcConfig, ServiceAccountsConfig
from modproxy.contract.report import AccessProblem
from modproxy.identity.claims import principal_of
from modproxy.identity.fetching import Fetch
from modproxy.identity.issuer_keys import IssuerKeys
from modproxy.identity.key_set import KeySet, KeySetError, PublicKey, parse_key_set
from modproxy.identity.presented import BadCredential
from modproxy.identity.principal import Principal
from modproxy.identity.proofs import Grounds, Proof
from modproxy.identity.service_account import service_account_of
from modproxy.identity.token import Claims, UnknownKey, Unverified, Verified, read_token, verify
from modproxy.threads import Pool

_NO_KEYS = "the keys of the token's issuer cannot be had at the moment: try again in a minute"


class Keys(Protocol):
    """The keys of one issuer."""

    @property
    def current(self) -> KeySet:
        """The newest keys."""
        ...

    @property
    def problem(self) -> str | None:
        """What is wrong with them."""
        ...

    def grounds_of(self, key: PublicKey) -> Grounds:
        """Return what proofs by a key rest on."""
        ...

    async def fetch_for_unknown_key(self) -> None:
        """Fetch newer keys, if that is due."""
        ...


class ClusterKeys:
    """The cluster's keys, which the config has."""

    def __init__(self, section: ServiceAccountsConfig) -> None:
        self._grounds = Grounds()
        if section.issuer is None:
            self.current, self.problem = KeySet(), "the cluster's issuer is not known, and its tokens are refused"
            return
        try:
            self.current, self.problem = parse_key_set(section.keys), None
        except KeySetError as e:
            self.current, self.problem = KeySet(), f"the cluster's key set cannot be used: {e}"

    problem: str | None
    current: KeySet

    def grounds_of(self, key: PublicKey) -> Grounds:
        """Return what proofs by a key rest on. The section of the config has grounds of its own."""
        return self._grounds

    async def fetch_for_unknown_key(self) -> None:
        """Do nothing: the operator writes newer keys into the config."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The tokens of one section of the config."""

    section: OidcConfig | ServiceAccountsConfig
    keys: Keys
    principal: Callable[[Claims], Principal]
    grounds: Grounds

    @property
    def part(self) -> str:
        """What it is called in the report."""
        return f"oidc {self.section.issuer}" if isinstance(self.section, OidcConfig) else "serviceAccounts"


class TokenIssuers:
    """Proves tokens. What a former config had too is taken over from `before`: keys, and the grounds of proofs.

    `changed` is called after each change of keys, and told whether a key is gone.
    """

    def __init__(
        self,
        access: AccessConfig,
        fetch: Fetch,
        pool: Pool,
        changed: Callable[[bool], None],
        *,
        before: "TokenIssuers | None" = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._pool = pool
        self._accepted: list[Accepted] = []
        self.fetched: dict[str, IssuerKeys] = {}
        """The keys that are fetched, by their issuer."""
        known = before.fetched if before is not None else {}
        for config in access.oidc:
            if config.issuer not in self.fetched:
                self.fetched[config.issuer] = known.get(config.issuer) or IssuerKeys(
                    config.issuer, fetch, changed, clock
                )
            self._accept(before, config, self.fetched[config.issuer])
        if access.service_accounts is not None:
            self._accept(before, access.service_accounts, None)
        self._fetch = fetch

    def __bool__(self) -> bool:
        return bool(self._accepted)

    def take_over(self, before: "TokenIssuers | None") -> bool:
        """Begin to be in force. Returns whether proofs of the former config are void."""
        for keys in self.fetched.values():
            keys.fetch = self._fetch
        if before is None:
            return False
        kept = {id(accepted.grounds) for accepted in self._accepted}
        gone = [accepted for accepted in before._accepted if id(accepted.grounds) not in kept]
        for accepted in gone:
            accepted.grounds.void = True
        for issuer, keys in before.fetched.items():
            if self.fetched.get(issuer) is not keys:
                keys.close()
        return bool(gone)

    def close(self) -> None:
        """Make every proof void, and end the fetches under way."""
        for accepted in self._accepted:
            accepted.grounds.void = True
        for keys in self.fetched.values():
            keys.close()

    def look(self) -> None:
        """Begin to fetch keys whose time it is."""
        for keys in self.fetched.values():
            keys.look()

    def problems(self) -> list[AccessProblem]:
        """Return what is wrong with the keys."""
        found = dict[str, AccessProblem]()
        for accepted in self._accepted:
            if (problem := accepted.keys.problem) is not None:
                remedy = (
                    "check access.oidc.issuer, and that the replicas reach it (network policies, upstream.httpProxy, "
                    "upstream.trustedCASecretName)"
                    if isinstance(accepted.section, OidcConfig)
                    else "check that the operator may read /openid/v1/jwks of the API server"
                )
                found[accepted.part] = AccessProblem(part=accepted.part, problem=problem, remedy=remedy)
        return list(found.values())

    async def prove(self, text: str) -> Proof:
        """Prove a token. Raises `BadCredential`."""
        token = read_token(text)
        refusal = BadCredential("the token's iss is none of those that access names")
        for accepted in self._accepted:
            if accepted.section.issuer == token.issuer:
                try:
                    return await self._prove_as(accepted, token)
                except BadCredential as e:
                    refusal = e
        raise refusal

    async def _prove_as(self, accepted: Accepted, token: Unverified) -> Proof:
        try:
            verified = await self._verify(accepted, token)
        except UnknownKey:
            await accepted.keys.fetch_for_unknown_key()
            if not accepted.keys.current.keys:
                raise BadCredential("the keys of the token's issuer are not known", _NO_KEYS) from None
            verified = await self._verify(accepted, token)
        grounds = accepted.grounds, accepted.keys.grounds_of(verified.key)
        return Proof(accepted.principal(verified.claims), verified.expires, grounds)

    async def _verify(self, accepted: Accepted, token: Unverified) -> Verified:
        # The issuer is the token's own: `prove` has compared them.
        audience, keys = accepted.section.audience, accepted.keys.current
        return await self._pool.run(verify, token, token.issuer, audience, keys, self._clock())

    def _accept(
        self, before: "TokenIssuers | None", section: OidcConfig | ServiceAccountsConfig, keys: IssuerKeys | None
    ) -> None:
        for accepted in before._accepted if before is not None else ():
            if accepted.section == section and (keys is None or accepted.keys is keys):
                self._accepted.append(accepted)
                return
        self._accepted.append(_accepted(section, keys))


def _accepted(section: OidcConfig | ServiceAccountsConfig, keys: IssuerKeys | None) -> Accepted:
    if isinstance(section, ServiceAccountsConfig):
        return Accepted(section, ClusterKeys(section), service_account_of, Grounds())
    if keys is None:
        raise AssertionError("an OpenID provider has keys that are fetched")
    return Accepted(section, keys, lambda claims: principal_of(claims, section), Grounds())
