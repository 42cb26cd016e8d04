"""Tokens against real issuers on loopback: discovery, rotation, outages, and those who want to be somebody else."""

import asyncio
import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from modproxy.identity.issuer_keys import OUTAGE_SECONDS, REFRESH_SECONDS, RETRY_SECONDS, UNKNOWN_KEY_SECONDS
from modproxy.identity.presented import BadCredential
from modproxy.identity.principal import AuthMethod, Principal
from tests.kubernetes.eventually import eventually
from tests.modproxy.identity.conftest import World, basic, oidc
from tests.modproxy.identity.issuer import EC_KEY, OTHER_RSA_KEY, RSA_KEY, Issuer, claims, jwk, key_set, sign


async def refused(world: World, token: str, told: str = ".") -> None:
    for authorization in (f"Bearer {token}", basic("x", token)):
        with pytest.raises(BadCredential, match=told):
            await world.who(authorization)
        assert world.identities.remembered(authorization) is None


async def test_a_token_of_an_issuer(world: World, issuer: Issuer) -> None:
    await world.take(oidc(issuer, groupsClaim="groups"))
    token = issuer.token(groups=["dev"], scope="modules")
    expected = Principal("alice", frozenset({"dev"}), ("modules",), AuthMethod.OIDC)
    for authorization in (f"Bearer {token}", basic("anything", token), basic("", token)):
        assert await world.who(authorization) == expected
        remembered = world.identities.remembered(authorization)
        assert remembered is not None
        assert remembered[0] == expected
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
    assert world.kept.checks.count == 0
    assert world.identities.problems() == ()


async def test_a_token_is_remembered_until_it_expires(world: World, issuer: Issuer) -> None:
    await world.take(oidc(issuer))
    token = f"Bearer {issuer.token()}"
    await world.who(token)
    world.clock.passed = 301
    assert world.identities.remembered(token) is None
    await world.who(token)  # within the leeway, and verified each time
    assert world.identities.remembered(token) is None
    world.clock.passed = 361
    with pytest.raises(BadCredential) as refusal:
        await world.who(token)
    assert refusal.value.told == "the token has expired"


async def test_one_token_is_one_proof_whatever_user_name_it_comes_with(world: World, issuer: Issuer) -> None:
    """Else one client could push out what all others have proved."""
    await world.take(oidc(issuer))
    token = issuer.token()
    for authorization in [f"Bearer {token}", f"bearer   {token}", *(basic(f"user-{n}", token) for n in range(20))]:
        assert (await world.who(authorization)).name == "alice"
        assert world.identities.remembered(authorization) is not None
    assert len(world.kept.proofs._proofs) == 1


async def test_an_issuer_rotates_its_keys(world: World, issuer: Issuer) -> None:
    await world.take(oidc(issuer))
    later = claims("")["exp"] + 7200
    old = issuer.token(exp=later)
    await world.who(f"Bearer {old}")
    issuer.keys = [jwk(OTHER_RSA_KEY, "k2"), jwk(RSA_KEY, "k1")]
    new = issuer.token(OTHER_RSA_KEY, kid="k2", exp=later)
    world.changes = 0
    await world.who(f"Bearer {new}")
    assert world.changes == 0, "the old key is still good"
    assert world.identities.remembered(f"Bearer {old}") is not None
    issuer.keys = [jwk(OTHER_RSA_KEY, "k2")]
    world.clock.passed += REFRESH_SECONDS
    await world.identities.look()
    await eventually(lambda: world.changes == 1, "the key that is gone is told")
    assert world.identities.remembered(f"Bearer {old}") is None
    assert world.identities.remembered(f"Bearer {new}") is not None


async def test_a_token_cannot_be_replayed_after_the_rotation(world: World, issuer: Issuer) -> None:
    await world.take(oidc(issuer))
    old = issuer.token(exp=claims("")["exp"] + 7200)
    await world.who(f"Bearer {old}")
    issuer.keys = [jwk(OTHER_RSA_KEY, "k1")]  # another key by the same name
    world.clock.passed += REFRESH_SECONDS
    await world.identities.look()
    await eventually(lambda: world.identities.remembered(f"Bearer {old}") is None, "the key is gone")
    await refused(world, old, "signature")


