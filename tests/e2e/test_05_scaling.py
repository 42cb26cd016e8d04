"""The operator follows when somebody scales a fleet by hand."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.space import Object, Space
from tests.e2e.waiting import until

FLEET = "team"


def test_kubectl_scale(space: Space, goproxy: Callable[..., Object]) -> None:
    space.apply(goproxy(FLEET, replicas=1))
    space.wait_ready(FLEET, 1)
    for replicas in (3, 2):
        space.kubectl("scale", "goproxy", FLEET, f"--replicas={replicas}")
        space.wait_ready(FLEET, replicas)

        def all_there(want: int = replicas) -> bool:
            return len(space.pods(FLEET)) == want

        until(all_there, f"{replicas} pods", seconds=120)
    assert space.exists("pvc", f"cache-{FLEET}-2"), "a scale-out finds its cache again"
