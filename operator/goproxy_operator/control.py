"""What runs while the Lease is held: the mirror, the watch, the workers, the scrapes and the sweep, wired together."""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import aiohttp

from goproxy_operator.election.lease import Lease
from goproxy_operator.isolation import supervised
from goproxy_operator.kube.access import Access
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, UnreachableError
from goproxy_operator.kube.kopf_alone import kopf
from goproxy_operator.kube.pace import Pace, paced_session
from goproxy_operator.kube.resources import GOPROXIES, Key, Object, key_of, version_of
from goproxy_operator.metrics import LEADING, OBJECTS, QUEUE_AGE, QUEUE_DEPTH, ROLLOUTS
from goproxy_operator.metrics_api.registration import Registrar
from goproxy_operator.observed.classes import ObservedClasses
from goproxy_operator.observed.cluster_issuer import ObservedIssuer
from goproxy_operator.observed.discovery import Discovery
from goproxy_operator.observed.known_objects import KnownObjects, OnChange
from goproxy_operator.observed.kopf_watch import KopfLogin, Watch
from goproxy_operator.observed.mirror import Mirror
from goproxy_operator.observed.named_config_maps import NamedConfigMaps
from goproxy_operator.observed.packed import WHOLE
from goproxy_operator.observed.reflector import list_into
from goproxy_operator.observed.reports import Reports
from goproxy_operator.observed.scrape import Scraper
from goproxy_operator.reconcile.actions import Actions
from goproxy_operator.reconcile.decide.rollouts import Rollouts
from goproxy_operator.reconcile.families import Families
from goproxy_operator.reconcile.generations import Generations
from goproxy_operator.reconcile.observe import Observed
from goproxy_operator.reconcile.reconciler import FleetReconciler
from goproxy_operator.reconcile.status.tally import Tally
from goproxy_operator.reconcile.status.writer import StatusWriter
from goproxy_operator.reconcile.verdicts import Verdicts
from goproxy_operator.reconcile.work.class_statuses import ClassStatuses
from goproxy_operator.reconcile.work.loop import run_workers
from goproxy_operator.reconcile.work.queue import Queue
from goproxy_operator.reconcile.work.scraping import Scraping
from goproxy_operator.settings import Settings

if TYPE_CHECKING:
    # Certificates cost eight MiB, which an operator without metrics of its own need not have.
    from goproxy_operator.metrics_api.trust import Trust

_log = logging.getLogger(__name__)
_SWEEP_RETRY = 5.0  # seconds
_SETTLE = 0.25
"""Seconds: changes of children come in swarms, such as a StatefulSet's status with each pod; one look is enough."""


async def control(
    access: Access,
    client: ApiClient,
    lease: Lease,
    settings: Settings,
    registration: tuple["Trust", Key] | None = None,
) -> None:
    """Look after all objects until cancelled. Nothing is known at the start; all comes from the API server.

    `registration` is given where this operator serves external metrics: whom they trust, and their Service.
    """
    clock = asyncio.get_running_loop().time
    queue: Queue[Key] = Queue(clock)
    generations, verdicts = Generations(), Verdicts()
    families = Families(lambda fleet: queue.add(fleet, _SETTLE))
    goproxies = KnownObjects(_on_change(queue, Tally(), generations, families), WHOLE)
    look_at_all = partial(_look_at_all, queue, goproxies)
    rollouts = Rollouts(settings.rollouts, goproxies.keys, queue.add)
    reports = Reports(settings.grow_after)
    config_maps = NamedConfigMaps(client, queue.add)
    scraper = Scraper()
    LEADING.set_function(lambda: lease.remaining() > 0)
    _publish(goproxies, queue, rollouts)

    def on_served() -> None:
        mirror.follow(discovery.served)
        look_at_all()

    try:
        classes = await _classes(client, settings, look_at_all, verdicts, families)
        async with asyncio.TaskGroup() as tasks:
            mirror = Mirror(client, settings.namespaces, lambda fleet: queue.add(fleet, _SETTLE), tasks)
            discovery = Discovery(client, settings.discovery_interval, on_served)
            issuer = ObservedIssuer(client, settings.discovery_interval, look_at_all)
            registrar = Registrar(client, registration, look_at_all)
            observed = Observed(
                client,
                goproxies,
                mirror,
                config_maps,
                reports,
                discovery,
                classes,
                generations,
                verdicts,
                families,
                lambda: registrar.current,
                issuer.get,
            )
            reconciler = FleetReconciler(
                observed,
                Actions(client, mirror),
                StatusWriter(client, goproxies, identity=settings.identity, clock=clock, docs=settings.docs),
                rollouts,
                settings,
            )
            watch = Watch(_login(access), partial(_is_defined, client), settings.namespaces, partial(_take, goproxies))
            tasks.create_task(supervised("watch of the GoProxy objects", watch.run))
            mirror.follow(())
            await discovery.wait()
            # Wait for the first look; otherwise fleets would move to another provider and back.
            await registrar.start(tasks)
            # A child that is there would seem to be missing before all children are known.
            await mirror.wait_synced()
            # Otherwise new fleets would get a config without the keys, and a moment later one with them.
            await issuer.look()
            # No fleet may be looked at before it is known what limits it.
            await classes.follow(tasks)
            _log.info("children and pods are listed; reconciling")
            tasks.create_task(supervised("discovery", discovery.run))
            tasks.create_task(supervised("issuer of service accounts' tokens", issuer.run))
            tasks.create_task(run_workers(queue, reconciler.reconcile, lease.certain))
            statuses = ClassStatuses(client, classes, verdicts, goproxies.keys)
            tasks.create_task(supervised("status of classes", statuses.run))
            tasks.create_task(supervised("sweep", partial(_sweep, client, settings, goproxies, queue, families)))
            scraping = Scraping(
                scraper, mirror, reports, interval=settings.scrape_interval, fleets=goproxies.keys, moved=queue.add
            )
            tasks.create_task(supervised("scraping", scraping.run))
    finally:
        LEADING.set_function(lambda: 0)
        await config_maps.close()
        await scraper.close()


