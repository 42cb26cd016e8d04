"""All that the operator reads and a tenant writes: none of it ends what serves the others, and the tenant is told.

The tenant's objects were stored under an older definition of GoProxy, so that no rule of today's has seen them; his
pods, ConfigMaps and children hold whatever they can hold.
"""

from __future__ import annotations

import asyncio
import copy
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from goproxy_operator.api.crd.definitions import DEFINITIONS
from goproxy_operator.kube.resources import GOPROXIES
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.operator.live.conftest import ROOT, ApplyClass, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.objects import document
from tests.operator.reconcile.status.status_facts import report

ADMIN_PORT = 8081
GOOD = "127.0.0.71"
BAD = "127.0.0.72"
SPECS: Mapping[str, Any] = {
    "text": "spec",
    "list": [],
    "number": 7,
    "types": {"replicas": "many", "upstream": 5, "modules": {"deny": {"a": 1}}, "pod": [], "expose": "x"},
    "class-name": {"className": {"a": [1]}},
    "class-list": {"className": ["standard"]},
    "deep": {"pod": {"affinity": json.loads('{"a":' * 60 + "1" + "}" * 60)}},
    "huge-int": {"replicas": 2**62},
    "float": {"replicas": 1e300, "autoscaling": {"maxReplicas": -1, "targetRequestsPerSecond": 0}},
    "quantity": {"cache": {"storage": {"size": "1e9999999"}}},
    "grow": {"cache": {"storage": {"size": "1Gi", "growTo": "9" * 30 + "Ei"}}},
    "duration": {"cache": {"listTTL": "9" * 400 + "h"}},
    "host": {"upstream": {"goproxy": f"https://{'a' * 64}.example.com"}},
    "unicode-host": {"upstream": {"goproxy": f"https://{'ä' * 63}.example.com"}},
    "control": {"upstream": {"goproxy": "https://a\x00b\x1b[2J.example.com"}, "image": "a\nb"},
    "unknown": {"from-an-older-version": {"a": None}},
    "class-name-of-nothing": {"className": ""},
}

PRUNED = {"deep", "unknown"}
"""What the API server itself leaves out of these makes them good."""
DEEP = {"data": {"config.json": "[" * 200_000, "allowlist": "\x00"}}


@pytest.fixture
async def bystander(control_plane: ControlPlane, nodes: NodeStandIn) -> AsyncIterator[Fleet]:
    """A well-behaved fleet in a namespace of its own."""
    name = f"bystander-{secrets.token_hex(4)}"
    kubectl = Kubectl(control_plane, name)
    await kubectl("create", "namespace", name)
    await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
    nodes.pod_ip = lambda pod: GOOD if pod["metadata"]["namespace"] == name else BAD
    yield Fleet(kubectl)
    await kubectl("delete", "namespace", name, "--wait=false")


@asynccontextmanager
async def undefined(control_plane: ControlPlane) -> AsyncIterator[None]:
    """For a while both definitions take anything as a spec, as a definition of long ago may have done."""
    async with asyncio.timeout(60):
        for name in DEFINITIONS:
            found = await asyncio.to_thread(control_plane.kubectl, "get", "crd", full(name), "-o", "json")
            crd = json.loads(found.stdout)
            lax = copy.deepcopy(crd)
            schema = lax["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
            schema.pop("x-kubernetes-validations", None)
            schema["properties"]["spec"] = {"x-kubernetes-preserve-unknown-fields": True}
            lax["spec"]["versions"][0].get("subresources", {}).pop("scale", None)
            lax["spec"]["versions"][0].pop("additionalPrinterColumns", None)
            lax["metadata"].pop("resourceVersion")
            await asyncio.to_thread(control_plane.kubectl, "replace", "-f", "-", stdin=json.dumps(lax))
    try:
        yield
    finally:
        await asyncio.to_thread(control_plane.kubectl, "replace", "-k", str(ROOT / "crds"))


def full(name: str) -> str:
    return f"{name}.goproxy-operator.dev"


async def create(api: aiohttp.ClientSession, path: str, item: dict[str, Any]) -> None:
    """Create an object, once the API server has taken note of the definition."""

    async def done() -> bool:
        async with api.post(path, json=item) as response:
            text = await response.text()
            assert response.status in (201, 422, 400), text
            return response.status == 201

    await eventually(done, f"{item['metadata']['name']} is created")


@asynccontextmanager
async def replicas(says: Mapping[str, bytes]) -> AsyncIterator[None]:
    """What answers for pods, by address."""

    def app(address: str) -> web.Application:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(body=says[address], content_type="application/json")

        application = web.Application()
        application.add_routes([web.get("/-/report", answer)])
        return application

    async with AsyncExitStack() as stack:
        for address in says:
            runner = web.AppRunner(app(address))
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, address, ADMIN_PORT).start()
        yield


