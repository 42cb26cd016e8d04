"""The kopf handlers, which tell what changed of the `GoProxy` objects, and do nothing else.

kopf has a thread and an event loop of its own, because at its end it cancels every task of its loop, and takes over the
process's signals where it runs in the main thread. kopf writes nothing: no handler of ours needs a finalizer, an
annotation, a peering or an Event. kopf loses deletions across a relist; the sweep makes up for that.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import uvloop

from goproxy_operator.api.goproxy import GROUP, PLURAL, VERSION
from goproxy_operator.heartbeat import HEARTBEATS
from goproxy_operator.isolation import isolated
from goproxy_operator.kube.kopf_alone import kopf
from goproxy_operator.kube.resources import Object, key_of

_log = logging.getLogger(__name__)
_NAME = "kopf's loop"
_BEAT = 10.0  # seconds
_PAUSE = 2.0  # seconds before kopf is started anew, when it ended by itself

OnObject = Callable[[Object, bool], None]
"""Told an object, and whether it is gone."""
Served = Callable[[], Awaitable[bool]]
KopfLogin = Callable[[], Awaitable[kopf.AiohttpSession]]
"""Called in kopf's loop."""


def quiet_kopf() -> None:
    """Keep kopf's one line an event out of the log."""
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    logging.getLogger("kopf").setLevel(logging.WARNING)
    # kopf warns that it takes no signals, which is right; and it tells at length why it ends, which we say in a line.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.CRITICAL)
    logging.getLogger("kopf._core.reactor.orchestration").setLevel(logging.CRITICAL)


class Watch:
    """Tells of every change of a `GoProxy` object, in the loop in which it was made.

    It watches `namespaces` (None: all); `served` says whether the definition of the objects is there.
    """

    def __init__(self, login: KopfLogin, served: Served, namespaces: Sequence[str] | None, on_object: OnObject) -> None:
        self._login = login
        self._served = served
        self._namespaces = namespaces
        self._on_object = on_object
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Watch until cancelled.

        kopf ends when the definition of its objects is deleted, and would miss a definition that is not there at the
        start; so it is started, anew each time, once the definition is there.
        """
        while True:
            while not await self._served():
                HEARTBEATS.beat(_NAME)
                _log.info("GoProxy is not served: waiting until its definition is applied")
                await asyncio.sleep(_PAUSE)
            meant_to_run, stop = threading.Event(), threading.Event()
            ended = asyncio.Event()
            meant_to_run.set()
            thread = threading.Thread(target=self._thread, args=(meant_to_run, stop, ended), name="kopf", daemon=True)
            thread.start()
            try:
                await ended.wait()
            finally:
                meant_to_run.clear()
                stop.set()
            await asyncio.sleep(_PAUSE)

    def _thread(self, meant_to_run: threading.Event, stop: threading.Event, ended: asyncio.Event) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._operator(stop))
        except Exception as e:  # kopf's own; whatever it is, a new start is all that can be done
            if meant_to_run.is_set():
                _log.warning("kopf ended (%s: %s); starting it anew in %.0f s", type(e).__name__, e, _PAUSE)
        finally:
            HEARTBEATS.end(_NAME)
            self._tell(ended.set)

    async def _operator(self, stop: threading.Event) -> None:
        beating = asyncio.create_task(_beat())
        try:
            await kopf.operator(
                registry=self._registry(),
                settings=_settings(),
                standalone=True,
                clusterwide=self._namespaces is None,
                namespaces=self._namespaces or (),
                stop_flag=stop,
            )
        finally:
            beating.cancel()
            # Another thread of kopf's waits for this, and the end of the loop waits for that thread.
            stop.set()

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        async def login(**_: Any) -> kopf.AiohttpSession:
            return await self._login()

        @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
        async def event(event: kopf.RawEvent, **_: Any) -> None:
            item: Object = dict(event["object"])
            self._tell(self._take, item, event["type"] == "DELETED")

        return registry

    def _take(self, item: Object, gone: bool) -> None:
        with isolated(f"GoProxy {'/'.join(key_of(item))}"):
            self._on_object(item, gone)

    def _tell(self, callback: Callable[..., None], *arguments: Any) -> None:
        """Call in the loop in which this watch was made, if that still runs."""
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:
            _log.debug("the loop has ended")


async def _beat() -> None:
    """Show that the loop of kopf's thread turns."""
    while True:
        HEARTBEATS.beat(_NAME)
        await asyncio.sleep(_BEAT)


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    # The definition is there when kopf starts; and a scan may miss a definition that comes back at once.
    settings.scanning.disabled = True
    settings.watching.chunk_size = 100  # a page is in memory whole
    settings.watching.reconnect_backoff = _PAUSE
    settings.networking.connect_timeout = 10.0
    settings.networking.request_timeout = 30.0
    settings.process.ultimate_exiting_timeout = None
    return settings
