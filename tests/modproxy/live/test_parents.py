"""Fleets that have a parent: real replicas of three levels, an upstream that counts, and tokens of service accounts."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.identity.issuer import RSA_KEY, claims, jwk, key_set, sign
from tests.modproxy.proxy_process import ProxyProcess

ISSUER = "https://kubernetes.example.com"
MODULE = "example.com/m"
FILES = [f"{MODULE}/@v/{file}" for file in ("list", "v1.0.0.info", "v1.0.0.mod", "v1.0.0.zip")]
MOD, ABSENT = FILES[2], f"{MODULE}/@v/v9.0.0.info"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


class Member:
    """One fleet of one replica: `name` is its service account, and `children` may ask it."""

    def __init__(self, folder: Path, name: str, upstream: str, **cache: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.folder = name, folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = folder / "token"
        subject = f"system:serviceaccount:{name.replace('/', ':')}"
        self.token.write_text(sign(claims(ISSUER, aud="modproxy-peer", sub=subject)))
        self.config: dict[str, Any] = {
            "id": name.replace("/", "."),
            "fleet": name,
            "upstream": {"goproxy": upstream, "gosumdb": "off", "timeout": "1s"},
            "cache": {"listTTL": "1h", **cache},
        }
        self.children: list[str] = []

    def peers(self) -> dict[str, Any]:
        return {
            "listen": f"127.0.0.1:{self.port}",
            "name": self.name.replace("/", "."),
            "addresses": [f"127.0.0.1:{self.port}"],
            "tokenFile": str(self.token),
            "proof": {
                "issuer": ISSUER,
                "keys": key_set(jwk(RSA_KEY)),
                "peers": [self.name],
                "children": self.children,
            },
        }

    def below(self, parent: "Member") -> "Member":
        """Have a parent, which consents."""
        self.config["cache"]["parent"] = {"url": parent.url, "name": parent.name}
        parent.children.append(self.name)
        return self

    def process(self) -> ProxyProcess:
        return ProxyProcess(self.folder / "replica", {**self.config, "peers": self.peers()})


class Tree:
    """Three fleets, each the parent of the next one: only the first has a way to the upstream."""

    def __init__(self, folder: Path, upstream: str) -> None:
        self.root = Member(folder / "root", "platform/root", upstream)
        self.middle = Member(folder / "middle", "build/middle", "off").below(self.root)
        self.leaf = Member(folder / "leaf", "team/leaf", "off").below(self.middle)


@pytest.fixture
async def tree(upstream: FakeUpstream, tmp_path: Path) -> AsyncIterator[list[ProxyProcess]]:
    made = Tree(tmp_path, upstream.url)
    async with AsyncExitStack() as stack:
        members = (made.root, made.middle, made.leaf)
        yield [await stack.enter_async_context(member.process()) for member in members]


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream() as server:
        server.add(MODULE, "v1.0.0")
        yield server


async def test_each_file_comes_through_three_levels_once(tree: list[ProxyProcess], upstream: FakeUpstream) -> None:
    root, middle, leaf = tree
    for path in FILES:
        first, again = await leaf.get(path), await leaf.get(path)
        assert (first.status, first.body) == (again.status, again.body) == (200, upstream.files[path])
        assert (await middle.get(path)).body == upstream.files[path]
    assert upstream.requests == dict.fromkeys(FILES, 1)
    assert (await leaf.get(ABSENT)).status == 404
    # What a child asks counts as a client's request of its parent, and each level holds what has passed it.
    assert (await root.report()).window.requests == (await middle.report()).window.requests - len(FILES)
    for replica in tree:
        assert (replica.cache / MOD).read_bytes() == upstream.files[MOD]


async def test_a_refusal_of_the_parent_holds(upstream: FakeUpstream, tmp_path: Path) -> None:
    parent = Member(tmp_path / "parent", "platform/parent", upstream.url)
    parent.config["modules"] = {"deny": [MODULE], "contact": "the platform team"}
    child = Member(tmp_path / "child", "team/child", upstream.url).below(parent)
    async with parent.process(), child.process() as asked:
        reply = await asked.get(MOD)
        assert (reply.status, "platform/parent" in reply.text) == (403, True)
        assert not upstream.requests


async def test_what_clients_of_the_parent_may_do_says_nothing_of_its_children(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    parent = Member(tmp_path / "parent", "platform/parent", upstream.url)
    parent.config |= {"access": {"anonymous": []}, "pathPrefix": "/go", "hosts": ["proxy.example.com", "127.0.0.1"]}
    child = Member(tmp_path / "child", "team/child", "off").below(parent)
    async with parent.process() as above, child.process() as asked:
        assert (await asked.get(MOD)).body == upstream.files[MOD]
        # What the parent has answered to the child is still refused to its clients.
        refused = await above.get(f"go/{MOD}")
        assert (refused.status, "may not read" in refused.text) == (403, True)


async def test_a_fleet_to_which_the_parent_does_not_consent_asks_its_upstream(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    parent = Member(tmp_path / "parent", "platform/parent", "off")
    child = Member(tmp_path / "child", "team/child", upstream.url).below(parent)
    parent.children.clear()
    async with parent.process() as above, child.process() as asked:
        assert (await asked.get(MOD)).status == 200
        assert (await above.report()).window.requests == 0


@pytest.mark.parametrize(
    "subject",
    ["system:serviceaccount:team:other", "team/child", "system:serviceaccount:team:child:x", "system:anonymous"],
)
async def test_another_account_than_a_childs_is_refused(upstream: FakeUpstream, tmp_path: Path, subject: str) -> None:
    parent = Member(tmp_path / "parent", "platform/parent", upstream.url)
    parent.children.append("team/child")
    async with parent.process() as above:
        token = sign(claims(ISSUER, aud="modproxy-peer", sub=subject))
        async with above.session.get(f"{parent.url}/{MOD}", headers={"Authorization": f"Bearer {token}"}) as reply:
            assert reply.status == 401
        async with above.session.get(f"{parent.url}/{MOD}") as reply:
            assert reply.status == 401
        good = sign(claims(ISSUER, aud="modproxy-peer", sub="system:serviceaccount:team:child"))
        twice = [("Authorization", f"Bearer {good}"), ("Authorization", f"Bearer {token}")]
        async with above.session.get(f"{parent.url}/{MOD}", headers=twice) as reply:
            assert reply.status == 401
        assert not upstream.requests


async def test_a_parent_that_is_down_is_passed_by_and_told(upstream: FakeUpstream, tmp_path: Path) -> None:
    parent = Member(tmp_path / "parent", "platform/parent", "off")
    child = Member(tmp_path / "child", "team/child", upstream.url).below(parent)
    async with child.process() as asked:
        for path in FILES:
            assert (await asked.get(path)).body == upstream.files[path]
        (outage,) = (await asked.report()).outages or ()
        assert (outage.role, outage.place) == ("parent", parent.url)
        assert "spec.cache.parent" in outage.remedy
        async with parent.process():
            await asked.until_report(lambda one: not one.outages, seconds=30)


async def test_parents_that_have_each_other_are_a_loop_and_upstream_is_asked(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    a, b = (Member(tmp_path / name, f"team/{name}", upstream.url) for name in ("a", "b"))
    a.below(b)
    b.below(a)
    async with a.process() as one, b.process() as two:
        for replica in (one, two):
            assert (await replica.get(MOD)).body == upstream.files[MOD]
        for replica in (one, two):
            assert (await replica.get(FILES[3])).body == upstream.files[FILES[3]]
    assert max(upstream.requests.values()) <= 2


async def test_an_outage_of_the_parents_upstream_is_no_outage_of_the_child(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    async with FakeUpstream() as ill:
        ill.behaviours[MOD] = fake.status(500)
        parent = Member(tmp_path / "parent", "platform/parent", ill.url)
        child = Member(tmp_path / "child", "team/child", upstream.url).below(parent)
        async with parent.process(), child.process() as asked:
            assert (await asked.get(MOD)).body == upstream.files[MOD]
            assert ill.requests == {MOD: 1}


async def test_an_outage_of_the_parent_is_no_absence(upstream: FakeUpstream, tmp_path: Path) -> None:
    """A fleet whose upstreams are off has its parent alone: the go command must not go on to its next proxy."""
    parent = Member(tmp_path / "parent", "platform/parent", upstream.url)
    child = Member(tmp_path / "child", "team/child", "off").below(parent)
    async with child.process() as asked:
        for path in (MOD, FILES[0], f"{MODULE}/@v/main.info"):
            for _ in range(2):
                assert (await asked.get(path)).status in (502, 503, 504)
        async with parent.process():
            assert (await asked.get(MOD)).body == upstream.files[MOD]
            assert (await asked.get(ABSENT)).status == 404
