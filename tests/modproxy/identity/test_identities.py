"""Passwords, the trusted proxy, and what is remembered of both: real files, real hashes."""

import asyncio
import time

import bcrypt
import pytest
from argon2 import PasswordHasher

from modproxy.identity.failures import FREE_FAILURES, MOST_WAITING
from modproxy.identity.presented import BadCredential, TooManyFailures
from modproxy.identity.principal import ANONYMOUS, AuthMethod, Principal
from modproxy.identity.proofs import PASSWORD_SECONDS, REFUSED_SECONDS
from tests.modproxy.identity.conftest import PEER, World, basic

BASIC = {"basic": {"secretName": "users"}}


def line(user: str, password: str, cost: int = 4) -> str:
    return f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()}\n"


@pytest.fixture
async def users(world: World) -> World:
    argon = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("pw-c")
    world.secret(
        "users", htpasswd=line("alice", "pw-a") + line("bob", "pw-b") + f"carol:{argon}\n", groups="dev: alice carol\n"
    )
    await world.take(BASIC)
    return world


async def test_users_with_their_groups(users: World) -> None:
    assert await users.who(None) == ANONYMOUS
    assert await users.who(basic("alice", "pw-a")) == Principal("alice", frozenset({"dev"}), method=AuthMethod.BASIC)
    assert (await users.who(basic("bob", "pw-b"))).groups == frozenset()
    assert (await users.who(basic("carol", "pw-c"))).groups == frozenset({"dev"})
    assert users.identities.problems() == ()


@pytest.mark.parametrize(
    "authorization",
    [basic("alice", "wrong"), basic("alice", ""), basic("mallory", "pw-a"), basic("", "pw-a"), basic("ALICE", "pw-a"),
     "Bearer pw-a", "Basic x", "", "Negotiate x", "Bearer eyJhbGciOiJub25lIn0.e30."],
)  # fmt: skip
async def test_a_bad_credential_is_never_anonymous(users: World, authorization: str) -> None:
    with pytest.raises(BadCredential) as refusal:
        await users.who(authorization)
    assert refusal.value.told == BadCredential("x").told
    assert users.identities.remembered(authorization) is None


async def test_a_password_is_verified_once_and_remembered(users: World) -> None:
    good = basic("alice", "pw-a")
    assert users.identities.remembered(good) is None
    await asyncio.gather(*(users.who(good) for _ in range(50)))
    assert users.kept.checks.count == 1
    remembered = users.identities.remembered(good)
    assert remembered is not None
    assert remembered[0].name == "alice"
    assert abs(remembered[1] - time.time() - PASSWORD_SECONDS) < 60
    users.clock.passed = PASSWORD_SECONDS + 1
    assert users.identities.remembered(good) is None
    await users.who(good)
    assert users.kept.checks.count == 2


async def test_who_leaves_does_not_end_the_proof_for_others(users: World) -> None:
    first = asyncio.create_task(users.who(basic("alice", "pw-a")))
    second = asyncio.create_task(users.who(basic("alice", "pw-a")))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).name == "alice"
    assert users.kept.checks.count == 1


async def test_unknown_users_cost_what_known_ones_cost(users: World) -> None:
    for number, (user, password) in enumerate([("alice", "x"), ("mallory", "x"), ("mallory", "pw-a"), ("", "y")], 1):
        with pytest.raises(BadCredential) as refusal:
            await users.who(basic(user, password))
        assert users.kept.checks.count == number
        assert refusal.value.told == BadCredential("x").told


async def test_the_go_command_asks_twice_and_counts_once(users: World) -> None:
    bad = basic("alice", "wrong")
    for _ in range(3 * FREE_FAILURES):
        with pytest.raises(BadCredential):
            await users.who(bad)
    assert users.kept.checks.count == 1
    assert users.kept.failures.pause(PEER, users.clock()) == 0
    users.clock.passed += REFUSED_SECONDS + 1
    with pytest.raises(BadCredential):
        await users.who(bad)
    assert users.kept.checks.count == 2