async def served(fleet: Fleet, says: dict[str, bytes], number: int) -> None:
    """The fleet is reconciled still, and what its replicas report is told still."""
    says[GOOD] = report(pressure=f"round {number}").model_dump_json(by_alias=True).encode()
    await fleet.apply(replicas=1 + number % 2)

    async def followed() -> bool:
        return bool(
            (await fleet.get("statefulset"))["spec"]["replicas"] == 1 + number % 2
            and f"team-a-0: round {number}" in (await fleet.condition("DiskPressure") or ("", "", ""))[2]
        )

    await eventually(followed, f"the bystander is looked after (round {number})", 20)
    says[GOOD] = report().model_dump_json(by_alias=True).encode()

    async def calm() -> bool:
        return await fleet.condition("DiskPressure") is None

    await eventually(calm, f"the bystander is looked after once more (round {number})", 20)


async def told(api: aiohttp.ClientSession, namespace: str) -> dict[str, tuple[str, str]]:
    """What is said of each object: by its status or, where the API server takes none, by an Event."""
    async with api.get(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events") as response:
        events = (await response.json())["items"]
    async with api.get(GOPROXIES.path(namespace)) as response:
        items = (await response.json())["items"]
    found = {item["regarding"]["name"]: (item["reason"], item.get("note", "")) for item in events}
    for item in items:
        for condition in item.get("status", {}).get("conditions", ()):
            if condition["type"] in ("Ready", "Stalled"):
                found[item["metadata"]["name"]] = condition["reason"], condition["message"]
    return found


async def test_what_a_tenant_writes(
    control_plane: ControlPlane,
    api: aiohttp.ClientSession,
    fleet: Fleet,
    bystander: Fleet,
    new_operator: StartOperator,
) -> None:
    namespace = fleet.kubectl.namespace
    hostile = json.loads(report().model_dump_json(by_alias=True))
    hostile["window"]["requestsPerSecond"] = "MARK"
    says = {GOOD: b"{}", BAD: json.dumps(hostile).replace('"MARK"', "1e999").encode()}
    arguments = (f"--namespace={bystander.kubectl.namespace}", "--scrape-interval=300ms", "--resync=5s")
    async with replicas(says), new_operator(*arguments) as operator:
        await operator.leading()
        await bystander.apply(replicas=1)
        await bystander.wait_ready(1)
        await fleet.apply(replicas=1, modules={"allowlistConfigMapName": "list"})
        message = await fleet.wait_condition("ConfigSynced", "False", "AllowlistMissing")

        # ConfigMaps that the fleet names, and the fleet's own.
        for data in ("\x00\x1b[2J\u202e[", "a\n" * 400_000, "x" * 1_000_000 + "[", "github.com/[z-a]"):
            await replace_config_map(api, namespace, "list", {"data": {"modules": data}})
            message = await fleet.wait_condition("ConfigSynced", "False", "AllowlistInvalid")
            assert message.startswith("ConfigMap list, key 'modules', ")
        await replace_config_map(api, namespace, "list", {"binaryData": {"modules": "/w=="}})
        await fleet.wait_condition("ConfigSynced", "False", "AllowlistMissing")
        await fleet.kubectl(
            "annotate", "configmap", "team-a-config-v1", "goproxy-operator.dev/allowlist-from=\x01", "--overwrite"
        )
        await merge(api, f"/api/v1/namespaces/{namespace}/configmaps/team-a-config-v1", DEEP)
        await replace_config_map(api, namespace, "list", {"data": {"modules": "github.com/acme"}})
        await served(bystander, says, 1)

        # The replicas' reports.
        message = await fleet.wait_condition("ConfigSynced", "False", "ReportRefused")
        assert message.startswith("reports are not taken: team-a-0: window.requestsPerSecond: ")
        for body in (b"[" * 60000, b"\xff" * 100, b"x" * 200_000, b"null"):
            says[BAD] = body
            await served(bystander, says, len(body))
        await fleet.wait_condition("ConfigSynced", "False", "ReportRefused")

        # Objects with the fleet's label that are none of the operator's.
        await fleet.kubectl("apply", "-f", "-", stdin=json.dumps(foreign()))
        await served(bystander, says, 2)
        assert operator.log.count("a fault of the operator") == 0

    async with undefined(control_plane):
        for name, spec in SPECS.items():
            item = document(name) | {"spec": spec}
            await create(api, GOPROXIES.path(namespace), item)
        await create(api, GOPROXIES.path(namespace), document("n" * 63) | {"spec": {}})
    async with replicas(says), new_operator(*arguments) as operator:
        await operator.leading()
        await served(bystander, says, 3)
        names = {*SPECS, "n" * 63}
        found: dict[str, tuple[str, str]] = {}

        async def all_told() -> bool:
            found.update(await told(api, namespace))
            return found.keys() >= names

        try:
            await eventually(all_told, "it is told what is wrong with each of the hostile objects", 60)
        except AssertionError as e:
            raise AssertionError(f"{e}: {names - found.keys()}") from None
        for name in names - PRUNED:
            reason, message = found[name]
            assert (reason, message.isprintable()) == ("InvalidSpec", True), (name, reason, message)
        await served(bystander, says, 4)
        assert operator.log.count("a fault of the operator") == 0, operator.log


async def merge(api: aiohttp.ClientSession, path: str, change: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    async with api.patch(path, data=json.dumps(change), headers=headers) as response:
        assert response.status == 200, await response.text()


async def replace_config_map(api: aiohttp.ClientSession, namespace: str, name: str, content: dict[str, Any]) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    async with api.delete(f"{path}/{name}"):
        pass
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} | content
    async with api.post(path, json=item) as response:
        assert response.status == 201, await response.text()


def foreign() -> dict[str, Any]:
    """Pods, claims and children of names and numbers that nobody expects."""
    labels = {"goproxy-operator.dev/fleet": "team-a"}
    spec = {"containers": [{"name": "a", "image": "a"}], "nodeName": "nowhere"}
    names = ("team-a-99999999999999999999", "team-a-007", "team-a-0-0", "team-a-", "team-a-500")
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name.rstrip("-") or "x", "labels": labels},
            "spec": spec,
        }
        for name in dict.fromkeys(name.rstrip("-") for name in names)
    ]
    claims = [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": name,
                "labels": labels,
                "annotations": {"goproxy-operator.dev/idle-since": "yesterday\x00"},
            },
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1m"}}},
        }
        for name in ("cache-team-a-99999999999999999", "cache-team-a-7")
    ]
    return {"apiVersion": "v1", "kind": "List", "items": [*pods, *claims]}