async def test_a_flood_of_unknown_keys_asks_the_issuer_once_a_minute(world: World, issuer: Issuer) -> None:
    await world.take(oidc(issuer))
    await world.who(f"Bearer {issuer.token()}")
    await asyncio.gather(
        *(world.who(f"Bearer {issuer.token(kid=f'k{n}x')}") for n in range(50)), return_exceptions=True
    )
    assert issuer.asked.count("/keys") == 2
    world.clock.passed += UNKNOWN_KEY_SECONDS / 2
    await refused(world, issuer.token(kid="other"), "not among")
    assert issuer.asked.count("/keys") == 2
    world.clock.passed += UNKNOWN_KEY_SECONDS / 2 + 1
    await refused(world, issuer.token(kid="another"), "not among")
    assert issuer.asked.count("/keys") == 3
    assert world.kept.failures.pause("192.0.2.7", world.clock()) == 0, "a token is no guess"


async def test_an_outage_of_the_issuer(world: World, issuer: Issuer) -> None:
    await world.take(oidc(issuer))
    await world.who(f"Bearer {issuer.token()}")
    issuer.status = 503
    far = claims("")["exp"] + 2 * OUTAGE_SECONDS
    token = issuer.token(exp=int(far))
    world.clock.passed += REFRESH_SECONDS
    await world.identities.look()
    await eventually(lambda: len(world.identities.problems()) == 1, "the outage is told")
    problem = world.identities.problems()[0]
    assert problem.part == f"oidc {issuer.url}"
    assert re.search(r"answers 503, since .* UTC: its keys of .* UTC hold until .* UTC", problem.problem)
    assert "access.oidc.issuer" in problem.remedy
    await world.who(f"Bearer {token}")
    world.clock.passed += OUTAGE_SECONDS
    await world.identities.look()
    assert world.identities.remembered(f"Bearer {token}") is None
    await refused(world, token, "not known")
    assert "too old" in world.identities.problems()[0].problem
    issuer.status = 200
    world.clock.passed += RETRY_SECONDS
    await world.identities.look()
    await eventually(lambda: world.identities.problems() == (), "the outage has ended")
    await world.who(f"Bearer {token}")


async def test_an_issuer_that_cannot_be_reached_at_the_start(world: World, issuer: Issuer) -> None:
    issuer.status = 500
    await world.take(oidc(issuer))
    await refused(world, issuer.token(), "not known")
    assert "its keys are not known" in world.identities.problems()[0].problem
    issuer.status = 200
    world.clock.passed += RETRY_SECONDS
    await world.identities.look()
    await eventually(lambda: world.identities.problems() == (), "its keys are fetched")
    await world.who(f"Bearer {issuer.token()}")


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://evil.example.com"}, {"issuer": None}, {"issuer": 7}, {"jwks_uri": None},
     {"jwks_uri": "file:///etc/passwd"}, {"jwks_uri": "http://user:pw@127.0.0.1/keys"}, {"jwks_uri": 7},
     {"jwks_uri": "keys"}, {"x": "y" * 70000}],
)  # fmt: skip
async def test_metadata_that_are_not_trusted(world: World, issuer: Issuer, metadata: dict[str, object]) -> None:
    issuer.metadata = metadata
    await world.take(oidc(issuer))
    await refused(world, issuer.token(), "not known")
    assert issuer.asked.count("/keys") == 0
    assert len(world.identities.problems()) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(world: World, issuer: Issuer, status: int) -> None:
    issuer.status = status
    await world.take(oidc(issuer))
    await refused(world, issuer.token(), "not known")
    assert "redirects" in world.identities.problems()[0].problem
    assert "/elsewhere" not in issuer.asked


async def test_a_key_set_that_is_too_large(world: World, issuer: Issuer) -> None:
    issuer.keys = [jwk(RSA_KEY), {"kty": "RSA", "x": "y" * 300_000}]
    await world.take(oidc(issuer))
    await refused(world, issuer.token(), "not known")
    assert "more than 262144 bytes" in world.identities.problems()[0].problem


async def test_issuers_are_told_apart(world: World, issuer: Issuer) -> None:
    async with Issuer() as other, Issuer() as stranger:
        other.keys = [jwk(OTHER_RSA_KEY, "k1")]
        stranger.keys = [jwk(EC_KEY, "k1")]
        await world.take(oidc(issuer, other))
        await world.who(f"Bearer {issuer.token()}")
        await world.who(f"Bearer {other.token(OTHER_RSA_KEY)}")
        # Each says that it is the other.
        await refused(world, sign(claims(other.url)), "signature")
        await refused(world, sign(claims(issuer.url), OTHER_RSA_KEY), "signature")
        await refused(world, stranger.token(EC_KEY, "ES256"), "iss")
        assert stranger.asked == [], "nobody is asked whom the config does not name"
        await refused(world, sign(claims(issuer.url), EC_KEY, "ES256", jku=f"{stranger.url}/keys"))
        await refused(world, sign(claims(issuer.url), EC_KEY, "ES256", jwk=jwk(EC_KEY)))
        assert stranger.asked == []


