"""Who asks on the listener of peers: another replica of the fleet, or a replica of a child fleet.

In a cluster a replica proves itself by the token of its service account, which is made for `AUDIENCE` alone. Elsewhere
all replicas share one token, and whoever has its exact content is a peer.

Source of the rules: "Service account token volume projection" of Kubernetes, and RFC 8725 for tokens.
"""

import asyncio
import hmac
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from multidict import CIMultiDict

from modproxy.contract.config import AccessConfig, PeersConfig, ProofConfig, ServiceAccountsConfig
from modproxy.fleet.own_token import OwnToken
from modproxy.identity.identities import Identities, Kept
from modproxy.identity.presented import BadCredential, Presented

AUDIENCE = "modproxy-peer"
"""What `aud` of a replica's token contains."""
_PREFIX = "system:serviceaccount:"
_NOWHERE = Path("/nonexistent")
"""Service accounts need no Secret."""


class Standing(StrEnum):
    """What somebody who has proved himself is to this fleet."""

    PEER = "peer"
    """Another replica of this fleet."""
    CHILD = "child"
    """A replica of a fleet that has this fleet as its parent."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Who asks, as far as this is proved."""

    standing: Standing
    account: str = ""
    """The service account, as NAMESPACE/NAME; empty where all replicas share one token."""


class Unproven(Exception):
    """A request proves neither a peer nor a child. The message is the reason, for the log.

    It is answered 401, also where the account is known: 403 is what policies say, and a child believes that.
    """


class Prover:
    """Proves who asks, as the newest config says. `token` is this replica's own one."""

    def __init__(self, token: OwnToken) -> None:
        self._token = token
        self._kept = Kept()
        self._config: PeersConfig | None = None
        self._identities: Identities | None = None

    async def take(self, config: PeersConfig | None) -> None:
        """Take a config. Proofs that rest on what the config has no more are void."""
        before = self._config.proof if self._config is not None else None
        proof = config.proof if config is not None else None
        self._config = config
        if proof is not None and (before is None or (before.issuer, before.keys) != (proof.issuer, proof.keys)):
            made = Identities(_access(proof), _NOWHERE, _fetch_nothing, self._kept, before=self._identities)
            await made.prepare()
            made.take_over()
            self._identities = made
        elif proof is None and self._identities is not None:
            self._identities.close()
            self._identities = None

    @property
    def problem(self) -> str | None:
        """What is wrong with the keys of the cluster; None while all is well."""
        problems = self._identities.problems() if self._identities is not None else ()
        return problems[0].problem if problems else None

    async def who(self, authorization: str | None, address: str) -> Proven:
        """Return who asks, by the Authorization header and the address of the connection. Raises `Unproven`."""
        config = self._config
        if config is None:
            raise Unproven("this replica has no peers")
        if authorization is None:
            raise Unproven("the request has no token")
        if config.proof is None or self._identities is None:
            return self._by_content(authorization)
        try:
            principal = await self._identities.who(Presented(authorization, address, CIMultiDict()))
        except BadCredential as e:
            raise Unproven(str(e)) from None
        account = principal.name.removeprefix(_PREFIX).replace(":", "/", 1)
        # The accounts are those of this moment, and a proof that is remembered says nothing of them.
        if account in config.proof.peers:
            return Proven(Standing.PEER, account)
        if account in config.proof.children:
            return Proven(Standing.CHILD, account)
        raise Unproven("the account of the token is that of no peer and of no child")

    def _by_content(self, authorization: str) -> Proven:
        scheme, _, text = authorization.partition(" ")
        own = self._token.text
        if own is None:
            raise Unproven("this replica has no token to compare with")
        same = hmac.compare_digest(text.strip().encode("utf-8", "replace"), own.encode())
        if scheme.lower() != "bearer" or not same:
            raise Unproven("the token is another one")
        return Proven(Standing.PEER)

    async def close(self) -> None:
        """End the threads."""
        if self._identities is not None:
            self._identities.close()
        await self._kept.close()


def _access(proof: ProofConfig) -> AccessConfig:
    accounts = ServiceAccountsConfig(audience=AUDIENCE, issuer=proof.issuer, keys=proof.keys)
    return AccessConfig(service_accounts=accounts)


async def _fetch_nothing(url: str, most: int) -> NoReturn:
    await asyncio.sleep(0)
    raise AssertionError(f"the cluster's keys are in the config, and {url} ({most}) is not fetched")