async def test_classes_that_nobody_can_read(
    control_plane: ControlPlane,
    api: aiohttp.ClientSession,
    fleet: Fleet,
    new_operator: StartOperator,
    apply_class: ApplyClass,
) -> None:
    await apply_class("good", default=False)
    classes = {
        "text": "spec",
        "types": {"limits": "x", "default": "yes"},
        "deep": json.loads('{"a":' * 60 + "1" + "}" * 60),
    }
    async with undefined(control_plane):
        for name, spec in classes.items():
            item = {"apiVersion": "goproxy-operator.dev/v1alpha1", "kind": "GoProxyClass", "metadata": {"name": name}}
            await create(api, "/apis/goproxy-operator.dev/v1alpha1/goproxyclasses", item | {"spec": spec})
    async with new_operator() as operator:
        await operator.leading()
        await fleet.apply(replicas=1)
        await fleet.wait_condition("Stalled", "True", "ClassNotAdmitted")
        await fleet.apply(replicas=1, className="types")
        await fleet.wait_condition("Stalled", "True", "ClassNotAdmitted")
        await fleet.apply(replicas=1, className="good")

        async def admitted() -> bool:
            return "statefulset.apps/team-a" in await fleet.children()

        await eventually(admitted, "a class that can be read is used")
        assert operator.log.count("a fault of the operator") == 0