async def test_who_guesses_is_slowed_down_alone(users: World) -> None:
    await users.who(basic("alice", "pw-a"))
    users.clock.passed += PASSWORD_SECONDS + 1
    results = await asyncio.gather(
        *(users.who(basic("bob", f"guess {n}")) for n in range(MOST_WAITING + 200)), return_exceptions=True
    )
    checked = users.kept.checks.count
    assert checked <= 1 + FREE_FAILURES + 4, "what waits is not looked at once the address has failed too often"
    slow = [result for result in results if isinstance(result, TooManyFailures)]
    assert len(slow) + checked - 1 == len(results)
    assert all(result.retry_after >= 1 for result in slow)
    with pytest.raises(TooManyFailures):
        await users.who(basic("bob", "pw-b"))
    for other in ("192.0.2.8", "2001:db8::1"):
        assert (await users.who(basic("bob", "pw-b"), other)).name == "bob"
    assert (await users.who(basic("bob", "pw-b"))).name == "bob", "it is remembered, wherever it was proved"
    assert (await users.who(basic("alice", "pw-a"))).name == "alice", "who was let in before is not kept out"


async def test_all_addresses_of_one_customer_are_one(users: World) -> None:
    for n in range(FREE_FAILURES):
        with pytest.raises(BadCredential):
            await users.who(basic("bob", f"guess {n}"), f"2001:db8::{n:x}")
    with pytest.raises(TooManyFailures) as slow:
        await users.who(basic("bob", "guess"), "2001:db8::ffff")
    assert slow.value.retry_after <= 2
    users.clock.passed += slow.value.retry_after
    with pytest.raises(BadCredential):
        await users.who(basic("bob", "guess"), "2001:db8::ffff")


async def test_a_changed_secret_counts_at_once(users: World) -> None:
    good = basic("alice", "pw-a")
    await users.who(good)
    with pytest.raises(BadCredential):
        await users.who(basic("alice", "new"))
    users.changes = 0
    await users.identities.look()
    assert users.changes == 0
    users.secret("users", htpasswd=line("alice", "new"))
    await users.identities.look()
    assert users.changes == 1
    assert users.identities.remembered(good) is None
    with pytest.raises(BadCredential):
        await users.who(good)
    assert (await users.who(basic("alice", "new"))).name == "alice", "the refusal before the change is forgotten"
    users.secret("users", groups="admins: alice\n")
    await users.identities.look()
    assert users.changes == 2
    assert (await users.who(basic("alice", "new"))).groups == frozenset({"admins"})


async def test_a_secret_that_cannot_be_used_keeps_the_users(users: World) -> None:
    users.secret("users", htpasswd="alice:plain\n")
    await users.identities.look()
    assert (await users.who(basic("alice", "pw-a"))).name == "alice"
    told = [problem.problem for problem in users.identities.problems()]
    assert "no line that can be used: the users that were read before stay" in told[0]
    assert told[1].startswith("Secret users: line 1 of htpasswd: ")
    for content in (None, b"\xff\xfe", b"x" * (1 << 21)):
        users.secret("users", htpasswd=content)
        await users.identities.look()
        assert "stay" in users.identities.problems()[0].problem
        assert (await users.who(basic("bob", "pw-b"))).name == "bob"
        if content is None:
            users.secret("users", htpasswd=line("bob", "pw-b"))
            await users.identities.look()
            assert users.identities.problems() == ()
    users.secret("users", htpasswd=line("alice", "pw-a") + "bob:{SHA}x\n")
    await users.identities.look()
    assert [problem.part for problem in users.identities.problems()] == ["basic"]
    assert (await users.who(basic("alice", "pw-a"))).name == "alice"


async def test_without_a_secret_nobody_is_let_in(world: World) -> None:
    await world.take(BASIC)
    problem = world.identities.problems()[0].problem
    assert problem.startswith("Secret users is not found or not mounted yet, or has no key htpasswd: no user with a")
    with pytest.raises(BadCredential):
        await world.who(basic("alice", "pw-a"))
    world.secret("users", groups="")
    await world.identities.look()
    assert "has no key htpasswd" in world.identities.problems()[0].problem
    world.secret("users", htpasswd=line("alice", "pw-a"))
    await world.identities.look()
    assert world.identities.problems() == ()
    assert (await world.who(basic("alice", "pw-a"))).name == "alice"


