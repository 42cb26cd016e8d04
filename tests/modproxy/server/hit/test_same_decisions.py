"""Whoever asks, and whatever becomes of rights, passwords, keys and times meanwhile: memory answers whom the handler
would answer at that moment, and with the same bytes. Many ask on one connection.

`MODPROXY_SAME_DECISIONS_SEEDS` says how many random sequences there are.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from modproxy.identity.failures import Failures
from modproxy.identity.identities import Identities
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.identity.conftest import basic
from tests.modproxy.identity.issuer import jwk, key_set, sign
from tests.modproxy.server.hit.test_same_bytes import FILES, FRESH, MODULES, Clock, Driver
from tests.modproxy.server.hit.two_ways import TwoWays, get, read_answer, undated

SEEDS = int(os.environ.get("MODPROXY_SAME_DECISIONS_SEEDS", "2"))
STEPS = 60
CLUSTER = "https://kubernetes.default.svc"
KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
LISTS: list[list[str]] = [["read", "fetch"], ["read", "fetch"], ["read"], ["fetch"], []]
SECRET = "s3cret-of-the-edge"


class Askers(Driver):
    """Takes random steps, with random credentials."""

    def __init__(self, seed: int, site: TwoWays, upstream: FakeUpstream, clock: Clock, secrets: Path) -> None:
        super().__init__(seed, site, upstream, clock)
        self.secrets = secrets
        self.tokens = [self.token() for _ in range(4)]
        self.refused = 0

    def token(self, number: int | None = None, lasts: int | None = None) -> str:
        now = int(self.clock.now)
        number = self.chance.choice([0, 0, 0, 1]) if number is None else number
        lasts = self.chance.choice([-10, 1, 50, 800, FRESH * 3]) if lasts is None else lasts
        account = f"system:serviceaccount:{self.chance.choice(['a', 'b'])}:builder"
        times = {"iat": now, "exp": now + lasts}
        claims = {"iss": CLUSTER, "aud": self.chance.choice(["goproxy"] * 5 + ["other"]), "sub": account, **times}
        return sign(claims, KEYS[number], "ES256", f"k{number}")

    def credential(self) -> list[str]:
        token = self.chance.choice(self.tokens)
        logins = [basic("alice", "right"), basic("bob", "right"), basic("alice", "wrong"), basic("system:x", "right")]
        by_proxy = ["X-Forwarded-User: alice", "X-Forwarded-Groups: b-team"]
        return self.chance.choice(
            [
                [], [f"Authorization: Bearer {token}"], [f"Authorization: Bearer {token}"],
                [f"aUTHORIZATION:\tbearer  {token} "], [f"Authorization: {basic('any', token)}"],
                [f"Authorization: {self.chance.choice(logins)}"], [f"Authorization: {self.chance.choice(logins)}"],
                [f"Authorization: Bearer {token}", f"Authorization: {logins[0]}"], ["Authorization: "],
                [f"Authorization: Bearer {token}{'x' * 1700}"], [f"Proxy-Authorization: {logins[0]}"],
                by_proxy, [*by_proxy, f"X-Auth-Proxy-Secret: {SECRET}"], [*by_proxy, "X-Auth-Proxy-Secret: "],
                [f"X-Auth-Proxy-Secret: {SECRET}", f"Authorization: {logins[1]}"],
                [*by_proxy, f"X-Auth-Proxy-Secret: {SECRET}", f"Authorization: Bearer {self.tokens[0]}"],
            ]
        )  # fmt: skip

    async def request(self) -> None:
        self.site.replica.in_force._kept.failures = Failures()  # else pauses would be most of what is compared
        self.tokens[0] = self.token(0, FRESH) if self.chance.random() < 0.2 else self.tokens[0]
        favourites = [["Authorization: " + basic("alice", "right")], [f"Authorization: Bearer {self.tokens[0]}"]]
        for file in self.chance.sample(FILES, 3):
            for credential in favourites:
                await self.compare(get(self.path(f"{MODULES[0]}/{file}"), *credential))
        await self.conversation()

    def asking(self) -> tuple[bytes, bool]:
        """Return a request, and whether it is a HEAD."""
        method = self.chance.choice(["GET"] * 9 + ["HEAD"])
        path = self.path(f"{self.chance.choice(MODULES)}/{self.chance.choice(FILES)}")
        more = self.chance.choice([[]] * 8 + [["Range: bytes=0-9"], ["If-None-Match: *"]])
        return get(path, *self.credential(), *more, method=method), method == "HEAD"

    async def conversation(self) -> None:
        """Send requests of many on one connection: one after the other, or all at once."""
        asked = [self.asking() for _ in range(self.chance.choice([2, 5]))]
        for request, _ in asked:  # what has to be fetched is fetched before, because who comes first sees that
            await self.compare(request)
            await self.settled()
        expected = [undated(await self.site.ask(self.site.plain, request)) for request, _ in asked]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.site.quick)
        at_once = self.chance.random() < 0.4
        try:
            if at_once:
                writer.write(b"".join(request for request, _ in asked))
            for (request, is_head), answer in zip(asked, expected, strict=True):
                if not at_once:
                    writer.write(request)
                self.asked += 1
                assert undated(await read_answer(reader, is_head=is_head)) == answer, request
                self.refused += answer.startswith((b"HTTP/1.1 401", b"HTTP/1.1 403"))
        finally:
            writer.transport.abort()

    def access(self) -> dict[str, Any]:
        chance, keys = self.chance, [jwk(key, f"k{number}") for number, key in enumerate(KEYS)]
        who: list[dict[str, Any]] = [
            {"users": ["alice"]}, {"groups": ["b-team"]}, {"groups": ["system:serviceaccounts:a"]},
            {"service_accounts": ["b/builder"]}, {"groups": ["system:authenticated"]},
        ]  # fmt: skip
        rules = [
            {
                **one,
                "modules": [chance.choice(["example.com", "example.com/Mixed", "*"])],
                "verbs": chance.choice(LISTS),
            }
            for one in who
            if chance.random() < 0.8
        ]
        return {
            "anonymous": chance.choice([[], [], ["read"]]),
            "basic": {"secretName": "users"},
            "trustedProxy": {"cidrs": ["127.0.0.0/8"], "secretName": "edge"},
            "serviceAccounts": {
                "audience": "goproxy",
                "issuer": CLUSTER,
                "keys": key_set(*chance.choice([keys, keys, keys[:1], keys[1:]])),
            },
            "hide": chance.random() < 0.2,
            "rules": [
                {("serviceAccounts" if name == "service_accounts" else name): v for name, v in rule.items()}
                for rule in rules
                if rule["verbs"]
            ],
        }

    async def reload(self) -> None:
        await self.site.replica.change(self.site.config(self.made()))

    def made(self) -> dict[str, Any]:
        access = None if self.chance.random() < 0.05 else self.access()
        return {
            "secretsDir": str(self.secrets),
            "modules": {"deny": self.chance.choice([[], ["example.com/denied"]])},
            "cache": {"listTTL": f"{FRESH}s"},
            **({"access": access} if access else {}),
        }

    async def remove(self) -> None:
        """Change passwords and groups, and get other tokens."""
        await super().remove()
        write_users(self.secrets, "right" if self.chance.random() < 0.7 else "another", self.chance.choice("ab"))
        identities = self.site.replica.in_force.identities
        if isinstance(identities, Identities):
            await identities.look()
        self.tokens[self.chance.randrange(4)] = self.token()


def write_users(secrets: Path, password: str, team: str) -> None:
    lines = [f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()}" for user in ("alice", "bob")]
    files = {"users/htpasswd": "\n".join(lines), "users/groups": f"{team}-team: bob", "edge/secret": SECRET}
    for name, text in files.items():
        path = secrets / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".draft").write_text(text)
        path.with_suffix(".draft").replace(path)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_both_ways_decide_the_same(
    seed: int, tmp_path: Path, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    for module in ("example.com/other", "example.com/denied"):
        upstream.add(module, "v1.0.0", "v1.1.0")
    secrets = tmp_path / "secrets"
    write_users(secrets, "right", "b")
    site = TwoWays(tmp_path, upstream, {"cache": {"listTTL": f"{FRESH}s"}})
    site.replica.in_force._kept.clock = clock
    async with site:
        driver = Askers(seed, site, upstream, clock, secrets)
        await driver.reload()
        for _ in range(STEPS):
            await driver.step()
        from_memory = driver.asked - site.by_aiohttp.requests
        assert from_memory > driver.compared / 20 > 10, f"{from_memory} from memory, {driver.compared} compared"
        assert driver.refused > 20
