"""Brings a fleet into every state by a real operator, and keeps the object as the API server has it in each."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from modproxy.contract.config import config_hash
from modproxy.contract.report import Outage, Report, SecretProblem
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.kubernetes.watch import follow, stop
from tests.operator.live.conftest import ApplyClass, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.replica_reports import replica
from tests.operator.objects import document
from tests.operator.reconcile.status.status_facts import report

Object = dict[str, Any]
ADDRESS = "127.0.0.170"
"""Of the one replica that reports: loopback, and no other test's."""
KINDS = "serviceaccounts,configmaps,services,statefulsets,poddisruptionbudgets,networkpolicies,ingresses,pvc,pods"
FINALIZER = "example.com/kept-for-a-look"
IMAGE = '"registry.example.com/modproxy:2"'


class SlowVolumes(NodeStandIn):
    """Nodes whose claims grow only while `grow` says so."""

    grow = True

    async def _claim_seen(self, claim: Object) -> None:
        if self.grow or claim.get("status", {}).get("phase") != "Bound":
            await super()._claim_seen(claim)


class Walk:
    """Goes through the states; `kept` has the object of each, `versions` every version that anybody wrote."""

    def __init__(
        self,
        control_plane: ControlPlane,
        fleet: Fleet,
        new_operator: StartOperator,
        apply_class: ApplyClass,
    ) -> None:
        self._plane = control_plane
        self._fleet = fleet
        self._new_operator = new_operator
        self._apply_class = apply_class
        self.kept: dict[str, Object] = {}
        self.children: list[Object] = []
        self.versions: list[Object] = []

    async def run(self) -> None:
        """Go through all of them."""
        path = f"/apis/goproxy-operator.dev/v1alpha1/namespaces/{self._fleet.kubectl.namespace}/goproxies"
        async with self._plane.session(self._plane.nodes_token) as session, SlowVolumes(session) as nodes:
            nodes.pod_ip = lambda _pod: ADDRESS
            watching = asyncio.create_task(follow(session, path, self._seen))
            try:
                await self._go(nodes)
            finally:
                await stop([watching])

    async def _seen(self, item: Object) -> None:
        self.versions.append(item)

    async def _keep(self, name: str) -> None:
        self.kept[name] = await self._fleet.get()

    async def _go(self, nodes: SlowVolumes) -> None:
        fleet = self._fleet
        reports: dict[str, Report] = {ADDRESS: report(config="none")}
        storage = {"storage": {"size": "1Gi"}}
        await nodes.set_ready(lambda _: False)
        await fleet.apply(replicas=1, cache=storage)
        await self._keep("new")
        async with self._new_operator("--scrape-interval=500ms") as operator:
            await operator.leading()
            await self._keep_when("no replica ready", "0 of 1 replicas are ready")
            await self._image_missing()
            await nodes.set_ready(lambda _: True)
            async with replica(ADDRESS, reports):
                await fleet.wait_ready(1)
                await self._keep("ready")
                await self._upstream_fails(reports)
                await self._grow(nodes)
            await self._scale_out(nodes)
            await self._refused_by_class()
            await self._name_taken()
            await fleet.apply(replicas=0, cache={"storage": {"size": "2Gi"}})
            await self._keep_when("no replica asked for", "no replica is asked for")
            await fleet.apply(replicas=1, suspend=True, cache={"storage": {"size": "2Gi"}})
            await self._keep_when("suspended without a replica", "spec.suspend is true")
            await fleet.apply(replicas=1, cache={"storage": {"size": "2Gi"}})
            await fleet.wait_ready(1)
            await self._keep("ready again")
            await fleet.apply(replicas=1, suspend=True, cache={"storage": {"size": "2Gi"}})
            await self._keep_when("suspended while it serves", "spec.suspend is true")
        await fleet.apply(replicas=2, cache={"storage": {"size": "2Gi"}})
        await self._keep("changed while no operator runs")
        await fleet.kubectl("patch", "goproxy/team-a", "--type=merge", "-p", _finalizers([FINALIZER]))
        await fleet.kubectl("delete", "goproxy/team-a", "--wait=false")
        await self._keep("being deleted")
        await fleet.kubectl("patch", "goproxy/team-a", "--type=merge", "-p", _finalizers([]))

    async def _keep_when(self, name: str, words: str) -> None:
        """Keep the first version of which Ready, and Reconciling where that is said, have these words."""

        async def holds() -> bool:
            found = await self._fleet.get()
            conditions = {one["type"]: one["message"] for one in found.get("status", {}).get("conditions", ())}
            told = [conditions[kind] for kind in ("Ready", "Reconciling") if kind in conditions]
            self.kept[name] = found
            return bool(told) and all(words in message for message in told)

        await eventually(holds, f"Ready says {words}")

    async def _image_missing(self) -> None:
        """As a kubelet tells of an image that is not there."""
        text = f"rpc error: code = NotFound desc = failed to resolve reference {IMAGE}: not found"
        await self._container({"waiting": {"reason": "ErrImagePull", "message": text}})
        await self._keep_when("image missing", "push the tag")
        await self._container({"running": {"startedAt": "2026-03-04T05:06:07Z"}})

    async def _container(self, state: Object) -> None:
        one = {"name": "modproxy", "image": "modproxy:1", "imageID": "", "ready": False, "restartCount": 0}
        status = json.dumps({"status": {"containerStatuses": [one | {"state": state}]}})
        await self._fleet.kubectl("patch", "pod", "team-a-0", "--subresource=status", "--type=merge", "-p", status)

    async def _upstream_fails(self, reports: dict[str, Report]) -> None:
        config = config_hash((await self._fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"])
        down = Outage(
            role="upstream", place="https://proxy.example.com", failing=True, kind="dns", cause="could not be resolved",
            remedy="check the host in spec.upstream.goproxy", since=1, last=3, failures=3,
        )  # fmt: skip
        missing = SecretProblem(secret="git", problem="Secret git is not found")
        told = {"outages": (down,), "secret_problems": (missing,)}
        reports[ADDRESS] = report(config=config).model_copy(update=told)
        await self._fleet.wait_condition("UpstreamReachable", "False", "HostNotFound")
        await self._fleet.wait_condition("CredentialsReady", "False", "SecretUnusable")
        await self._keep("upstream and Secret fail")
        reports[ADDRESS] = report(config=config)

    async def _grow(self, nodes: SlowVolumes) -> None:
        nodes.grow = False
        await self._fleet.apply(replicas=1, cache={"storage": {"size": "2Gi"}})

        async def resizing() -> bool:
            found = await self._fleet.get()
            return found["status"]["observedGeneration"] == found["metadata"]["generation"] and any(
                (one["type"], one["status"]) == ("StorageResizing", "True") for one in found["status"]["conditions"]
            )

        await eventually(resizing, "the claim grows")
        await self._keep("volume grows")
        nodes.grow = True
        claim = ("annotate", "pvc", "--all", "look=again")
        await self._fleet.kubectl(*claim)
        await self._fleet.wait_ready(1)

    async def _scale_out(self, nodes: SlowVolumes) -> None:
        fleet = self._fleet
        await nodes.set_ready(lambda pod: pod["metadata"]["name"] == "team-a-0")
        await fleet.apply(
            replicas=2, cache={"storage": {"size": "2Gi"}}, expose={"ingress": {"host": "go.example.com"}}
        )
        await self._keep_when("one of two ready", "1 of 2 replicas are ready")
        await nodes.set_ready(lambda _: True)
        await fleet.wait_ready(2)
        listed = json.loads(await fleet.kubectl("get", KINDS, "-l", "goproxy-operator.dev/fleet=team-a", "-o", "json"))
        self.children = listed["items"]

    async def _refused_by_class(self) -> None:
        await self._apply_class(limits={"maxReplicas": 2})
        await self._fleet.apply(replicas=3, cache={"storage": {"size": "2Gi"}})
        await self._fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
        await self._keep("refused by its class")
        await self._fleet.apply(replicas=2, cache={"storage": {"size": "2Gi"}})
        await self._fleet.wait_ready(2)

    async def _name_taken(self) -> None:
        kubectl = self._fleet.kubectl
        await kubectl("create", "service", "clusterip", "other", "--tcp=80")
        await kubectl("create", "-f", "-", stdin=json.dumps(document("other", replicas=1)))
        other = Fleet(kubectl, "other")
        await other.wait_condition("Stalled", "True", "NameConflict")
        self.kept["name of a child taken"] = await other.get()
        await kubectl("delete", "goproxy/other", "service/other")


def _finalizers(names: list[str]) -> str:
    return json.dumps({"metadata": {"finalizers": names}})
