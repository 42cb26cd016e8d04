"""An object that is gone without our having heard of it: its children are not made again, and it is forgotten."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from goproxy_operator.kube.access import load_access
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.resources import Key
from goproxy_operator.observed.classes import ObservedClasses
from goproxy_operator.observed.discovery import Discovery
from goproxy_operator.observed.known_objects import KnownObjects
from goproxy_operator.observed.mirror import Mirror
from goproxy_operator.observed.named_config_maps import NamedConfigMaps
from goproxy_operator.observed.packed import WHOLE
from goproxy_operator.observed.reports import Reports
from goproxy_operator.reconcile.actions import Actions
from goproxy_operator.reconcile.decide.rollouts import Rollouts
from goproxy_operator.reconcile.families import Families
from goproxy_operator.reconcile.generations import Generations
from goproxy_operator.reconcile.observe import Observed
from goproxy_operator.reconcile.reconciler import FleetReconciler
from goproxy_operator.reconcile.status.writer import StatusWriter
from goproxy_operator.reconcile.verdicts import Verdicts
from goproxy_operator.settings import Settings
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ADMIN, ControlPlane
from tests.operator.live.fleet import Fleet
from tests.operator.objects import UID, document


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("successor", [False, True], ids=["gone", "another of its name"])
async def test_a_ghost_is_left_in_peace(control_plane: ControlPlane, fleet: Fleet, successor: bool) -> None:
    namespace = fleet.kubectl.namespace
    if successor:
        await fleet.apply(replicas=0)
    ghost: dict[str, Any] = document() | {"status": {"replicas": 2}}
    ghost["metadata"] |= {"namespace": namespace, "uid": UID, "generation": 1, "resourceVersion": "1"}
    client = ApiClient(await load_access(control_plane.kubeconfig))
    try:
        goproxies = KnownObjects(lambda *_: None, WHOLE)
        goproxies.put(json.loads(json.dumps(ghost)))
        mark = control_plane.audit.mark()
        async with asyncio.TaskGroup() as tasks:
            mirror = Mirror(client, [namespace], lambda _: None, tasks)
            observed = Observed(
                client,
                goproxies,
                mirror,
                NamedConfigMaps(client, lambda _: None),
                Reports(),
                Discovery(client, 60, lambda: None),
                ObservedClasses(client, lambda: None, lambda _: None, enforced=False),
                Generations(),
                Verdicts(),
                Families(lambda _: None),
            )
            reconciler = FleetReconciler(
                observed,
                Actions(client, mirror),
                StatusWriter(client, goproxies, identity="test", clock=asyncio.get_running_loop().time),
                Rollouts(1, goproxies.keys, lambda _: None),
                Settings(namespaces=[namespace], default_image="modproxy:1", identity="test"),
            )
            await reconciler.reconcile(Key(namespace, "team-a"))
        writes = audit.matching(control_plane.audit.since(mark), user=ADMIN, verbs=audit.WRITES, namespace=namespace)
        assert writes == []
        assert goproxies.get(Key(namespace, "team-a")) is None
    finally:
        await client.close()
