"""What the platform team says of tenants: the classes, and the labels of namespaces by which they choose.

Reflectors follow both, and not kopf. No fleet may be looked at before both are listed; otherwise a tenant would slip
through at the start. And a class may be gone after an outage, which kopf does not tell.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus

from goproxy_operator.api.goproxyclass import CLASS_KIND, FleetClass, parse_class
from goproxy_operator.isolation import supervised
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, UnreachableError
from goproxy_operator.kube.resources import GOPROXY_CLASSES, NAMESPACES, Key, Object
from goproxy_operator.observed.known_objects import KnownObjects, NotKnownYetError
from goproxy_operator.observed.packed import NAMESPACE, WHOLE
from goproxy_operator.observed.reflector import Reflector
from goproxy_operator.observed.views import NamespaceView

_log = logging.getLogger(__name__)
_POLL = 10.0
"""Seconds between two looks whether classes are defined: an older installation does not define them."""
_RETRY = 2.0  # seconds


class ClassesError(Exception):
    """The operator may not read what limits tenants, and must not work then. The message says what to do."""


class ObservedClasses:
    """Knows the classes and the labels of namespaces, where classes are `enforced`.

    `on_classes` is told that a class changed, `on_namespace` the namespace whose labels did.
    """

    def __init__(
        self,
        client: ApiClient,
        on_classes: Callable[[], None],
        on_namespace: Callable[[str], None],
        *,
        enforced: bool = True,
    ) -> None:
        self._client = client
        self._enforced = enforced
        self._on_classes = on_classes
        self._on_namespace = on_namespace
        self._parsed: dict[str, FleetClass] = {}
        self._listed = asyncio.Event()
        self._namespaces = KnownObjects(self._namespace_changed, NAMESPACE)
        self._objects = KnownObjects(self._class_changed, WHOLE)
        self._reflectors = (
            Reflector(client, GOPROXY_CLASSES, None, {}, self._objects),
            Reflector(client, NAMESPACES, None, {}, self._namespaces),
        )

    async def follow(self, tasks: asyncio.TaskGroup) -> None:
        """Follow from now on, and return when all classes and namespaces are known."""
        if self._enforced:
            tasks.create_task(supervised("watch of classes", self._run, fatal=(ClassesError,)))
            await self._listed.wait()

    async def _run(self) -> None:
        while not await self._defined():
            self._listed.set()  # without the definition there are no classes
            await asyncio.sleep(_POLL)
        async with asyncio.TaskGroup() as tasks:
            for reflector in self._reflectors:
                tasks.create_task(supervised("watch of classes and namespaces", reflector.run))
            for reflector in self._reflectors:
                await reflector.synced.wait()
            self._listed.set()

    async def check(self) -> None:
        """Return once it is known that all can be read. Raises `ClassesError` where the right to do so is missing."""
        if self._enforced:
            await self._defined()

    @property
    def classes(self) -> Mapping[str, FleetClass] | None:
        """All classes, by name; None where classes do not count."""
        return self._parsed if self._enforced else None

    def objects(self) -> list[Object]:
        """Return all classes as the API server has them, with their status."""
        found = (self._objects.get(key) for key in sorted(self._objects.keys()))
        return [item for item in found if item is not None]

    def labels(self, namespace: str) -> Mapping[str, str]:
        """Return the labels of a namespace. Raises `NotKnownYetError` for one that is not known yet."""
        if not self._parsed:
            return {}
        found = self._namespaces.get(Key("", namespace))
        if found is None:
            raise NotKnownYetError(f"namespace {namespace} is not known yet")
        return found.labels

    def known_labels(self, namespace: str) -> Mapping[str, str] | None:
        """Return the labels of a namespace; None where the operator does not read namespaces, or not this one yet."""
        found = self._namespaces.get(Key("", namespace))
        return None if found is None else found.labels

    def ending(self, namespace: str) -> bool:
        """Say whether a namespace is known to be on its way out. Where classes do not count, nothing is known of it."""
        found = self._namespaces.get(Key("", namespace))
        return found is not None and found.ending

    async def _defined(self) -> bool:
        """Say whether there can be classes, and make sure that they and namespaces may be listed."""
        while True:
            try:
                if not await self._client.serves(GOPROXY_CLASSES):
                    return False
                for resource in (GOPROXY_CLASSES, NAMESPACES):
                    await self._client.list_page(resource, None, {"limit": "1"})
            except ApiError as e:
                if e.status == HTTPStatus.FORBIDDEN:
                    raise ClassesError(
                        f"{e.message}: without it no limit of a GoProxyClass can be kept. Bind ClusterRole "
                        "goproxy-operator-classes to the operator's account (deploy/rbac.yaml), or start the operator "
                        "with --ignore-classes"
                    ) from e
                _log.warning("asking for GoProxyClasses: %s", e)
            except UnreachableError as e:
                _log.warning("asking for GoProxyClasses: %s", e)
            else:
                return True
            await asyncio.sleep(_RETRY)

    def _class_changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        if new is None:
            self._parsed.pop(key.name, None)
        elif old is not None and _generation(old) == _generation(new):
            return
        else:
            self._parsed[key.name] = _parsed(key.name, new)
        self._on_classes()

    def _namespace_changed(self, key: Key, old: NamespaceView | None, new: NamespaceView | None) -> None:
        if new is not None and old != new:
            self._on_namespace(key.name)


def _parsed(name: str, item: Object) -> FleetClass:
    """Read a class. One that nobody can read is there all the same: without it, fleets would be of no class."""
    try:
        return parse_class(item)
    except Exception as e:
        _log.exception("%s %s: a fault of the operator", CLASS_KIND, name)
        return FleetClass(name, selector=None, problem=f"it cannot be read, by a fault of the operator: {e!r}")


def _generation(item: Object) -> tuple[str, int]:
    return item["metadata"]["uid"], item["metadata"].get("generation", 0)
