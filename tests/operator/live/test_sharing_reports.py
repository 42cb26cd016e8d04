"""What replicas report of each other and of an object store, on the object: once it has lasted, and over by itself."""

from __future__ import annotations

import time

import pytest

from goproxy_operator.reconcile.status.sharing import PEERS_PATIENCE, STORE_PATIENCE
from modproxy.contract.config import config_hash
from modproxy.contract.report import ObjectStoreState, PeersState, Report
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.replica_reports import loopback_has_many_addresses, replica
from tests.operator.reconcile.status.status_facts import report

pytestmark = pytest.mark.skipif(not loopback_has_many_addresses(), reason="this machine's loopback has one address")
ADDRESSES = ("127.0.0.25", "127.0.0.26")
URL = "s3://go-modules"
NEARLY = 4.0
"""Seconds that are left of the patience when a failure is reported: the report itself does not change any more."""


def says(config: str, number: int, *, apart: bool = False) -> Report:
    now = time.time()
    peers = PeersState(name=f"team-a-{number}", seen=(f"team-a-{1 - number}",), known=1)
    store = ObjectStoreState(url=URL)
    if apart:
        told: dict[str, object] = {
            "failure": f"team-a-{1 - number} does not answer",
            "remedy": "look for a NetworkPolicy",
            "seen": (),
        }
        peers = peers.model_copy(update=told | {"since": now - PEERS_PATIENCE + NEARLY})
        told = {"failure": "refuses the login", "remedy": "mend Secret bucket", "waiting": 123}
        store = store.model_copy(update=told | {"since": now - STORE_PATIENCE + NEARLY})
    return report(config=config).model_copy(update={"peers": peers, "object_store": store, "outages": ()})


async def test_what_has_lasted_is_told_though_no_report_changes(
    nodes: NodeStandIn, fleet: Fleet, new_operator: StartOperator
) -> None:
    nodes.pod_ip = lambda pod: ADDRESSES[int(pod["metadata"]["name"][-1])]
    answers = {address: says("none", number) for number, address in enumerate(ADDRESSES)}
    async with (
        replica(ADDRESSES[0], answers),
        replica(ADDRESSES[1], answers),
        new_operator("--scrape-interval=500ms") as operator,
    ):
        await operator.leading()
        await fleet.apply(replicas=2, cache={"objectStore": {"url": URL}})
        await fleet.wait_condition("PeersReady", "True", "PeersAnswer")
        await fleet.wait_condition("ObjectStoreReady", "True", "ObjectStoreAnswers")
        config = config_hash((await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"])
        answers.update({address: says(config, number, apart=True) for number, address in enumerate(ADDRESSES)})
        said = await fleet.wait_condition("PeersReady", "False", "PeersUnreachable")
        assert "team-a-1 does not answer: look for a NetworkPolicy (seen by team-a-0)" in said
        said = await fleet.wait_condition("ObjectStoreReady", "False", "ObjectStoreUnusable")
        assert f"{URL} refuses the login: mend Secret bucket (seen by all replicas)" in said
        status = await fleet.status()
        assert status["peers"] == {"seen": 0, "expected": 1}
        assert status["objectStore"] == {"waiting": 200}
        assert any(link.endswith("#peersunreachable") for link in status["help"])
        for reason in ("PeersUnreachable", "ObjectStoreUnusable"):
            (event,) = await fleet.wait_events(reason)
            assert event["type"] == "Warning"
        answers.update({address: says(config, number) for number, address in enumerate(ADDRESSES)})
        await fleet.wait_condition("PeersReady", "True", "PeersAnswer")
        await fleet.wait_condition("ObjectStoreReady", "True", "ObjectStoreAnswers")