def _on_change(queue: Queue[Key], tally: Tally, generations: Generations, families: Families) -> OnChange[Object]:
    """Return what is told of each change of an object."""

    def on_change(key: Key, old: Object | None, new: Object | None) -> None:
        tally.note(key, new)
        generations.changed(key, old, new)
        families.changed(key)
        if _matters(old, new):
            queue.add(key)

    return on_change


def _take(goproxies: KnownObjects[Object], item: Object, gone: bool) -> None:
    if gone:
        goproxies.drop(key_of(item), version_of(item))
    else:
        goproxies.put(item)


def _login(access: Access) -> KopfLogin:
    pace = Pace(time.monotonic)

    async def login() -> kopf.AiohttpSession:
        return paced_session(await access.connection(), pace)

    return login


async def _classes(
    client: ApiClient, settings: Settings, look_at: Callable[..., None], verdicts: Verdicts, families: Families
) -> ObservedClasses:
    """Return the classes, once it is known that they can be read.

    A change of any class may concern any fleet, so each fleet is looked at; that writes nothing where nothing changes.
    """

    def on_classes() -> None:
        families.all_changed()
        look_at()
        verdicts.move()

    def on_namespace(name: str) -> None:
        families.all_changed(name)
        look_at(name)

    classes = ObservedClasses(client, on_classes, on_namespace, enforced=not settings.ignore_classes)
    await classes.check()
    return classes


def _publish(goproxies: KnownObjects[Object], queue: Queue[Key], rollouts: Rollouts) -> None:
    """Let `/metrics` show what is in memory."""
    OBJECTS.set_function(lambda: len(goproxies.keys()))
    QUEUE_DEPTH.set_function(lambda: len(queue))
    QUEUE_AGE.set_function(queue.age)
    ROLLOUTS.labels("rolling").set_function(lambda: rollouts.rolling)
    ROLLOUTS.labels("waiting").set_function(lambda: rollouts.waiting)


async def _sweep(
    client: ApiClient, settings: Settings, goproxies: KnownObjects[Object], queue: Queue[Key], families: Families
) -> None:
    """Every so often list the objects, forget what is gone, and look at each: whatever was missed is made good."""
    while True:
        try:
            for namespace in settings.namespaces if settings.namespaces is not None else (None,):
                await list_into(client, GOPROXIES, namespace, {}, goproxies)
            families.listed()
            _look_at_all(queue, goproxies)
            pause = settings.resync
        except (ApiError, UnreachableError, aiohttp.ClientError, OSError, TimeoutError) as e:
            _log.warning("listing the GoProxy objects: %s", e or type(e).__name__)
            pause = _SWEEP_RETRY
            if isinstance(e, ApiError) and not e.is_temporary:
                families.listed()  # what may not be listed has no fleet that this operator knows
        await asyncio.sleep(pause)


async def _is_defined(client: ApiClient) -> bool:
    try:
        return await client.serves(GOPROXIES)
    except (ApiError, UnreachableError) as e:
        _log.warning("asking whether GoProxy is defined: %s", e)
        return False


def _look_at_all(queue: Queue[Key], goproxies: KnownObjects[Object], namespace: str | None = None) -> None:
    """Queue all objects of a namespace (None: of all)."""
    for key in list(goproxies.keys()):
        if namespace in (None, key.namespace):
            queue.add(key)


def _matters(old: Object | None, new: Object | None) -> bool:
    """Say whether a change of an object is one that is acted on; labels and annotations are the user's."""
    if old is None or new is None:
        return True
    if old["metadata"].get("uid") != new["metadata"].get("uid"):
        return True
    return any(
        old["metadata"].get(key) != new["metadata"].get(key) for key in ("generation", "deletionTimestamp")
    ) or old.get("status") != new.get("status")
