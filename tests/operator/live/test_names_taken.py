"""Many new fleets in one namespace: names that others have are seen, and one list answers for several fleets."""

from __future__ import annotations

import json
from functools import partial

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.kubectl import Kubectl
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER
from tests.operator.objects import document

NAMES = [f"team-{letter}" for letter in "abcdefghijkl"]
TAKEN = "team-k"
CHILDREN = 7
"""Of a fleet without further wishes."""


async def test_one_list_answers_for_several_fleets_and_no_name_is_taken_over(
    control_plane: ControlPlane, kubectl: Kubectl, new_operator: StartOperator
) -> None:
    foreign = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": TAKEN}}
    items = [foreign, *(document(name, replicas=0) for name in NAMES)]
    await kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    mark = control_plane.audit.mark()
    async with new_operator("--scrape-interval=60s") as operator:
        await operator.leading()
        for name in NAMES:
            if name == TAKEN:
                told = await Fleet(kubectl, name).wait_condition("Stalled", "True", "NameConflict")
                assert f"ServiceAccount {TAKEN} exists" in told
            else:
                await eventually(partial(_has_children, kubectl, name), f"{name} has its children")
    account = json.loads(await kubectl("get", "serviceaccount", TAKEN, "-o", "json"))["metadata"]
    assert "ownerReferences" not in account and "labels" not in account
    calls = audit.matching(control_plane.audit.since(mark), user=USER, namespace=kubectl.namespace)
    gets = [call for call in calls if call.verb == "get" and call.name in {*NAMES, *(f"{n}-replicas" for n in NAMES)}]
    assert len(gets) < len(NAMES) * CHILDREN / 2


async def _has_children(kubectl: Kubectl, name: str) -> bool:
    kinds = "serviceaccount,statefulset,poddisruptionbudget,networkpolicy,service,configmap"
    found = await kubectl("get", kinds, "-l", f"goproxy-operator.dev/fleet={name}", "-o", "name")
    return len(found.split()) == CHILDREN
