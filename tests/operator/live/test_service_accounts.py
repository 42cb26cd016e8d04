"""Who signs the tokens of this cluster's service accounts: replicas are told, and nobody else is asked."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from modproxy.contract.config import ProofConfig, parse_config
from modproxy.contract.config.access import ServiceAccountsConfig
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER

pytestmark = pytest.mark.usefixtures("nodes")
ASKED = {"/.well-known/openid-configuration", "/openid/v1/jwks"}
ACCESS = {"serviceAccounts": {"audience": "goproxy"}, "insecure": True}
INTERVAL = 2
"""Seconds between two looks at the API server's keys, where a test waits for them."""


async def told(fleet: Fleet) -> ServiceAccountsConfig | None:
    """What replicas are told of the cluster's tokens; None before there is a config with the issuer."""
    text = await fleet.kubectl("get", "configmap", "team-a-config-v1", "--ignore-not-found", "-o", "json")
    access = parse_config(json.loads(text)["data"]["config.json"]).access if text.strip() else None
    accounts = access.service_accounts if access is not None else None
    return accounts if accounts is not None and accounts.issuer else None


async def told_peers(fleet: Fleet) -> ProofConfig:
    """What replicas are told of each other's tokens."""
    item = await fleet.get("configmap", f"{fleet.name}-config-v1")
    peers = parse_config(item["data"]["config.json"]).peers
    assert peers is not None and peers.proof is not None
    return peers.proof


async def kids(fleet: Fleet) -> set[str]:
    """The names of the keys that replicas are told."""
    accounts = await told(fleet)
    return {key["kid"] for key in json.loads(accounts.keys)["keys"]} if accounts is not None else set()


def asked_for(control_plane: ControlPlane, mark: audit.Mark) -> list[audit.Call]:
    calls = audit.matching(control_plane.audit.since(mark), user=USER)
    return [call for call in calls if call.uri.partition("?")[0] in ASKED]


@pytest.mark.usefixtures("operator")
async def test_replicas_are_told_the_clusters_keys(fleet: Fleet, control_plane: ControlPlane) -> None:
    await fleet.apply(access=ACCESS)

    async def is_told() -> bool:
        return await told(fleet) is not None

    await eventually(is_told, "the config has the issuer")
    accounts = await told(fleet)
    assert accounts is not None
    metadata = json.loads(await fleet.kubectl("get", "--raw", "/.well-known/openid-configuration"))
    keys = json.loads(await fleet.kubectl("get", "--raw", "/openid/v1/jwks"))["keys"]
    assert accounts.issuer == metadata["issuer"]
    by_name = {key["kid"]: key for key in keys}
    assert {key["kid"]: key for key in json.loads(accounts.keys)["keys"]} == by_name
    asked = asked_for(control_plane, audit.START)
    assert {call.uri.partition("?")[0] for call in asked} == ASKED
    assert not [call for call in asked if call.code != 200], "the operator's own role lets it ask"


async def _looks(control_plane: ControlPlane, mark: audit.Mark, times: int) -> None:
    """Wait until the operator has looked so often since then; each look are two requests."""

    async def looked() -> bool:
        return len(asked_for(control_plane, mark)) >= 2 * times

    await eventually(looked, f"it looks {times} times more", 60)


async def test_a_fleet_that_asks_for_them_is_quiet_and_a_rotated_key_reaches_it(
    fleet: Fleet, control_plane: ControlPlane, new_operator: StartOperator
) -> None:
    async with new_operator("--scrape-interval=500ms", f"--discovery-interval={INTERVAL}s") as operator:
        await operator.leading()
        await fleet.apply(access=ACCESS, replicas=0)
        plain = Fleet(fleet.kubectl, "plain")
        await plain.apply(replicas=0)
        for one in (fleet, plain):
            await one.wait_condition("Ready", "False", "ScaledToZero")

        async def has_keys() -> bool:
            return bool(await kids(fleet))

        await eventually(has_keys, "the config has the keys")
        first = await kids(fleet)
        await _looks(control_plane, control_plane.audit.mark(), 2)
        mark, begun = control_plane.audit.mark(), time.monotonic()
        await _looks(control_plane, mark, 4)
        passed = time.monotonic() - begun
        calls = control_plane.audit.since(mark)
        assert audit.matching(calls, user=USER, verbs=audit.WRITES, namespace=fleet.kubectl.namespace) == []
        assert len(asked_for(control_plane, mark)) <= 2 * (passed / INTERVAL + 1)

        before = await told_peers(plain)
        assert before.issuer is not None and {key["kid"] for key in json.loads(before.keys)["keys"]} == first
        mark = control_plane.audit.mark()
        await asyncio.to_thread(control_plane.rotate_service_account_key)

        async def rotated() -> bool:
            return len(await kids(fleet)) == len(first) + 1

        await eventually(rotated, "the config has the new key too", 90)
        assert first < await kids(fleet)
        document = json.loads(await fleet.kubectl("get", "--raw", "/openid/v1/jwks"))
        assert await kids(fleet) == {key["kid"] for key in document["keys"]}

        async def told_too() -> bool:
            return (await told_peers(plain)).keys != before.keys

        await eventually(told_too, "peers of a fleet that asks for nothing are told too")
        written = audit.matching(control_plane.audit.since(mark), user=USER, verbs="patch", resource="configmaps")
        assert [call.name for call in written].count("plain-config-v1") == 1, "one write for one change"
