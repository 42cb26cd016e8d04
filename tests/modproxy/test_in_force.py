"""The rules in force: they are replaced in one step, and they stay when a newer config cannot be taken."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modproxy.cache.lookup import Cache
from modproxy.cache.zip_check import ThreadChecks
from modproxy.config_file import Loaded
from modproxy.contract.address import Address
from modproxy.contract.config import ConfigError
from modproxy.facts.facts import Facts
from modproxy.in_force import InForce
from modproxy.mod.path import check_path
from modproxy.source.build import SharedResources
from modproxy.source.configured import UpstreamError
from modproxy.source.protocol import NotFound
from modproxy.source.vcs.shared import SharedVersionControl
from modproxy.source.way_out.connections import Connections
from modproxy.threads import Pool
from modproxy.via import ViaEntry
from tests.modproxy.making import loaded, request
from tests.modproxy.source.fake_source import read
from tests.modproxy.store.memory_store import MemoryStore

UPSTREAM = {"goproxy": "off", "gosumdb": "off"}
LOOKED_UP = {"goproxy": "http://127.0.0.1:9", "gosumdb": "off"}
"""The host of this upstream is resolved when the config is taken, because the replica listens on the same port."""
M = check_path("example.com/m")


@pytest.fixture
async def in_force(tmp_path: Path) -> AsyncIterator[InForce]:
    connections = Connections()
    store = MemoryStore()
    shared = SharedResources(
        connections, ViaEntry("f", "a"), [Address("127.0.0.2", 9)], lambda _: None, tmp_path,
        SharedVersionControl(tmp_path, lambda: 1 << 30),
    )  # fmt: skip
    yield InForce(shared, Cache(store, ThreadChecks(Pool("hash", 1))), Facts(tmp_path))
    await connections.close()


async def test_all_of_a_config_is_in_force_at_once(in_force: InForce) -> None:
    await in_force.begin(loaded({"upstream": UPSTREAM}))
    first = in_force.rules
    assert (first.generation, first.prefix, first.database, first.warnings) == (1, "", None, ())
    config = {
        "upstream": UPSTREAM | {"goprivate": ["corp.example.com"]},
        "pathPrefix": "/go",
        "modules": {"deny": ["example.com"]},
        "cache": {"listTTL": "5m"},
    }
    assert await in_force.change(loaded(config))
    second = in_force.rules
    assert (second.generation, second.prefix, second.cache.list_ttl) == (2, "/go", 300)
    assert second.policy.refuse(M) is not None
    assert [pattern.text for pattern in second.unverified] == ["corp.example.com"]
    assert first.policy.refuse(M) is None, "who began under the first rules keeps them"


async def test_sources_stay_while_upstream_does(in_force: InForce) -> None:
    await in_force.begin(loaded({"upstream": UPSTREAM}))
    first = in_force.rules
    await in_force.change(loaded({"upstream": UPSTREAM, "pathPrefix": "/go"}))
    assert in_force.rules.source is first.source
    assert in_force.rules.source_generation == 1
    await in_force.change(loaded({"upstream": UPSTREAM | {"timeout": "5s"}, "pathPrefix": "/go"}))
    assert in_force.rules.source is not first.source
    assert (in_force.rules.generation, in_force.rules.source_generation) == (3, 3)
    with pytest.raises(NotFound, match="disabled by off"):
        await read(in_force.rules.source, request("example.com/m/@v/list"))


async def test_the_first_config_has_to_be_good(in_force: InForce, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UpstreamError, match=r"set upstream\.goproxy"):
        await in_force.begin(loaded({"upstream": {"gosumdb": "off"}}))


async def test_a_config_that_cannot_be_taken_changes_nothing(
    in_force: InForce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    await in_force.begin(loaded({"upstream": UPSTREAM}))
    first = in_force.rules
    refused: list[tuple[Loaded | ConfigError, str]] = [
        (ConfigError("config.json: not JSON"), "config.json: not JSON"),
        (loaded({"upstream": {"gosumdb": "off"}}), "no go command to ask"),
        # The allowlist was checked when it was read. Here it is malformed nevertheless, as by a fault of the program.
        (loaded({"upstream": UPSTREAM, "modules": {"allowlistFile": "list"}}, "["), "by a fault of this program"),
    ]
    for news, said in refused:
        assert not await in_force.change(news)
        assert in_force.rules is first
        assert in_force.error is not None
        assert said in in_force.error
    assert await in_force.change(loaded({"upstream": UPSTREAM}))
    assert in_force.error is None


async def test_two_changes_at_once_are_taken_one_after_the_other(in_force: InForce) -> None:
    await in_force.begin(loaded({"upstream": UPSTREAM}))
    seconds = ("5s", "6s")
    news = [loaded({"upstream": LOOKED_UP | {"timeout": s}}) for s in seconds]
    assert await asyncio.gather(*map(in_force.change, news)) == [True, True]
    assert (in_force.rules.generation, in_force.rules.source_generation) == (3, 3)
    assert in_force.rules.config is news[1].config


async def test_a_change_that_is_cancelled_changes_nothing(in_force: InForce) -> None:
    await in_force.begin(loaded({"upstream": UPSTREAM}))
    first = in_force.rules
    change = asyncio.create_task(in_force.change(loaded({"upstream": LOOKED_UP})))
    await asyncio.sleep(0)
    change.cancel()
    with pytest.raises(asyncio.CancelledError):
        await change
    assert in_force.rules is first
    assert await in_force.change(loaded({"upstream": UPSTREAM, "pathPrefix": "/go"}))


async def test_what_only_the_start_reads_is_told(in_force: InForce) -> None:
    await in_force.begin(loaded({"upstream": UPSTREAM}))
    changed = {"upstream": UPSTREAM, "listen": ":1", "id": "x", "cache": {"dir": "/x"}, "tls": {"secretName": "edge"}}
    await in_force.change(loaded(changed))
    assert [warning.partition(" ")[0] for warning in in_force.rules.warnings] == ["listen", "id", "cache.dir", "tls"]
    await in_force.change(loaded({"upstream": UPSTREAM}))
    assert in_force.rules.warnings == ()
