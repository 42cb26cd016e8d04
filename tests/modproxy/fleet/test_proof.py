"""Who is a peer and who a child: by tokens of service accounts, and by a token that all replicas share."""

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from modproxy.contract.config import PeersConfig, ProofConfig
from modproxy.fleet.own_token import OwnToken
from modproxy.fleet.proof import AUDIENCE, Proven, Prover, Standing, Unproven
from tests.modproxy.identity.issuer import EC_KEY, OTHER_RSA_KEY, claims, jwk, key_set, sign
from tests.modproxy.identity.issuer import RSA_KEY as KEY
from tests.secrecy.registry import REGISTRY

ISSUER = "https://kubernetes.default.svc"
PEER, CHILD = "system:serviceaccount:build:team-a", "system:serviceaccount:shop:child"


def config(**proof: Any) -> PeersConfig:
    given = {"issuer": ISSUER, "keys": key_set(jwk(KEY)), "peers": ("build/team-a",), "children": ("shop/child",)}
    return PeersConfig(proof=ProofConfig(**(given | proof)))


def token(subject: str = PEER, **more: Any) -> str:
    return sign(claims(ISSUER, **({"aud": [AUDIENCE], "sub": subject} | more)))


@pytest.fixture
async def prover() -> AsyncIterator[Prover]:
    made = Prover(OwnToken())
    await made.take(config())
    yield made
    await made.close()


async def test_peers_and_children(prover: Prover) -> None:
    assert await prover.who(f"Bearer {token()}", "10.0.0.1") == Proven(Standing.PEER, "build/team-a")
    assert await prover.who(f"Bearer {token(CHILD)}", "10.0.0.1") == Proven(Standing.CHILD, "shop/child")


def now() -> int:
    return int(time.time())


BAD: dict[str, Callable[[], str]] = {
    "another subject": lambda: token("system:serviceaccount:build:other"),
    "a user": lambda: token("alice"),
    "another namespace": lambda: token("system:serviceaccount:other:team-a"),
    "another audience": lambda: token(aud="goproxy"),
    "no audience": lambda: token(aud=None),
    "expired": lambda: token(exp=now() - 600, iat=now() - 900, nbf=now() - 900),
    "not valid yet": lambda: token(nbf=now() + 600),
    "another issuer": lambda: sign(claims("https://evil.example.com", aud=AUDIENCE, sub=PEER)),
    "forged": lambda: sign(claims(ISSUER, aud=AUDIENCE, sub=PEER), OTHER_RSA_KEY),
    "another algorithm": lambda: sign(claims(ISSUER, aud=AUDIENCE, sub=PEER), EC_KEY, "ES256"),
    "symmetric": lambda: sign(claims(ISSUER, aud=AUDIENCE, sub=PEER), "k" * 64, "HS256"),
    "no token at all": lambda: "x" * 40,
    "cut": lambda: token()[:-20],
}


@pytest.mark.parametrize("name", BAD)
async def test_who_is_nobody(prover: Prover, name: str) -> None:
    with pytest.raises(Unproven):
        await prover.who(f"Bearer {BAD[name]()}", "10.0.0.1")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "Bearer a, Bearer b", "Bearer " + "ey.x" * 9000])
async def test_what_is_no_credential(prover: Prover, header: str | None) -> None:
    with pytest.raises(Unproven):
        await prover.who(header, "10.0.0.1")


async def test_a_newer_config_is_followed(prover: Prover) -> None:
    header = f"Bearer {token()}"
    await prover.who(header, "10.0.0.1")
    await prover.take(config(peers=("build/other",)))
    with pytest.raises(Unproven):
        await prover.who(header, "10.0.0.1")
    await prover.take(config(keys=key_set(jwk(OTHER_RSA_KEY))))
    with pytest.raises(Unproven):
        await prover.who(header, "10.0.0.1")
    await prover.take(config(issuer=None))
    with pytest.raises(Unproven):
        await prover.who(header, "10.0.0.1")
    assert prover.problem is not None
    await prover.take(None)
    with pytest.raises(Unproven):
        await prover.who(header, "10.0.0.1")
    await prover.take(config())
    assert (await prover.who(header, "10.0.0.1")).standing is Standing.PEER


async def test_a_shared_token_is_compared_and_read_anew(tmp_path: Path) -> None:
    file, own = tmp_path / "token", OwnToken()
    prover = Prover(own)
    await prover.take(PeersConfig(token_file=str(file)))
    first, second = "first-token-of-all", "second-token-of-all"
    for text in (first, second):
        REGISTRY.add(text, "token of the peers")
    await own.look(str(file))
    assert own.problem is not None and str(tmp_path) not in own.problem
    file.write_text(f"{first}\n")
    await own.look(str(file))
    assert (await prover.who(f"Bearer {first}", "")) == Proven(Standing.PEER)
    for header in (f"Bearer {second}", f"Bearer {first}x", f"Basic {first}", first, "Bearer é"):
        with pytest.raises(Unproven):
            await prover.who(header, "")
    file.write_text(second)
    await own.look(str(file))
    assert (await prover.who(f"Bearer {second}", "")).standing is Standing.PEER
    with pytest.raises(Unproven):
        await prover.who(f"Bearer {first}", "")
    await prover.close()


@pytest.mark.parametrize("content", ["", "short", "with blank and so on", "x" * 20_000, "line\nbreak-in-the-middle"])
async def test_what_is_no_token_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content)
    own = OwnToken()
    await own.look(str(tmp_path / "token"))
    assert own.text is None and own.problem is not None
