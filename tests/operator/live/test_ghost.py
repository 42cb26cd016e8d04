"""An object that is gone without our having heard of it: its children are not made again, and it is forgotten."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from goproxy_operator.cluster.access import load_access
from goproxy_operator.cluster.client import Client
from goproxy_operator.cluster.discovery import Discovery
from goproxy_operator.cluster.mirror import Mirror
from goproxy_operator.cluster.named_config_maps import NamedConfigMaps
from goproxy_operator.cluster.store import Store
from goproxy_operator.cluster.tenancy import Tenancy
from goproxy_operator.reconcile.fleet import FleetReconciler
from goproxy_operator.reconcile.reports import Reports
from goproxy_operator.reconcile.rollouts import Rollouts
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
    client = Client(load_access(control_plane.kubeconfig))
    try:
        goproxies = Store(lambda *_: None)
        goproxies.put(json.loads(json.dumps(ghost)))
        mark = control_plane.audit.mark()
        async with asyncio.TaskGroup() as tasks:
            reconciler = FleetReconciler(
                client,
                goproxies,
                Mirror(client, [namespace], lambda _: None, tasks),
                NamedConfigMaps(client, lambda _: None),
                Reports(),
                discovery=Discovery(client, 60, lambda: None),
                tenancy=Tenancy(client, lambda: None, lambda _: None, enforced=False),
                rollouts=Rollouts(1, goproxies.keys, lambda _: None),
                settings=Settings(namespaces=[namespace], default_image="modproxy:1", identity="test"),
                clock=asyncio.get_running_loop().time,
            )
            await reconciler.reconcile((namespace, "team-a"))
        writes = audit.matching(control_plane.audit.since(mark), user=ADMIN, verbs=audit.WRITES, namespace=namespace)
        assert writes == []
        assert goproxies.get((namespace, "team-a")) is None
    finally:
        await client.close()
