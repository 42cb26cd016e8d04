"""What do a thousand GoProxy objects cost at once, in ten quiet minutes, when they change, and in a restart?

The API server and the controller-manager are real; the kubelet, the scheduler and the replicas' reports are stand-ins
in this process. All of it shares this machine's processors. The controller-manager has its default limits until all
objects have converged, and then much larger ones, so that the pods come in minutes.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.figures.result import Figure, Result
from bench.figures.spread import percentile
from bench.machine.processes import cpu_seconds, rss_mib
from bench.run import Run
from modproxy.contract.report import StorageState, Window
from tests.kubernetes import audit, kube_binary
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.control_plane_commands import AS_SHIPPED, QUICK
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.operator.live.many_fleets import ManyFleets, fleet_keys, writes_by_kind
from tests.operator.live.operator_process import USER, OperatorProcess
from tests.operator.live.replica_reports import ReplicaReports, steady

FLEETS, NAMESPACES = 1000, 100
QUIET_SECONDS = 600
CHANGES, CHANGES_PER_SECOND = 300, 5
MOVING = 10  # one fleet in this many has figures that change
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class World:
    """The processes that a measurement has to do with."""

    plane: ControlPlane
    fleets: ManyFleets
    kubeconfig: Path
    scratch: Path

    def operator(self, name: str) -> OperatorProcess:
        """An operator, not started yet."""
        return OperatorProcess(self.kubeconfig, self.scratch / f"{name}.log")


async def measure(run: Run) -> Result:
    """Run all four parts on one control plane."""
    scratch = run.scratch
    plane = ControlPlane(kube_binary.ensure(), scratch / "control-plane", AS_SHIPPED)
    figures: list[Figure] = []
    with plane:
        plane.kubectl("apply", "-k", ROOT / "crds")
        plane.kubectl("apply", "-f", ROOT / "deploy" / "rbac.yaml")
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        kubeconfig = plane.service_account_kubeconfig("goproxy-operator", "goproxy-operator")
        async with (
            plane.session() as session,
            plane.session(plane.nodes_token) as node_session,
            NodeStandIn(node_session),
            ReplicaReports(session, _figures),
            ManyFleets(session, fleet_keys(FLEETS, NAMESPACES)) as fleets,
        ):
            world = World(plane, fleets, kubeconfig, scratch)
            await fleets.make_namespaces()
            async with world.operator("first") as operator:
                await operator.leading()
                figures.append(Figure("operator at rest, no fleet", rss_mib(operator.pid), "MiB"))
                figures += await _converge(world, operator)
                figures += await _stay_quiet(world, operator)
                figures += await _change(world)
            figures += await _restart(world)
    return Result(
        f"{FLEETS} GoProxies over {NAMESPACES} namespaces",
        figures,
        notes=[
            f"the controller-manager's own limits: {AS_SHIPPED.qps} calls a second for each controller until all had "
            f"converged, as it is shipped; then {QUICK.qps}"
        ],
    )


def _figures(namespace: str, pod: str) -> tuple[StorageState, Window]:
    storage, window = steady(namespace, pod)
    if int(pod.split("-")[1]) % MOVING == 0:
        # The cache fills by one percent of its capacity each two minutes.
        storage = storage.model_copy(update={"used_bytes": storage.used_bytes + int(time.monotonic() % 3600) * 2**22})
    return storage, window


async def _converge(world: World, operator: OperatorProcess) -> list[Figure]:
    mark, begun, cpu = world.plane.audit.mark(), time.monotonic(), cpu_seconds(operator.pid)
    making = asyncio.create_task(world.fleets.make())
    await _until(lambda: making.done() and not world.fleets.unfinished(), 300)
    await making
    took = time.monotonic() - begun
    spent = cpu_seconds(operator.pid) - cpu
    await asyncio.to_thread(world.plane.limit_controllers, QUICK)
    await _until(lambda: not world.fleets.not_settled(), 300)
    settled = time.monotonic() - begun
    calls = audit.matching(world.plane.audit.since(mark), user=USER)
    by_verb = Counter(call.verb for call in calls if call.resource != "leases")
    return [
        Figure("from the first to all converged", took, "s", limit=60),
        Figure("all pods ready and reported", settled, "s"),
        Figure("operator's processor time until converged", spent, "s"),
        *(Figure(f"calls an object: {verb}", count / FLEETS) for verb, count in sorted(by_verb.items())),
        Figure("calls an object, all", by_verb.total() / FLEETS),
        Figure("operator, most it ever had", rss_mib(operator.pid, "VmHWM"), "MiB"),
        Figure("operator, now", rss_mib(operator.pid), "MiB", limit=100),
    ]


async def _stay_quiet(world: World, operator: OperatorProcess) -> list[Figure]:
    await asyncio.sleep(75)  # figures are written once a minute; then those of the first reports are written
    mark, cpu = world.plane.audit.mark(), cpu_seconds(operator.pid)
    await asyncio.sleep(QUIET_SECONDS)
    calls = world.plane.audit.since(mark)
    writes = writes_by_kind(calls)
    told = writes.pop("patch goproxies/status", 0)
    names = {call.name for call in audit.matching(calls, user=USER, resource="goproxies", verbs=audit.WRITES)}
    unmoved = [name for name in names if int(name.split("-")[1]) % MOVING]
    reads = [call for call in audit.matching(calls, user=USER) if call.verb not in audit.WRITES]
    return [
        Figure(f"{QUIET_SECONDS} s: writes to anything but status", writes.total(), limit=0),
        Figure("status writes where a figure moved", told),
        Figure("fleets written whose figures had not moved", len(unmoved), limit=0),
        Figure("reads (lists, watches, discovery)", len(reads)),
        Figure("processor", 100 * (cpu_seconds(operator.pid) - cpu) / QUIET_SECONDS, "% of one"),
        Figure("operator after it", rss_mib(operator.pid), "MiB", limit=100),
    ]


async def _change(world: World) -> list[Figure]:
    """Change specs at a steady pace, and take the time from the API server's answer to the StatefulSet."""
    latencies: list[float] = []

    async def one() -> None:
        key = random.choice(world.fleets.keys)
        before = world.fleets.set_of(key)[1]["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"]
        wanted = "Delete" if before == "Retain" else "Retain"
        await world.fleets.change(key, {"cache": {"storage": {"whenDeleted": wanted}}})
        begun = time.monotonic()
        while True:
            at, item = world.fleets.set_of(key)
            if item["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == wanted:
                latencies.append(max(at - begun, 0.0))
                return
            if time.monotonic() - begun > 30:
                raise AssertionError(f"{key}: the change did not arrive")
            await asyncio.sleep(0.002)

    for _ in range(CHANGES):
        begun = time.monotonic()
        await one()
        await asyncio.sleep(max(1 / CHANGES_PER_SECOND - (time.monotonic() - begun), 0))
    return [
        Figure("spec change to StatefulSet, median", 1000 * percentile(latencies, 50), "ms"),
        Figure("spec change to StatefulSet, p99", 1000 * percentile(latencies, 99), "ms", limit=100),
    ]


async def _restart(world: World) -> list[Figure]:
    mark, begun = world.plane.audit.mark(), time.monotonic()
    async with world.operator("second") as operator:

        async def done() -> bool:
            return await operator.metric("goproxy_operator_reconcile_seconds_count") >= FLEETS and (
                await operator.metric("goproxy_operator_queue_depth") == 0
            )

        while not await done():
            await asyncio.sleep(0.1)
            if time.monotonic() - begun > 120:
                raise AssertionError("the second operator does not come to an end")
        took = time.monotonic() - begun
        writes = writes_by_kind(world.plane.audit.since(mark))
        writes.pop("patch goproxies/status", 0)
        return [
            Figure("restart: until all were looked at", took, "s", limit=15),
            Figure("restart: writes", writes.total(), limit=0),
            Figure("restart: operator, most it ever had", rss_mib(operator.pid, "VmHWM"), "MiB"),
            Figure("restart: operator, now", rss_mib(operator.pid), "MiB", limit=100),
        ]


async def _until(holds: Callable[[], bool], seconds: float) -> None:
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > seconds:
            raise AssertionError(f"not so after {seconds:.0f} s")
        await asyncio.sleep(0.25)
