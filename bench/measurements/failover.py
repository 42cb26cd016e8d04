"""How soon does the second of two operators act when the one that leads is lost, and what does a partition cost?

Users change their fleets all the time. Each operator reaches the API server through a proxy of its own, which records
its writes: a round fails when the former leader writes after the first write of the new one.
"""

import asyncio
import time
from pathlib import Path

from bench.figures.result import Figure, Result
from bench.figures.spread import percentile
from bench.run import Run
from tests.kubernetes import kube_binary
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.operator.live.pair import WAYS, Pair
from tests.operator.live.spoilt import Spoilt

ROUNDS = 10
PARTITION_SECONDS = 60
ROOT = Path(__file__).resolve().parents[2]
_NAMES = {
    "kill": ("kill -9 of the leader", 15),
    "term": ("SIGTERM to the leader", 1),
    "part": ("the leader cut off, its connections open", 15),
    "freeze": ("the leader frozen, and woken later", 15),
}


async def measure(run: Run) -> Result:
    """Run ten rounds of each way, then a partition."""
    scratch = run.scratch
    plane = ControlPlane(kube_binary.ensure(), scratch / "control-plane")
    taken: dict[str, list[float]] = {}
    with plane:
        plane.kubectl("apply", "-k", ROOT / "crds")
        plane.kubectl("apply", "-f", ROOT / "deploy" / "rbac.yaml")
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        async with (
            plane.session() as session,
            plane.session(plane.nodes_token) as node_session,
            NodeStandIn(node_session),
        ):
            for way in WAYS:
                await asyncio.to_thread(plane.kubectl, "create", "namespace", f"by-{way}")
                folder = scratch / way
                folder.mkdir()
                async with Pair(plane, session, folder, f"by-{way}") as pair:
                    taken[way] = [await pair.take_over(way) for _ in range(ROUNDS)]
            await asyncio.to_thread(plane.kubectl, "create", "namespace", "parted")
            async with Spoilt(plane, session, scratch, "parted") as spoilt:
                healed = await _part(spoilt)
    figures = []
    for way, (name, limit) in _NAMES.items():
        figures.append(Figure(f"{name}, median", percentile(taken[way], 50), "s"))
        figures.append(Figure(f"{name}, longest of {ROUNDS}", max(taken[way]), "s", limit=limit))
    return Result(
        "Until the other operator has carried out what was asked right after the leader was lost",
        [*figures, *healed],
        notes=["in no round did the two write at the same time"],
    )


async def _part(spoilt: Spoilt) -> list[Figure]:
    """Cut a single operator off; users go on meanwhile."""
    spoilt.proxy.part()
    before = len(spoilt.proxy.calls)
    await asyncio.sleep(PARTITION_SECONDS / 2)
    await spoilt.ask_for(3)
    await asyncio.sleep(PARTITION_SECONDS / 2)
    spoilt.proxy.join()
    begun = time.monotonic()
    await spoilt.converged(3, 120)
    took = time.monotonic() - begun
    calls = len(spoilt.proxy.calls) - before
    after = await spoilt.calm()
    return [
        Figure(f"a partition of {PARTITION_SECONDS} s: from its end until all is as asked", took, "s"),
        Figure("calls for it, five fleets", calls),
        Figure("calls in five seconds after it", after.total()),
    ]
