"""Classes at work: a tenant meets its limits, whichever way it turns; a class or a label that changes is noticed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.reconcile.decide.classes import ADVICE
from modproxy.contract.config import parse_config
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane, KubectlError
from tests.kubernetes.eventually import eventually
from tests.operator.api.cases.case import Case
from tests.operator.api.cases.goproxyclass import REFUSED
from tests.operator.live.conftest import ROOT, ApplyClass, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER, OperatorProcess

# Where the operator must not act, that nothing has happened is looked at after it has said why.


@pytest.mark.usefixtures("operator", "nodes")
async def test_a_fleet_that_passes_a_limit_stays_as_it_was(fleet: Fleet, apply_class: ApplyClass) -> None:
    await apply_class(limits={"maxReplicas": 3})
    await fleet.apply(replicas=2)
    await fleet.wait_ready(2)
    before = await fleet.get("statefulset")

    await fleet.apply(replicas=5, modules={"deny": ["example.com/evil"]})
    message = await fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
    assert message == "spec.replicas 5 is more than limits.maxReplicas of GoProxyClass standard 3" + ADVICE
    assert (await fleet.condition("Ready") or ())[:2] == ("True", "ClassLimitExceeded")
    assert (await fleet.get("statefulset"))["spec"] == before["spec"]
    config = (await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"]
    assert parse_config(config).modules.deny == ()
    assert [told["message"] for told in await fleet.wait_events("ClassLimitExceeded")] == [message]

    # Nor by the scale subresource, nor by another class, nor by none.
    await fleet.kubectl("scale", "goproxy/team-a", "--replicas=4")
    assert "spec.replicas 4 is more" in await fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
    await fleet.apply(replicas=5, className="large")
    message = await fleet.wait_condition("Stalled", "True", "ClassNotAdmitted")
    assert message == "spec.className: there is no GoProxyClass large: write one of those that do, standard"
    assert (await fleet.get("statefulset"))["spec"] == before["spec"]

    await fleet.apply(replicas=5)
    await fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
    await apply_class(limits={"maxReplicas": 5})
    await fleet.wait_ready(5)
    assert await fleet.condition("Stalled") is None


@pytest.mark.usefixtures("operator", "nodes")
async def test_defaults_and_modules_of_a_class_reach_the_replicas(fleet: Fleet, apply_class: ApplyClass) -> None:
    defaults = {"replicas": 1, "upstream": {"goproxy": "https://goproxy.example.com"}, "modules": {"mode": "Enforce"}}
    await apply_class(defaults=defaults, modules={"deny": ["example.com/evil"]}, limits={"maxReplicas": 1})
    await fleet.apply(modules={"mode": "DryRun"})
    await fleet.wait_ready(1)

    async def config() -> Any:
        return parse_config((await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"])

    now = await config()
    assert now.upstream.goproxy == "https://goproxy.example.com"
    assert (now.modules.mode, now.modules.imposed.deny) == ("DryRun", ("example.com/evil",))
    assert "replicas" not in (await fleet.get())["spec"], "the operator writes nothing of a spec"

    await apply_class(defaults={"replicas": 2}, modules={"deny": ["example.com/evil", "example.com/worse"]})
    await fleet.wait_ready(2)

    async def imposed() -> bool:
        return bool((await config()).modules.imposed.deny == ("example.com/evil", "example.com/worse"))

    await eventually(imposed, "the class's new patterns are in force")


@pytest.mark.usefixtures("operator", "nodes")
async def test_a_class_comes_and_a_label_and_both_go(fleet: Fleet, apply_class: ApplyClass) -> None:
    namespace = fleet.kubectl.namespace
    await fleet.apply(replicas=1)
    await fleet.wait_ready(1)
    await apply_class(namespaceSelector={"matchLabels": {"tier": "build"}}, limits={"maxReplicas": 1})
    message = await fleet.wait_condition("Stalled", "True", "ClassNotAdmitted")
    assert message == (
        f"spec.className is not given, and no default GoProxyClass admits namespace {namespace}, nor does any other: "
        f"ask whoever keeps the classes for one whose namespaceSelector matches the labels of namespace {namespace}"
    )
    await fleet.kubectl("label", "namespace", namespace, "tier=build")
    await fleet.wait_ready(1)
    await fleet.kubectl("label", "namespace", namespace, "tier-")
    await fleet.wait_condition("Stalled", "True", "ClassNotAdmitted")
    await fleet.kubectl("delete", "goproxyclass", "standard")
    await fleet.wait_ready(1)


async def test_a_start_lets_nobody_through(fleet: Fleet, new_operator: StartOperator, apply_class: ApplyClass) -> None:
    await apply_class(limits={"maxReplicas": 1})
    await fleet.apply(replicas=2)
    async with new_operator() as operator:
        await operator.leading()
        await fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
        assert await fleet.children() == []


@pytest.fixture
async def confined(fleet: Fleet, control_plane: ControlPlane, installed: Path, tmp_path: Path) -> StartOperator:
    """Makes an operator that has rights in the test's namespace only."""
    assert installed
    here, account = fleet.kubectl.namespace, f"{fleet.kubectl.namespace}:default"
    bind = ("create", "rolebinding", f"--serviceaccount={account}")
    await fleet.kubectl(*bind, "operator", "--clusterrole=goproxy-operator")
    await fleet.kubectl("create", "role", "lease", "--verb=get,create,update", "--resource=leases.coordination.k8s.io")
    await fleet.kubectl(*bind, "lease", "--role=lease")
    kubeconfig = control_plane.service_account_kubeconfig(here, "default")

    def make(*arguments: str) -> OperatorProcess:
        log = tmp_path / f"confined-{len(arguments)}.log"
        return OperatorProcess(kubeconfig, log, f"--namespace={here}", f"--lease-namespace={here}", *arguments)

    return make