async def test_a_change_of_the_config(users: World) -> None:
    good = basic("alice", "pw-a")
    await users.who(good)
    users.changes = 0
    await users.take(BASIC | {"anonymous": ["read"]})
    assert users.identities.remembered(good) is not None, "nothing that it rests on has changed"
    assert users.changes == 0
    old = users.identities
    users.secret("others", htpasswd=line("alice", "pw-o"))
    await users.take({"basic": {"secretName": "others"}})
    assert users.identities.remembered(good) is None
    assert users.changes == 1
    # A request that began under the former config may still ask its identities: what they prove is not remembered.
    await users.take({"oidc": []})
    assert old is not users.identities
    with pytest.raises(BadCredential):
        await users.who(basic("alice", "pw-o"))


async def test_no_credential_is_kept(users: World) -> None:
    await users.who(basic("alice", "pw-a"))
    kept = users.kept.proofs.__dict__ | {"under_way": users.kept.under_way}
    assert "pw-a" not in repr(kept)
    assert basic("alice", "pw-a").split()[1] not in repr(kept)
    with pytest.raises(BadCredential):
        await users.who(basic("alice", "wrong-pw"))
    # A remembered refusal has no traceback, whose frames have the password.
    assert not any(isinstance(value, Exception) for kept in users.kept.proofs._refusals.values() for value in kept)


PROXY = {"trustedProxy": {"cidrs": ["10.1.0.0/16"], "secretName": "edge"}}
HEADERS = {"X_Auth_Proxy_Secret": "s3cret", "X_Forwarded_User": "alice", "X_Forwarded_Groups": "dev"}


async def test_a_trusted_proxy(users: World) -> None:
    assert users.identities.headers == {"authorization"}
    users.secret("edge", secret="s3cret\n")
    await users.take(BASIC | PROXY)
    assert users.identities.headers == {
        "authorization", "x-auth-proxy-secret", "x-forwarded-user", "x-forwarded-groups"
    }  # fmt: skip
    for peer in ("10.1.2.3", "::ffff:10.1.2.3"):
        assert await users.who(None, peer, **HEADERS) == Principal(
            "alice", frozenset({"dev"}), method=AuthMethod.TRUSTED_PROXY
        )
    # From anybody else the headers are ignored, with and without a credential.
    assert await users.who(None, "10.2.2.3", **HEADERS) == ANONYMOUS
    assert await users.who(None, "10.1.2.3", **HEADERS | {"X_Auth_Proxy_Secret": "guess"}) == ANONYMOUS
    assert (await users.who(basic("bob", "pw-b"), "10.2.2.3", **HEADERS)).name == "bob"
    # The proxy passes on what its client sent as well.
    assert (await users.who(basic("bob", "pw-b"), "10.1.2.3", **HEADERS)).name == "alice"
    assert (await users.who(basic("bob", "pw-b"), "10.1.2.3")).name == "bob"
    users.changes = 0
    users.secret("edge", secret="rotated")
    await users.identities.look()
    assert users.changes == 1
    assert await users.who(None, "10.1.2.3", **HEADERS) == ANONYMOUS
    assert (await users.who(None, "10.1.2.3", **HEADERS | {"X_Auth_Proxy_Secret": "rotated"})).name == "alice"


@pytest.mark.parametrize("content", [None, "", "\n", "two\nlines", " space ", "ünicode"])
async def test_a_proxy_without_a_usable_secret_is_not_trusted(world: World, content: str | None) -> None:
    if content is not None:
        world.secret("edge", secret=content)
    await world.take(PROXY)
    assert [problem.part for problem in world.identities.problems()] == ["trustedProxy"]
    sent = HEADERS | {"X_Auth_Proxy_Secret": (content or "").strip()}
    assert await world.who(None, "10.1.2.3", **sent) == ANONYMOUS
