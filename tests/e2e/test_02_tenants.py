"""Two tenants have a fleet each: what one of them may have, and what breaks in it, does not touch the other."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.pods import go_mod_download
from tests.e2e.release import Release
from tests.e2e.space import Object, Space
from tests.e2e.upstream import Upstream
from tests.e2e.waiting import until

MODULE = "github.com/google/go-cmp"
INFO = f"{MODULE}/@v/v0.6.0.info"


def test_tenants(
    operator: Release, new_space: Callable[[], Space], upstream: Upstream, goproxy: Callable[..., Object]
) -> None:
    well, ill = new_space(), new_space()
    # Both fleets have the same name, because a fleet belongs to its namespace.
    well.apply(goproxy("team", replicas=1))
    ill.apply(goproxy("team", replicas=1, modules={"deny": [MODULE]}))
    well.wait_ready("team", 1)
    ill.wait_ready("team", 1)

    served, _ = well.ask("team-0", INFO)
    assert served
    served, refusal = ill.ask("team-0", INFO)
    assert not served and MODULE in refusal and "deny" in refusal

    # One fleet breaks in every way it can: no upstream, an image that does not exist, a config that is refused.
    before = well.get("goproxy", "team")["status"]
    ill.apply(goproxy("team", replicas=1, upstream={"goproxy": "http://192.0.2.1"}, image="nowhere.test/none:1"))
    until(lambda: reason(ill) == "ImagePullBackOff", "the broken tenant is told", seconds=90)
    assert ill.condition("team", "Reconciling")["status"] == "True"

    downloaded, said = go_mod_download(well, "client", operator.images.proxy, "http://team:8080")
    assert downloaded, said
    after = well.get("goproxy", "team")["status"]
    assert after["conditions"] == before["conditions"] or reason(well) == "Serving"
    until(lambda: well.get("goproxy", "team")["status"].get("hitRatePercent") is not None, "figures", seconds=90)
    assert ill.get("goproxy", "team")["status"].get("hitRatePercent") is None

    # An edit of the object alone mends it.
    ill.apply(goproxy("team", replicas=1))
    ill.wait_ready("team", 1)
    assert ill.ask("team-0", INFO)[0]


def reason(space: Space) -> str:
    return str(space.condition("team", "Ready").get("reason"))
