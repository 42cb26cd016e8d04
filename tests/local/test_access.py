"""A fleet with users on one machine: a password counts, is changed in the file, and is nowhere to be read."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import bcrypt

from tests.kubernetes.eventually import eventually
from tests.local.local_fleet import LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream
from tests.secrecy.registry import REGISTRY, new_secret

ACCESS = """\
  access:
    insecure: true
    basic: {secretName: users}
    serviceAccounts: {audience: goproxy}
    rules: [{groups: [developers], modules: ["*"], verbs: [read, fetch]}]
"""


def users(password: str) -> str:
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    keys = f"{{htpasswd: 'alice:{hashed}', groups: 'developers: alice'}}"
    return f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: users}}\nstringData: {keys}\n"


async def test_users_of_a_laptop(upstream: FakeUpstream, tmp_path: Path) -> None:
    first, second = new_secret("first"), new_secret("second")
    for password in (first, second):
        REGISTRY.add_login("alice", password, "password of a user")
    text = document(upstream.url, ACCESS)
    async with LocalFleet(tmp_path, text + users(first)) as fleet:
        await fleet.line("spec.access.serviceAccounts: there is no cluster here")
        assert await fleet.answers("example.com/m/@v/list", 401)

        async def status(password: str) -> int:
            headers = {"Authorization": aiohttp.encode_basic_auth("alice", password)}
            async with aiohttp.ClientSession() as session:
                url = f"{await fleet.url()}/example.com/m/@v/list"
                return (await session.get(url, headers=headers)).status

        assert await status(first) == 200
        fleet.rewrite(text + users(second))

        async def changed() -> bool:
            return await status(second) == 200

        await eventually(changed, "the new password is good")
        assert await status(first) == 401
        assert sum("no cluster here" in line for line in fleet.lines) == 1
