"""Who may do what, with real clients over TLS: each way to carry a credential, two tenants, and revoked rights."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modproxy.mod.path import escape
from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.go_client import GoClient
from tests.modproxy.live.access_site import (
    PASSWORDS,
    PROXY_SECRET,
    SHARED,
    TEAM_A,
    TEAM_B,
    AccessSite,
    basic,
    bearer,
)

A, B, COMMON = (f"{escape(module)}/@v/v1.0.0.info" for module in (TEAM_A, TEAM_B, SHARED))
ALICE, BOB = (basic(user, PASSWORDS[user]) for user in ("alice", "bob"))


@pytest.fixture
async def site(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[AccessSite]:
    async with AccessSite(tmp_path / "site", upstream) as made:
        yield made


async def test_each_way_to_carry_a_credential(site: AccessSite) -> None:
    """The go command with netrc, a login in the URL, GOAUTH=netrc, GOAUTH=git and GOAUTH=COMMAND."""
    host = site.proxy.url.removeprefix("https://")
    token = site.issuer.token(groups=["team-a"])
    netrc = site.client()
    (netrc.project.parent / ".netrc").write_text(f"machine {host}\nlogin alice\npassword {_netrc('alice')}\n")
    site.write_users({**PASSWORDS, "alice": _netrc("alice")})

    async def in_force() -> bool:
        return (await site.get("", basic("alice", _netrc("alice")))).status == 200

    await eventually(in_force, "the new password is good")
    script = site.folder / "goauth"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nsys.stdin.read()\n"
        f"print('https://{host}\\n\\nAuthorization: Bearer {token}\\n')\n"
    )
    script.chmod(0o755)
    clients = {
        "netrc": netrc,
        "userinfo": site.client(GOPROXY=f"https://bob:{PASSWORDS['bob']}@{host}"),
        "token as password": site.client(GOPROXY=f"https://anything:{token}@{host}"),
        "command": site.client(GOAUTH=str(script)),
        "git": await _git_client(site, host, token),
    }
    for way, client in clients.items():
        mine, other = (TEAM_B, TEAM_A) if way == "userinfo" else (TEAM_A, TEAM_B)
        await client.succeed("mod", "init", "example.org/app")
        got = await client.go("mod", "download", "-json", f"{mine}@v1.0.0")
        assert (got.code, '"Zip"' in got.out) == (0, True), (way, got)
        refused = await client.go("get", f"{other}@v1.0.0")
        assert refused.code != 0, way
        assert f"may not read {other} at GoProxy build/shared" in refused.err, (way, refused.err)
        assert "rule: nothing in access lets" in refused.err


def _netrc(user: str) -> str:
    return PASSWORDS[user].replace(" ", "-").replace(":", "-").replace("'", "-")


async def _git_client(site: AccessSite, host: str, token: str) -> GoClient:
    client = site.client()
    home = client.project.parent
    (home / ".gitconfig").write_text(f"[credential]\n\thelper = store --file={home}/credentials\n")
    (home / "credentials").write_text(f"https://me:{token}@{host}\n")
    client._env["GOAUTH"] = f"git {home}"
    return client


async def test_without_a_credential_go_says_what_to_do(site: AccessSite) -> None:
    client = site.client()
    await client.succeed("mod", "init", "example.org/app")
    refused = await client.go("get", f"{TEAM_A}@v1.0.0")
    assert "unauthorized: GoProxy build/shared asks for a credential to read a.example.com/private" in refused.err
    assert "~/.netrc" in refused.err


async def test_two_tenants_do_not_see_each_others_private_modules(site: AccessSite) -> None:
    tenants = {
        "a": [ALICE, bearer(site.issuer.token(sub="x", groups=["team-a"]))],
        "b": [
            BOB,
            bearer(site.service_account("team-b", "builder")),
            basic("x", site.service_account("team-b", "builder")),
        ],
    }
    files = ("@v/list", "@latest", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip", "@v/master.info")
    for name, credentials in tenants.items():
        mine, other = (TEAM_A, TEAM_B) if name == "a" else (TEAM_B, TEAM_A)
        for credential in credentials:
            for file in files[:5]:
                for _ in range(3):  # fetched, answered by the handler, answered from memory
                    assert (await site.get(f"{mine}/{file}", credential)).status == 200, (name, file)
            for file in files:
                for _ in range(3):
                    reply = await site.get(f"{other}/{file}", credential)
                    assert reply.status == 403
                    assert other in reply.text and "v1." not in reply.text.replace("v1.0.0.", "")


@pytest.mark.parametrize(
    "credential",
    [None, basic("alice", "wrong"), basic("mallory", "wrong"), "Bearer x.y.z", "Bearer ", "Basic %%%", "Digest x"],
)
async def test_a_bad_credential_is_never_anonymous(site: AccessSite, credential: str | None) -> None:
    access = site.access(anonymous=["read", "fetch"])
    await _change(site, access)
    assert (await site.get(COMMON)).status == 200
    for _ in range(3):
        reply = await site.get(COMMON, credential)
        assert reply.status == (200 if credential is None else 401)
        if credential is not None:
            assert reply.headers["WWW-Authenticate"].startswith("Basic realm=")
            assert "Bearer" in reply.headers["WWW-Authenticate"]
            assert "alice" not in reply.text and "mallory" not in reply.text


async def _change(site: AccessSite, access: object) -> None:
    before = (await site.proxy.report()).config.generation
    site.proxy.write_config(access=access)
    await site.proxy.until_report(lambda report: report.config.generation > before)


async def test_root_tells_good_credentials_from_bad_ones(site: AccessSite) -> None:
    for method in ("GET", "HEAD"):
        for path in ("", "?x=1"):
            assert (await site.proxy.get(path, method, Authorization=ALICE)).status == 200
            assert (await site.proxy.get(path, method, Authorization=basic("alice", "x"))).status == 401
            assert (await site.proxy.get(path, method)).status == 401


async def test_who_may_only_read_makes_the_fleet_fetch_nothing(site: AccessSite) -> None:
    reply = await site.get(COMMON, BOB)
    assert (reply.status, "may not fetch example.com/Mixed" in reply.text) == (403, True)
    assert not site.upstream.requests
    assert (await site.get(COMMON, ALICE)).status == 200
    for _ in range(3):
        assert (await site.get(COMMON, BOB)).status == 200
    assert sum(site.upstream.requests.values()) == 1


async def test_a_right_that_is_taken_away_is_gone_at_once_also_for_what_memory_has(site: AccessSite) -> None:
    for _ in range(4):
        assert (await site.get(A, ALICE)).status == 200
    await _change(site, site.access(rules=[]))
    for headers in ({}, {"Range": "bytes=0-1"}, {"If_None_Match": "*"}, {"Disable_Module_Fetch": "true"}):
        assert (await site.get(A, ALICE, **headers)).status == 403
    await _change(site, site.access())
    assert (await site.get(A, ALICE)).status == 200


async def test_a_password_that_is_changed_is_good_no_more(site: AccessSite) -> None:
    for _ in range(4):
        assert (await site.get(A, ALICE)).status == 200
    site.write_users({"alice": "another", "bob": PASSWORDS["bob"]})

    async def refused() -> bool:
        return (await site.get(A, ALICE)).status == 401

    await eventually(refused, "the old password is refused")
    assert (await site.get(A, basic("alice", "another"))).status == 200


async def test_a_key_that_is_rotated_away_ends_what_it_has_proved(site: AccessSite) -> None:
    token = bearer(site.issuer.token(groups=["team-a"]))
    for _ in range(4):
        assert (await site.get(A, token)).status == 200
    access = site.access()
    access["serviceAccounts"]["keys"] = '{"keys":[]}'
    account = bearer(site.service_account("team-b", "builder"))
    for _ in range(4):
        assert (await site.get(B, account)).status == 200
    await _change(site, access)
    assert (await site.get(B, account)).status == 401
    assert (await site.get(A, token)).status == 200


async def test_the_headers_of_a_proxy_count_with_its_secret_only(site: AccessSite) -> None:
    named = {"X_Forwarded_User": "eve", "X_Forwarded_Groups": "team-a, ci"}
    for _ in range(3):
        assert (await site.get(A, **named, X_Auth_Proxy_Secret=PROXY_SECRET)).status == 200
        for spoofed in ({}, {"X_Auth_Proxy_Secret": "guess"}, {"X_Auth_Proxy_Secret": ""}):
            assert (await site.get(A, **named, **spoofed)).status == 401
    assert all("eve" not in json.dumps(headers) for headers in site.upstream.headers)
    assert all(PROXY_SECRET not in json.dumps(headers) for headers in site.upstream.headers)


async def test_hidden_modules_are_told_like_modules_that_there_are_not(site: AccessSite) -> None:
    await _change(site, site.access(hide=True))
    assert (await site.get(A, ALICE)).status == 200
    there, not_there = f"{TEAM_A}/@v/list", "a.example.com/nothing/@v/list"
    replies = [await site.get(path, BOB) for path in (there, not_there)]
    assert [reply.status for reply in replies] == [404, 404]
    assert replies[0].text.replace("private", "X") == replies[1].text.replace("nothing", "X")


async def test_tricks_with_the_path_lead_past_no_rule(site: AccessSite) -> None:
    for _ in range(3):
        assert (await site.get(A, ALICE)).status == 200
    for path in (
        "A.example.com/private/@v/v1.0.0.info",
        "a.example.com%2Fprivate/@v/v1.0.0.info",
        "%61.example.com/private/@v/v1.0.0.info",
        "b.example.com/../a.example.com/private/@v/v1.0.0.info",
        "b.example.com//a.example.com/private/@v/v1.0.0.info",
        "a.example.com/private/@v/v1.0.0.info?x=b.example.com",
        "a.example.com/private/./@v/v1.0.0.info",
        "a.example.com./private/@v/v1.0.0.info",
    ):
        reply = await site.get(path, BOB)
        assert reply.status in (400, 403, 404), path
        assert b"Version" not in reply.body