@pytest.mark.usefixtures("nodes")
async def test_without_the_right_to_see_limits_it_does_not_work(
    fleet: Fleet, confined: StartOperator, apply_class: ApplyClass
) -> None:
    await apply_class(limits={"maxReplicas": 1})
    await fleet.apply(replicas=2)
    async with confined() as operator:
        assert await operator.ended() == 1
        last = operator.log.splitlines()[-1]
    assert last.startswith("goproxy-operator: the operator failed: namespaces is forbidden: ")
    assert last.endswith(
        "without it no limit of a GoProxyClass can be kept. Bind ClusterRole goproxy-operator-classes to the "
        "operator's account (deploy/rbac.yaml), or start the operator with --ignore-classes"
    )
    assert await fleet.children() == []

    async with confined("--ignore-classes") as operator:
        await operator.leading()
        await fleet.wait_ready(2)
        assert "forbidden" not in operator.log


@pytest.mark.usefixtures("operator", "nodes")
async def test_storage_and_ways_in_are_limited(fleet: Fleet, apply_class: ApplyClass) -> None:
    await apply_class(limits={"maxStorage": "3Gi", "exposure": ["Ingress"], "ingressHosts": ["*.example.com"]})
    storage = {"cache": {"storage": {"size": "1Gi", "growTo": "4Gi"}}}
    await fleet.apply(replicas=1, **storage)
    message = await fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
    limit = "spec.cache.storage.growTo 4Gi is more than limits.maxStorage of GoProxyClass standard 3Gi"
    assert message == limit + ADVICE
    assert await fleet.children() == []

    storage["cache"]["storage"]["growTo"] = "3Gi"
    await fleet.apply(replicas=1, **storage)
    await fleet.wait_ready(1)
    before = (await fleet.get("service"))["spec"]
    await fleet.apply(replicas=1, **storage, expose={"service": {"type": "LoadBalancer"}})
    message = await fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
    assert message == (
        "spec.expose.service.type exposes by LoadBalancer, which is not in limits.exposure of GoProxyClass standard "
        "[ClusterIP, Ingress]" + ADVICE
    )
    assert (await fleet.get("service"))["spec"] == before

    ingress = {"ingress": {"host": "goproxy.example.com"}}
    await fleet.apply(replicas=1, **storage, expose=ingress)
    await fleet.wait_ready(1)
    assert (await fleet.get("ingress"))["spec"]["rules"][0]["host"] == "goproxy.example.com"
    await apply_class(limits={"exposure": [], "ingressHosts": ["*.example.com"]})
    message = await fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
    assert message.startswith("spec.expose.ingress exposes by Ingress, which is not in limits.exposure")
    assert (await fleet.get("ingress"))["spec"]["rules"][0]["host"] == "goproxy.example.com", "it stays as it was"


@pytest.mark.usefixtures("operator", "nodes")
async def test_a_class_that_becomes_stricter_takes_nothing_away(
    fleet: Fleet, apply_class: ApplyClass, control_plane: ControlPlane
) -> None:
    written = {
        "upstream": {"credentials": [{"pattern": "git.example.com", "secretName": "goproxy-git"}]},
        "pod": {"priorityClassName": "system-cluster-critical", "annotations": {"example.com/a": "b"}},
    }
    await apply_class(profile="Privileged")
    await fleet.apply(replicas=1, **written)
    await fleet.wait_ready(1)
    before = await fleet.get("statefulset")

    await apply_class(profile="Baseline", modules={"deny": ["example.com/evil"]})
    message = await fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
    left = (
        "is not left to the fleet by profile Baseline of GoProxyClass standard: remove it, or ask whoever keeps the "
        "class for"
    )
    assert message == (
        f"spec.pod.annotations example.com/a {left} limits.annotations there, or profile Privileged; "
        f"spec.pod.priorityClassName system-cluster-critical {left} limits.priorityClasses there, or profile "
        "Privileged"
    )
    assert (await fleet.get("statefulset"))["spec"] == before["spec"], "what runs stays as it was"
    config = parse_config((await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"])
    assert config.modules.imposed is not None
    mark = control_plane.audit.mark()
    await asyncio.sleep(3)
    own = audit.matching(
        control_plane.audit.since(mark), user=USER, verbs=audit.WRITES, namespace=fleet.kubectl.namespace
    )
    assert own == [], "nothing is written over and over"

    await apply_class(limits={"secrets": ["goproxy-g?t"], "priorityClasses": ["system-*"], "annotations": ["*/*"]})
    await fleet.wait_ready(1)
    assert await fleet.condition("Stalled") is None


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("case", [case for case in REFUSED if case.server], ids=lambda case: case.id)
async def test_a_bad_class_is_refused(apply_class: ApplyClass, case: Case) -> None:
    with pytest.raises(KubectlError) as refused:
        await apply_class(**case.spec)
    assert case.server is not None
    assert case.server in str(refused.value)


@pytest.mark.usefixtures("installed")
async def test_the_example_is_accepted(fleet: Fleet) -> None:
    await fleet.kubectl("apply", "--dry-run=server", "-f", ROOT / "examples" / "class.yaml")


@pytest.mark.usefixtures("installed")
async def test_a_class_may_take_its_defaults_back(apply_class: ApplyClass, fleet: Fleet) -> None:
    await apply_class(defaults={"cache": {"storage": {"size": "50Gi", "storageClassName": "fast"}}})
    await apply_class(defaults={"cache": {"storage": {"size": "5Gi"}}})
    table = await fleet.kubectl("get", "goproxyclasses")
    assert table.split()[:5] == ["NAME", "DEFAULT", "PROFILE", "ENFORCEMENT", "MAXREPLICAS"]
