"""What a credential has proved ends with it, also between two hits of one connection."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.identity.issuer import jwk, key_set, sign
from tests.modproxy.server.hit.test_same_bytes import Clock
from tests.modproxy.server.hit.two_ways import INFO, ZIP, TwoWays, get, read_answer

KEY = ec.generate_private_key(ec.SECP256R1())
CLUSTER = "https://kubernetes.default.svc"
SUBJECT = "system:serviceaccount:ci:builder"
LASTS = 500


def access(**changed: Any) -> dict[str, Any]:
    accounts = {"audience": "goproxy", "issuer": CLUSTER, "keys": key_set(jwk(KEY, "k"))}
    rule = {"serviceAccounts": ["ci/builder"], "modules": ["example.com"], "verbs": ["read", "fetch"]}
    return {"serviceAccounts": accounts, "rules": [rule], **changed}


@pytest.mark.parametrize("path", [INFO, ZIP])
@pytest.mark.parametrize("how", ["expires", "loses its rule", "loses its key", "is refused by its class"])
async def test_a_hit_ends_with_the_right_to_it(
    how: str, path: str, tmp_path: Path, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    now = int(clock.now)
    token, longer = (
        sign({"iss": CLUSTER, "aud": "goproxy", "sub": SUBJECT, "iat": now, "exp": now + lasts}, KEY, "ES256", "k")
        for lasts in (LASTS, LASTS * 2)
    )
    request, longer_request = (get(path, f"Authorization: Bearer {one}") for one in (token, longer))
    site = TwoWays(tmp_path, upstream, {"access": access()})
    site.replica.in_force._kept.clock = clock
    async with site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.quick)

        async def ask(request: bytes = request) -> int:
            writer.write(request)
            return int((await read_answer(reader)).split()[1])

        for _ in range(3):
            assert await ask() == 200
            await site.settled()
        clock.now += LASTS - 2
        for _ in range(3):  # the first of them renews the age
            assert await ask() == 200
        before = site.by_aiohttp.requests
        assert await ask() == 200
        assert site.by_aiohttp.requests == before, "it is answered from memory"
        match how:
            case "expires":
                clock.now += 60  # the leeway ends soon
                for _ in range(4):  # the handler has just looked at the hit, which somebody else may still have
                    assert await ask(longer_request) == 200
                clock.now += 3
            case "loses its rule":
                await site.replica.change(site.config({"access": access(rules=[])}))
            case "loses its key":
                other = {"audience": "goproxy", "issuer": CLUSTER, "keys": key_set(jwk(KEY, "another"))}
                await site.replica.change(site.config({"access": access(serviceAccounts=other)}))
            case _:
                imposed = {"by": "GoProxyClass c", "deny": ["example.com"]}
                await site.replica.change(site.config({"access": access(), "modules": {"imposed": imposed}}))
        assert await ask() == (401 if how in ("expires", "loses its key") else 403)
        writer.transport.abort()
