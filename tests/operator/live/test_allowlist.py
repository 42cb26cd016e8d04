"""The ConfigMap that an object names: copied, noticed when it changes, never a hole when it is missing or broken."""

from __future__ import annotations

import json

import pytest

from modproxy.contract.config import parse_config
from tests.kubernetes.eventually import eventually
from tests.operator.live.fleet import Fleet

pytestmark = pytest.mark.usefixtures("operator", "nodes")
NAMED = {"allow": ["golang.org/x"], "allowlistConfigMapName": "shared"}


async def write(fleet: Fleet, text: str) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}, "data": {"modules": text}}
    await fleet.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))


async def wait_in_force(fleet: Fleet, text: str) -> None:
    async def holds() -> bool:
        data = (await fleet.get("configmap", "team-a-config-v1"))["data"]
        return bool(data.get("allowlist") == text)

    await eventually(holds, f"the allowlist is {text!r}")


async def test_from_missing_to_there_to_broken_to_gone(fleet: Fleet) -> None:
    await fleet.apply(modules=NAMED)
    message = await fleet.wait_condition("ConfigSynced", "False", "AllowlistMissing")
    assert message == "ConfigMap shared does not exist: until it is there, only modules.allow is allowed"
    await wait_in_force(fleet, "")
    data = (await fleet.get("configmap", "team-a-config-v1"))["data"]
    assert parse_config(data["config.json"]).modules.allowlist_file == "allowlist"

    await write(fleet, "github.com/acme\n")
    await wait_in_force(fleet, "github.com/acme\n")
    await fleet.wait_condition("ConfigSynced", "Unknown", "NoReports")
    await fleet.wait_ready(2)

    await write(fleet, "github.com/acme\ngithub.com//two\n")
    message = await fleet.wait_condition("ConfigSynced", "False", "AllowlistInvalid")
    assert "ConfigMap shared, key 'modules', line 2: 'github.com//two' has an empty path element" in message
    await wait_in_force(fleet, "github.com/acme\n")

    await write(fleet, "")
    await wait_in_force(fleet, "")
    await write(fleet, "github.com/acme\n")
    await wait_in_force(fleet, "github.com/acme\n")

    await fleet.kubectl("delete", "configmap", "shared")
    message = await fleet.wait_condition("ConfigSynced", "False", "AllowlistMissing")
    assert message.endswith("the last known list stays in force")
    await wait_in_force(fleet, "github.com/acme\n")

    await fleet.apply(modules={"allow": ["golang.org/x"]})
    await fleet.wait_condition("ConfigSynced", "Unknown", "NoReports")
    data = (await fleet.get("configmap", "team-a-config-v1"))["data"]
    assert "allowlist" not in data


async def test_two_fleets_share_one_and_no_pod_restarts(fleet: Fleet) -> None:
    other = Fleet(fleet.kubectl, "team-b")
    await write(fleet, "github.com/acme\n")
    for one in (fleet, other):
        await one.apply(modules=NAMED)
        await one.wait_ready(2)
    before = await fleet.kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.uid}")
    await fleet.kubectl("delete", "goproxy", "team-b")
    await write(fleet, "github.com/acme\ngithub.com/more\n")
    await wait_in_force(fleet, "github.com/acme\ngithub.com/more\n")
    after = await fleet.kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.uid}")
    assert set(after.split()) <= set(before.split())