async def test_one_issuer_with_two_audiences(world: World, issuer: Issuer) -> None:
    config = oidc(issuer, usernamePrefix="one:")["oidc"] + [
        {"issuer": issuer.url, "audience": "two", "usernamePrefix": "two:"}
    ]
    await world.take({"oidc": config})
    assert (await world.who(f"Bearer {issuer.token()}")).name == "one:alice"
    assert (await world.who(f"Bearer {issuer.token(aud='two')}")).name == "two:alice"
    await refused(world, issuer.token(aud="three"), "audience")
    assert issuer.asked.count("/keys") == 1


async def test_the_keys_survive_a_change_of_the_config(world: World, issuer: Issuer) -> None:
    await world.take(oidc(issuer))
    token = f"Bearer {issuer.token(groups=['dev'])}"
    await world.who(token)
    world.changes = 0
    await world.take(oidc(issuer) | {"hide": True})
    assert world.identities.remembered(token) is not None
    assert world.changes == 0
    await world.take(oidc(issuer, groupsClaim="groups"))
    assert world.identities.remembered(token) is None
    assert world.changes == 1
    assert (await world.who(token)).groups == frozenset({"dev"})
    assert issuer.asked.count("/keys") == 1
    await world.take({"oidc": []})
    assert world.identities.remembered(token) is None
    with pytest.raises(BadCredential):
        await world.who(token)


def cluster(*keys: object, issuer: str = "https://kubernetes.default.svc.cluster.local") -> dict[str, object]:
    return {
        "serviceAccounts": {"audience": "goproxy", "issuer": issuer, "keys": json.dumps({"keys": keys})},
    }


async def test_a_service_account(world: World) -> None:
    await world.take(cluster(jwk(RSA_KEY)))
    subject = "system:serviceaccount:build:ci"
    token = sign(claims("https://kubernetes.default.svc.cluster.local", sub=subject))
    found = await world.who(f"Bearer {token}")
    assert (found.name, found.method) == (subject, AuthMethod.SERVICE_ACCOUNT)
    assert (await world.who(basic("sa", token))) == found
    await world.take(cluster(jwk(OTHER_RSA_KEY, "k2"), jwk(RSA_KEY)))
    assert await world.who(f"Bearer {token}") == found
    await world.take(cluster(jwk(OTHER_RSA_KEY, "k2")))
    await refused(world, token, "not among")
    await world.take(cluster())
    assert [problem.part for problem in world.identities.problems()] == ["serviceAccounts"]
    await refused(world, token, "not known")


async def test_a_cluster_whose_issuer_is_not_known_yet(world: World) -> None:
    await world.take({"serviceAccounts": {"audience": "goproxy"}})
    assert "issuer is not known" in world.identities.problems()[0].problem
    await refused(world, sign(claims("https://kubernetes.default.svc", sub="system:serviceaccount:a:b")), "iss")


async def test_a_clock_that_is_set_back_stops_no_refresh(world: World, issuer: Issuer) -> None:
    world.clock.passed = 1e6
    await world.take(oidc(issuer))
    await eventually(lambda: issuer.asked.count("/keys") == 1, "the keys are fetched")
    world.clock.passed = 0
    await world.identities.look()
    await eventually(lambda: issuer.asked.count("/keys") == 2, "the keys are fetched again")


async def test_an_issuer_cannot_name_service_accounts(world: World, issuer: Issuer) -> None:
    await world.take(oidc(issuer, groupsClaim="groups") | cluster(jwk(OTHER_RSA_KEY)))
    await refused(world, issuer.token(sub="system:serviceaccount:build:ci"), "service accounts")
    await refused(world, issuer.token(groups=["system:serviceaccounts"]), "service accounts")
    await refused(world, sign(claims("https://kubernetes.default.svc.cluster.local")), "signature")


async def test_a_small_key_of_an_issuer_proves_nothing(world: World, issuer: Issuer) -> None:
    small = rsa.generate_private_key(65537, 1024)
    issuer.keys = [jwk(RSA_KEY, "k1"), jwk(small, "small")]
    await world.take(oidc(issuer))
    await world.who(f"Bearer {issuer.token()}")
    await refused(world, issuer.token(small, kid="small"), "not among")


def test_the_key_set_of_the_tests_is_one() -> None:
    assert json.loads(key_set(jwk(RSA_KEY)))["keys"][0]["kid"] == "k1"
