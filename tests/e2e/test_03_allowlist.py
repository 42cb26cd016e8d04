"""Every replica enforces an edit of the allowlist within ten seconds, and no pod restarts for it."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.e2e.pods import config_map
from tests.e2e.space import Object, Space
from tests.e2e.waiting import until

REPLICAS = 3
INFO = "github.com/google/go-cmp/@v/v0.6.0.info"
LIMIT = 10.0  # seconds: what users are promised


def test_allowlist(space: Space, goproxy: Callable[..., Object]) -> None:
    space.apply(config_map("approved", {"modules": "github.com/google\n"}))
    space.apply(goproxy("team", replicas=REPLICAS, modules={"allowlistConfigMapName": "approved"}))
    space.wait_ready("team", REPLICAS)
    assert served(space) == [True] * REPLICAS
    before = identities(space)

    for patterns, expected in (("golang.org/x\n", False), ("golang.org/x\ngithub.com/google/*\n", True)):
        edited = time.monotonic()
        space.apply(config_map("approved", {"modules": patterns}))

        def all_agree(want: bool = expected) -> bool:
            return served(space) == [want] * REPLICAS

        until(all_agree, f"served: {expected}", seconds=LIMIT, every=0.1)
        assert time.monotonic() - edited <= LIMIT
        until(lambda: synced(space) == f"{REPLICAS} of {REPLICAS} replicas run the config in force", "told", seconds=30)

    assert identities(space) == before


def test_an_edit_of_the_object_itself(space: Space, goproxy: Callable[..., Object]) -> None:
    space.apply(goproxy("team", replicas=2))
    space.wait_ready("team", 2)
    before = identities(space)
    space.apply(goproxy("team", replicas=2, modules={"deny": ["github.com/google"]}))
    until(lambda: served(space) == [False, False], "refused by both", seconds=LIMIT, every=0.1)
    assert identities(space) == before


def served(space: Space) -> list[bool]:
    """Of each replica, whether it serves the module now."""
    return [space.ask(pod["metadata"]["name"], INFO)[0] for pod in space.pods("team")]


def synced(space: Space) -> str:
    return str(space.condition("team", "ConfigSynced").get("message"))


def identities(space: Space) -> list[tuple[str, int]]:
    """Which pods there are, and how often each was restarted."""
    return [
        (pod["metadata"]["uid"], sum(status["restartCount"] for status in pod["status"]["containerStatuses"]))
        for pod in space.pods("team")
    ]
