"""A reflector: an object that cannot be taken keeps nobody from learning of the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from goproxy_operator.kube.resources import CONFIG_MAPS, PODS, Key, Object, Resource
from goproxy_operator.observed.known_objects import KnownObjects
from goproxy_operator.observed.packed import POD, WHOLE
from goproxy_operator.observed.reflector import Reflector
from goproxy_operator.observed.views import PodView
from tests.kubernetes.eventually import eventually
from tests.operator.fake_api import FakeApi


@pytest.fixture
async def server() -> AsyncIterator[FakeApi]:
    async with FakeApi() as made:
        yield made


def item(name: str, version: int = 1, **more: object) -> Object:
    return {"metadata": {"namespace": "build", "name": name, "uid": name, "resourceVersion": str(version)}, **more}


HOSTILE: list[Object] = [
    item("a", status={"conditions": [{}]}),
    item("b", status="text"),
    item("c", status={"conditions": [None]}),
    {"metadata": {"namespace": "build", "name": "d", "resourceVersion": "x"}},
    {"metadata": {"namespace": "build", "name": "e", "resourceVersion": "1", "labels": 7}},
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda one: one["metadata"]["name"])
async def test_a_pod_that_cannot_be_viewed(server: FakeApi, hostile: Object) -> None:
    known: KnownObjects[PodView] = KnownObjects(lambda *_: None, POD)
    path = PODS.path("build")
    server.lists[path] = [item("first"), hostile, item("last")]
    async with followed(server, PODS, known):
        await eventually(
            lambda: None not in (known.get(Key("build", "first")), known.get(Key("build", "last"))), "the list is taken"
        )
        server.tell(path, "MODIFIED", hostile | {"metadata": hostile["metadata"] | {"resourceVersion": "11"}})
        server.tell(path, "ADDED", item("later", 12))
        await eventually(lambda: known.get(Key("build", "later")) is not None, "the watch goes on")


async def test_whoever_is_told_may_fail(server: FakeApi) -> None:
    def told(key: Key, _old: Object | None, _new: Object | None) -> None:
        if key.name == "evil":
            raise RecursionError

    known: KnownObjects[Object] = KnownObjects(told, WHOLE)
    path = CONFIG_MAPS.path("build")
    server.lists[path] = [item("evil"), item("good")]
    async with followed(server, CONFIG_MAPS, known):
        await eventually(lambda: known.get(Key("build", "good")) is not None, "the list is taken")
        server.tell(path, "MODIFIED", item("evil", 11))
        server.tell(path, "DELETED", item("evil", 12))
        server.tell(path, "MODIFIED", item("good", 13, data={"a": "b"}))
        await eventually(lambda: (known.get(Key("build", "good")) or {}).get("data") == {"a": "b"}, "the watch goes on")
        assert known.get(Key("build", "evil")) is None


class followed:  # noqa: N801 - used as a verb
    """A reflector that runs while this is entered."""

    def __init__(
        self, server: FakeApi, resource: Resource, known: KnownObjects[PodView] | KnownObjects[Object]
    ) -> None:
        self._server, self._resource, self._known = server, resource, known

    async def __aenter__(self) -> None:
        reflector = Reflector(await self._server.client(), self._resource, "build", {}, self._known)
        self._task = asyncio.create_task(reflector.run())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
