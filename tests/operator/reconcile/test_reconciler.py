"""A pass that fails by a fault of the operator: it is told on the object, and what the class imposes still arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from goproxy_operator.kube.errors import ApiError, NamespaceEndingError
from goproxy_operator.kube.resources import GOPROXIES, Key
from goproxy_operator.metrics_api.rules.registration import OFF, Registration
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
from goproxy_operator.reconcile.outcome import PassOutcome
from goproxy_operator.reconcile.reconciler import FleetReconciler
from goproxy_operator.reconcile.status.writer import StatusWriter
from goproxy_operator.reconcile.verdicts import Verdicts
from goproxy_operator.settings import Settings
from tests.operator.fake_api import FakeApi
from tests.operator.objects import UID, document

Object = dict[str, Any]
KEY = Key("build", "team-a")
OTHER = Key("build", "team-b")


async def one_pass(
    server: FakeApi, fault: Callable[[], Registration], woken: list[Key] | None = None, **metadata: str
) -> tuple[PassOutcome, Object]:
    """A pass over a fleet while one of the things that are observed raises; its outcome, and the object after it.

    With `woken` there is another fleet that waits for its turn to roll; who is woken is put there.
    """
    client = await server.client()
    goproxies: KnownObjects[Object] = KnownObjects(lambda *_: None, WHOLE)
    item = document(modules={"deny": ["example.com/own"]})
    item["metadata"] |= {"namespace": "build", "uid": UID, "generation": 3, "resourceVersion": "5"} | metadata
    goproxies.put(item)
    told: list[Key] = [] if woken is None else woken
    rollouts = Rollouts(5, goproxies.keys, told.append)
    if woken is not None:
        other = document()
        other["metadata"] |= {"namespace": OTHER.namespace, "name": OTHER.name, "resourceVersion": "6"}
        goproxies.put(other)
        assert not rollouts.turn(OTHER, ready=True)
        rollouts.looked_at(OTHER, None, waits=True)
    mirror = Mirror(client, ["build"], lambda _: None, asyncio.TaskGroup())
    observed = Observed(
        client,
        goproxies,
        mirror,
        NamedConfigMaps(client, lambda _: None),
        Reports(),
        Discovery(client, 1.0, lambda: None),
        ObservedClasses(client, lambda: None, lambda _: None, enforced=False),
        Generations(),
        Verdicts(),
        Families(lambda _: None),
        fault,
    )
    clock = asyncio.get_running_loop().time
    reconciler = FleetReconciler(
        observed,
        Actions(client, mirror),
        StatusWriter(client, goproxies, identity="test", clock=clock),
        rollouts,
        Settings(namespaces=["build"], default_image="modproxy:1", identity="test"),
    )
    outcome = await reconciler.reconcile(KEY)
    return outcome, goproxies.get(KEY) or {}


@pytest.mark.parametrize(
    "fault",
    [
        OverflowError("inf"),
        RecursionError(),
        UnicodeError("label\x1b[2J too long"),
        KeyError("x" * 9999),
        MemoryError(),
    ],
    ids=lambda fault: type(fault).__name__,
)
async def test_a_fault_is_told_on_the_object(fault: Exception) -> None:
    def fail() -> Registration:
        raise fault

    async with FakeApi() as server:
        outcome, item = await one_pass(server, fail)
        statuses = [body for _, path, body in server.written if path == GOPROXIES.path(*KEY, "status")]
        events = [body for _, path, body in server.written if path.endswith("/events")]
    assert outcome.stuck, "it is tried again, each time later"
    assert len(statuses) == 1
    conditions = {c["type"]: c for c in item["status"]["conditions"]}
    assert conditions["Stalled"]["reason"] == conditions["Ready"]["reason"] == "OperatorFault"
    message = conditions["Stalled"]["message"]
    assert type(fault).__name__ in message
    assert message.isprintable()
    assert len(message) < 2000
    assert [event["reason"] for event in events] == ["OperatorFault"]


async def test_what_is_worth_a_retry_is_no_fault() -> None:
    def fail() -> Registration:
        raise ApiError(503, "busy")

    async with FakeApi() as server:
        with pytest.raises(ApiError):
            await one_pass(server, fail)
        assert server.written == []


async def test_a_pass_that_fails_keeps_no_other_fleet_waiting() -> None:
    woken: list[Key] = []

    def fail() -> Registration:
        assert woken == []
        raise ApiError(503, "busy")

    async with FakeApi() as server:
        with pytest.raises(ApiError):
            await one_pass(server, fail, woken)
    assert OTHER in woken


async def test_a_fleet_in_a_namespace_that_ends_keeps_no_other_fleet_waiting() -> None:
    woken: list[Key] = []

    def end() -> Registration:
        assert woken == []
        raise NamespaceEndingError(403, "build is being terminated")

    async with FakeApi() as server:
        await one_pass(server, end, woken)
    assert OTHER in woken


async def test_a_fleet_with_a_finalizer_keeps_no_other_fleet_waiting() -> None:
    woken: list[Key] = []
    async with FakeApi() as server:
        await one_pass(server, lambda: OFF, woken, deletionTimestamp="2026-01-01T00:00:00Z")
    assert OTHER in woken


async def test_without_a_fault_the_children_are_made() -> None:
    async with FakeApi() as server:
        outcome, _ = await one_pass(server, lambda: OFF)
        kinds = {body["kind"] for method, _, body in server.written if method == "PATCH"}
    assert not outcome.stuck
    assert kinds >= {"StatefulSet", "ConfigMap", "NetworkPolicy", "GoProxy"}
