"""The real program with users, an issuer and a trusted proxy: who asks, what is served, and what is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import bcrypt
import pytest

from modproxy.identity.authorization import MOST_TOKEN
from modproxy.identity.failures import FREE_FAILURES
from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.identity.conftest import basic
from tests.modproxy.identity.issuer import AUDIENCE, OTHER_RSA_KEY, Issuer, claims, jwk
from tests.modproxy.proxy_process import ProxyProcess
from tests.secrecy.registry import new_secret

LIST = "example.com/!mixed/@v/list"
INFO = "example.com/!mixed/@v/v1.0.0.info"
PASSWORD, EDGE = new_secret("alice"), new_secret("edge")
RULES = [{"groups": ["dev"], "modules": ["*"], "verbs": ["read", "fetch"]}]


def line(user: str, password: str) -> str:
    return f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()}\n"


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer() as server:
        yield server


@pytest.fixture
async def proxy(upstream: FakeUpstream, issuer: Issuer, tmp_path: Path) -> AsyncIterator[ProxyProcess]:
    secrets = tmp_path / "secrets"
    for name, keys in {
        "users": {"htpasswd": line("alice", PASSWORD), "groups": "dev: alice\n"},
        "edge": {"secret": EDGE},
    }.items():
        (secrets / name).mkdir(parents=True)
        for key, content in keys.items():
            (secrets / name / key).write_text(content)
    config: dict[str, Any] = {
        "secretsDir": str(secrets),
        "upstream": {"goproxy": upstream.url, "timeout": "2s"},
        "access": {
            "basic": {"secretName": "users"},
            "oidc": [{"issuer": issuer.url, "audience": AUDIENCE, "groupsClaim": "groups"}],
            "trustedProxy": {"cidrs": ["127.0.0.0/8"], "secretName": "edge"},
            "rules": RULES,
        },
    }
    async with ProxyProcess(tmp_path / "proxy", config) as process:
        yield process


async def status(proxy: ProxyProcess, authorization: str | None = None, path: str = LIST, **headers: str) -> int:
    named = headers | ({"Authorization": authorization} if authorization is not None else {})
    return (await proxy.get(path, **named)).status


async def test_each_way_to_prove_who_asks(proxy: ProxyProcess, issuer: Issuer) -> None:
    token = issuer.token(groups=["dev"])
    for _ in range(5):  # the later ones are hits in front of aiohttp
        for path in (LIST, INFO):
            assert await status(proxy, None, path) == 401
            assert await status(proxy, basic("alice", PASSWORD), path) == 200
            assert await status(proxy, basic("alice", "wrong"), path) == 401
            assert await status(proxy, f"Bearer {token}", path) == 200
            assert await status(proxy, basic("x", token), path) == 200
            assert await status(proxy, f"Bearer {issuer.token(groups=['other'])}", path) == 403
            assert await status(proxy, f"Bearer {token[:-4]}AAAA", path) == 401
            sent = {"X_Auth_Proxy_Secret": EDGE, "X_Forwarded_User": "bob", "X_Forwarded_Groups": "dev"}
            assert await status(proxy, None, path, **sent) == 200
            assert await status(proxy, None, path, **sent | {"X_Forwarded_Groups": "other"}) == 403
            assert await status(proxy, None, path, **sent | {"X_Auth_Proxy_Secret": "guess"}) == 401
    assert await status(proxy, basic("alice", PASSWORD), "") == 200
    assert await status(proxy, basic("alice", "wrong"), "") == 401
    assert issuer.asked.count("/keys") == 1
    assert (await proxy.report()).access_problems == ()
    log = proxy.log()
    assert token not in log
    assert "wrong" not in log


async def test_the_longest_token(proxy: ProxyProcess, issuer: Issuer) -> None:
    token = issuer.token(groups=["dev"], filler="x" * (11 * 1024))
    assert 15 * 1024 < len(token) <= MOST_TOKEN
    assert await status(proxy, f"Bearer {token}") == 200
    assert await status(proxy, basic("x", token)) == 200
    assert await status(proxy, f"Bearer {issuer.token(groups=['dev'], filler='x' * 13000)}") == 401
    assert await status(proxy, "Bearer " + "x" * 100_000) == 400


async def test_several_credentials_in_one_request_prove_nothing(proxy: ProxyProcess) -> None:
    assert await status(proxy, basic("alice", PASSWORD)) == 200
    for values in ([basic("alice", PASSWORD), basic("alice", PASSWORD)], [basic("alice", PASSWORD), "Bearer x"]):
        headers = [("Authorization", value) for value in values]
        async with aiohttp.ClientSession() as session, session.get(f"{proxy.url}/{LIST}", headers=headers) as answer:
            assert answer.status in {400, 401}


async def test_a_user_who_is_removed_is_out_also_of_hits(proxy: ProxyProcess, tmp_path: Path) -> None:
    for _ in range(5):
        assert await status(proxy, basic("alice", PASSWORD)) == 200
    (tmp_path / "secrets/users/htpasswd").write_text(line("carol", PASSWORD))

    async def out() -> bool:
        return await status(proxy, basic("alice", PASSWORD)) == 401

    await eventually(out, "alice is no user")


async def test_a_key_that_is_withdrawn(proxy: ProxyProcess, issuer: Issuer) -> None:
    old = issuer.token(groups=["dev"], exp=claims("")["exp"] + 3600)
    for _ in range(5):
        assert await status(proxy, f"Bearer {old}") == 200
    issuer.keys = [jwk(OTHER_RSA_KEY, "k2")]
    new = issuer.token(OTHER_RSA_KEY, kid="k2", groups=["dev"])
    assert await status(proxy, f"Bearer {new}") == 200, "the unknown key has the keys fetched at once"
    assert await status(proxy, f"Bearer {old}") == 401, "also where it was a hit"


async def test_a_change_of_the_config(proxy: ProxyProcess, issuer: Issuer, tmp_path: Path) -> None:
    token = issuer.token(groups=["dev"])
    for _ in range(5):
        assert await status(proxy, f"Bearer {token}") == 200
        assert await status(proxy, basic("alice", PASSWORD)) == 200
    proxy.write_config(access={"basic": {"secretName": "users"}, "rules": RULES})
    await proxy.until_report(lambda report: report.config.generation == 2)
    assert await status(proxy, f"Bearer {token}") == 401
    assert await status(proxy, basic("alice", PASSWORD)) == 200
    proxy.write_config(access={"anonymous": ["read"]})
    report = await proxy.until_report(lambda report: report.config.generation == 3)
    assert report.access_problems is None
    assert await status(proxy) == 200
    proxy.write_config(access={"basic": {"secretName": "none"}, "rules": RULES})
    report = await proxy.until_report(lambda report: report.config.generation == 4)
    assert [problem.part for problem in report.access_problems or ()] == ["basic"]
    assert await status(proxy, basic("alice", PASSWORD)) == 401
    assert await status(proxy) == 401


async def test_who_guesses_is_slowed_down(proxy: ProxyProcess) -> None:
    assert await status(proxy, basic("alice", PASSWORD)) == 200
    statuses = [await status(proxy, basic("alice", f"guess {n}")) for n in range(FREE_FAILURES + 1)]
    assert statuses == [401] * FREE_FAILURES + [429]
    slow = await proxy.get(LIST, Authorization=basic("alice", "guess"))
    assert int(slow.headers["Retry-After"]) >= 1
    assert await status(proxy, basic("alice", PASSWORD)) == 200


async def test_what_is_wrong_is_reported(proxy: ProxyProcess, issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / "secrets/users/htpasswd").write_text(line("alice", PASSWORD) + "bob:$apr1$x$y\n")
    (tmp_path / "secrets/edge/secret").unlink()
    report = await proxy.until_report(lambda report: len(report.access_problems or ()) == 2)
    told = {problem.part: problem.problem for problem in report.access_problems or ()}
    assert told["basic"].startswith("Secret users: line 2 of htpasswd: ")
    assert "no key secret" in told["trustedProxy"]
    assert await status(proxy, basic("alice", PASSWORD)) == 200


async def test_a_burst_of_one_password_is_one_verification(proxy: ProxyProcess) -> None:
    statuses = await asyncio.gather(*(status(proxy, basic("alice", PASSWORD)) for _ in range(50)))
    assert set(statuses) == {200}
