"""Secrets that an object names, from the apply of the object to its pods. The operator may not read any."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER

CREDENTIALS = [{"pattern": "git.corp.example.com", "secretName": "corp-git"}]


@pytest.mark.usefixtures("operator", "nodes")
async def test_pods_get_what_is_named_and_start_without_it(control_plane: ControlPlane, fleet: Fleet) -> None:
    mark = control_plane.audit.mark()
    await fleet.apply(replicas=1)
    await fleet.wait_ready(1)
    await fleet.apply(replicas=1, upstream={"credentials": CREDENTIALS, "gonoproxy": []})
    await fleet.wait_ready(1)
    pod = await fleet.get("pod", "team-a-0")
    (volume,) = (volume["projected"] for volume in pod["spec"]["volumes"] if volume["name"] == "secrets")
    assert [source["secret"]["name"] for source in volume["sources"]] == ["corp-git"]
    config = json.loads((await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"])
    assert config["upstream"] == {"credentials": CREDENTIALS, "gonoproxy": []}

    await asyncio.sleep(1.5)
    quiet = control_plane.audit.mark()
    await asyncio.sleep(3)
    made = audit.matching(control_plane.audit.since(quiet), user=USER, verbs=audit.WRITES)
    assert [call for call in made if call.resource != "leases"] == []
    assert audit.matching(control_plane.audit.since(mark), user=USER, resource="secrets") == []
