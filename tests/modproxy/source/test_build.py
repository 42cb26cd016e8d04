"""The source that is made of a config's `upstream`: what it asks, and the error for a config without an upstream."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modproxy.contract.address import Address
from modproxy.contract.config import Config
from modproxy.source.build import SharedResources, build_sources
from modproxy.source.configured import UpstreamError
from modproxy.source.protocol import NotFound, Unavailable
from modproxy.source.vcs.shared import SharedVersionControl
from modproxy.source.way_out.connections import Connections
from modproxy.via import ViaEntry
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import read
from tests.modproxy.source.held_answers import HeldAnswers

LIST, MOD = "example.com/!mixed/@v/list", "example.com/!mixed/@v/v1.0.0.mod"
LISTENERS = [Address("127.0.0.1", 4321)]


NO_DATABASE = HeldAnswers()


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[SharedResources]:
    connections = Connections()
    version_control = SharedVersionControl(tmp_path, lambda: 1 << 30)
    yield SharedResources(connections, ViaEntry("f", "a"), LISTENERS, lambda _: None, tmp_path, version_control)
    await connections.close()


def config(**upstream: object) -> Config:
    return Config.model_validate({"upstream": {"gosumdb": "off", "timeout": "2s", **upstream}})


async def test_a_chain_of_two_kinds(shared: SharedResources, upstream: FakeUpstream, tmp_path: Path) -> None:
    (tmp_path / "tree" / LIST).parent.mkdir(parents=True)
    (tmp_path / "tree" / LIST).write_bytes(b"v9.0.0\n")
    built = await build_sources(config(goproxy=f"file://{tmp_path}/tree,{upstream.url},off"), shared, NO_DATABASE)
    assert await read(built.source, request(LIST)) == b"v9.0.0\n"
    assert await read(built.source, request(MOD)) == upstream.files[MOD]
    with pytest.raises(NotFound):
        await read(built.source, request("example.com/none/@v/list"))
    assert (built.database, built.warnings) == (None, ())


async def test_private_modules_are_named_to_no_upstream(shared: SharedResources, upstream: FakeUpstream) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "/nowhere")
        built = await build_sources(config(goproxy=upstream.url, goprivate=["example.com"]), shared, NO_DATABASE)
        with pytest.raises(Unavailable, match="no go command here"):
            await read(built.source, request(LIST))
    assert not upstream.requests
    assert [pattern.text for pattern in built.unverified] == ["example.com"]


async def test_what_is_public_is_verified(shared: SharedResources, upstream: FakeUpstream) -> None:
    built = await build_sources(config(goproxy=upstream.url, gosumdb="sum.golang.org"), shared, NO_DATABASE)
    assert built.database is not None
    assert built.database.name == "sum.golang.org"
    with pytest.raises(Unavailable, match=r"cannot be verified: .* no database in this test"):
        await read(built.source, request(MOD))
    assert await read(built.source, request(LIST)) == upstream.files[LIST]


async def test_its_own_listener_is_left_out(shared: SharedResources, upstream: FakeUpstream) -> None:
    built = await build_sources(config(goproxy=f"http://localhost:4321,{upstream.url}"), shared, NO_DATABASE)
    assert len(built.warnings) == 1
    assert "is this replica's own listener: left out" in built.warnings[0]
    assert "name another one in spec.upstream.goproxy" in built.warnings[0]
    assert await read(built.source, request(LIST)) == upstream.files[LIST]
    alone = await build_sources(config(goproxy="http://127.0.0.1:4321"), shared, NO_DATABASE)
    with pytest.raises(Unavailable) as caught:
        await read(alone.source, request(LIST))
    assert caught.value.status == 508


async def test_the_machine_s_own_setting(shared: SharedResources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "ftp://mirror.example.com")
    with pytest.raises(UpstreamError, match=r"upstream\.goproxy \(from `go env GOPROXY`, because it is not set\)"):
        await build_sources(config(), shared, NO_DATABASE)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UpstreamError, match=r"set upstream\.goproxy, or install Go"):
        await build_sources(config(), shared, NO_DATABASE)
