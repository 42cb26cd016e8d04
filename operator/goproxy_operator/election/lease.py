"""One active operator: a Lease, held while the work runs.

Source of the protocol: client-go's leaderelection. Each call is bounded, renewing races the work, and the Lease is
released at the end. All clocks are this process's own: clocks of machines differ.

Two never write at the same time, for this reason. Let B be when the leader *began* its last renewal that succeeded. A
process that waits sees that renewal at B or later, and takes the Lease no sooner than B + DURATION. The leader writes
only until B + DEADLINE: the fence (`election.fence`) reads `remaining` before each write, by a clock that goes on while
the process or its machine is frozen, and cuts off calls that are on their way then. Nothing depends on how soon the
work is cancelled, so DEADLINE may be near DURATION: the time between them is for calls that the API server has taken
and not carried out yet. No client can vouch for a call that takes the API server longer; all of ours may be repeated.

The work goes on after a gap, for this reason. Each renewal replaces the very version that the last one made. If that
succeeds after B + DEADLINE, however late, nobody has held the Lease in between, nobody else has written, and what is in
memory is as good as after any other outage: work that stood still goes on. The work ends only when another has had the
Lease. So an overloaded machine or a restart of the API server costs no new listing of everything, just when that hurts.

The times are chosen so that a take-over after a kill has 15 s: DURATION is 12 of them, and the rest is for the start of
the successor. A renewal is one call, with no read before it, so that it is in time though an API server takes seconds
for each answer.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import aiohttp

from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, ConflictError, NotFoundError, UnreachableError
from goproxy_operator.kube.resources import LEASES, Object
from goproxy_operator.kube.watch_events import GarbledError
from goproxy_operator.timestamps import format_micro_time

_log = logging.getLogger(__name__)
_FAILURES = (ApiError, UnreachableError, GarbledError, aiohttp.ClientError, OSError, TimeoutError)


class LeaseLostError(Exception):
    """Another has, or had, the Lease since we renewed it last."""


class Lease:
    """Lets one process at a time do the work, by a Lease object in `namespace`. All times are in seconds.

    `identity` names this process.
    """

    DURATION = 12.0
    """How long others wait for a holder that renews no more."""
    DEADLINE = 10.0
    """How long a holder that cannot renew goes on writing."""
    PAUSE = 2.0
    """How long to wait between a renewal and the next."""
    RETRY = 0.5
    CALL = 5.0
    """How long one renewal may take: there is time for another on a new connection, should this one be dead."""
    STOP = 10.0
    """How long the work may take to stop; it cannot write meanwhile."""

    def __init__(self, client: ApiClient, namespace: str, name: str, identity: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._seen: tuple[object, float] = (None, 0.0)
        self._ours: Object = {}
        self._until = 0.0
        self._renewed = asyncio.Event()

    def remaining(self) -> float:
        """Return for how many seconds from now nobody else can lead; 0 or less where that is not certain."""
        return self._until - _now()

    async def certain(self) -> None:
        """Wait until it is certain that the Lease is ours."""
        while self.remaining() <= 0:
            self._renewed.clear()
            await self._renewed.wait()

    async def hold(self, work: Callable[[], Awaitable[None]]) -> None:
        """Wait for the Lease, then run `work` while it is held. Ends when the work does, or with `LeaseLostError`."""
        _log.info("waiting for the Lease %s/%s as %s", self._namespace, self._name, self._identity)
        while not await self._try(self._take):
            await self._wait_for_turn()
        _log.info("leading: holding the Lease %s/%s", self._namespace, self._name)
        working = asyncio.ensure_future(work())
        renewing = asyncio.ensure_future(self._renew())
        try:
            done, _ = await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except LeaseLostError:
            self._until = 0.0
            raise
        finally:
            working.cancel()
            renewing.cancel()
            _, running = await asyncio.wait({working, renewing}, timeout=self.STOP)
            if running:
                raise RuntimeError("the work did not stop in time: only the end of this process makes sure that it has")
            if self._until:
                await self._release()

    async def _wait_for_turn(self) -> None:
        """Watch the Lease until its holder lets it go, or was silent for too long. A watch that fails is a pause."""
        begun = _now()
        query = {"fieldSelector": f"metadata.name={self._name}", "timeoutSeconds": "300"}
        try:
            async with asyncio.timeout(self.DURATION) as limit:
                async with self._client.watch(LEASES, self._namespace, query, self.DURATION) as events:
                    async for event in events:
                        spec = event["object"].get("spec", {})
                        if event["type"] in ("DELETED", "ERROR") or not spec.get("holderIdentity"):
                            return
                        left = self._seen_last(spec) + self._duration(spec) - _now()
                        limit.reschedule(asyncio.get_running_loop().time() + left)
        except _FAILURES as e:
            if limit.expired():
                return
            _log.warning("watching the Lease %s/%s: %s", self._namespace, self._name, e or type(e).__name__)
        await asyncio.sleep(max(begun + self.PAUSE - _now(), 0))

    async def _renew(self) -> None:
        """Renew for as long as nobody else has had the Lease, through every outage."""
        pause, told = self.PAUSE, False
        while True:
            await asyncio.sleep(pause)
            renewed = await self._try(self._extend)
            pause = self.PAUSE if renewed else self.RETRY
            if renewed and told:
                _log.info("the Lease %s/%s is renewed, nobody had it meanwhile: going on", self._namespace, self._name)
                told = False
            elif not told and self.remaining() <= 0:
                _log.warning("the Lease %s/%s cannot be renewed: standing still", self._namespace, self._name)
                told = True

    async def _try(self, call: Callable[[], Awaitable[bool]]) -> bool:
        """Say whether the Lease is ours after the call, which is bounded in time and may fail."""
        left = self.remaining()
        try:
            async with asyncio.timeout(min(self.CALL, left) if left > 0 else self.CALL):
                return await call()
        except ConflictError:
            return False
        except _FAILURES as e:
            _log.warning("the Lease %s/%s: %s", self._namespace, self._name, e or type(e).__name__)
            return False

    async def _take(self) -> bool:
        """Take the Lease if it is free, silent for too long, or ours from a call whose answer was lost."""
        lease = await self._client.get(LEASES, self._namespace, self._name)
        begun = _now()
        if lease is None:
            self._keep(await self._client.create(LEASES, self._document(None)), begun)
            return True
        spec = lease.get("spec", {})
        holder = spec.get("holderIdentity") or ""
        if holder not in ("", self._identity) and not self._expired(spec):
            return False
        self._keep(await self._client.replace(LEASES, self._document(lease)), begun)
        return True

    async def _extend(self) -> bool:
        """Replace the very version that is ours. Raises `LeaseLostError` where that is not the last one."""
        begun = _now()
        try:
            self._keep(await self._client.replace(LEASES, self._document(self._ours)), begun)
        except NotFoundError as e:
            raise LeaseLostError(f"the Lease {self._namespace}/{self._name} is gone") from e
        except ConflictError:
            lease = await self._client.get(LEASES, self._namespace, self._name)
            if lease is None or _term(lease) != _term(self._ours):
                raise LeaseLostError(f"another has taken the Lease {self._namespace}/{self._name}") from None
            # A call of ours made this version, and its answer was lost.
            self._ours = lease
            return False
        return True

    def _keep(self, lease: Object, begun: float) -> None:
        self._ours = lease
        self._until = begun + self.DEADLINE
        self._renewed.set()

    def _expired(self, spec: Object) -> bool:
        """Say whether the holder was silent for its duration, by our clock: since we saw it renew last."""
        return self._seen_last(spec) + self._duration(spec) <= _now()

    def _seen_last(self, spec: Object) -> float:
        """Return when we first saw this state of the Lease."""
        state = (spec.get("holderIdentity"), spec.get("renewTime"))
        if self._seen[0] != state:
            self._seen = (state, _now())
        return self._seen[1]

    def _duration(self, spec: Object) -> float:
        return float(spec.get("leaseDurationSeconds") or self.DURATION)

    def _document(self, lease: Object | None, holder: str | None = None) -> Object:
        now = format_micro_time(datetime.now(UTC))
        old = (lease or {}).get("spec", {})
        ours = old.get("holderIdentity") == self._identity
        spec = {
            "holderIdentity": self._identity if holder is None else holder,
            "leaseDurationSeconds": int(self.DURATION) if holder is None else 1,
            "acquireTime": old.get("acquireTime") if ours else now,
            "renewTime": now,
            "leaseTransitions": int(old.get("leaseTransitions") or 0) + (0 if ours or lease is None else 1),
        }
        metadata = lease["metadata"] if lease else {"name": self._name, "namespace": self._namespace}
        return {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}

    async def _release(self) -> None:
        """Let others lead at once; when that fails they wait for the Lease to expire."""
        try:
            async with asyncio.timeout(self.CALL):
                lease = await self._client.get(LEASES, self._namespace, self._name)
                if lease is not None and lease.get("spec", {}).get("holderIdentity") == self._identity:
                    await self._client.replace(LEASES, self._document(lease, holder=""))
                    _log.info("released the Lease %s/%s", self._namespace, self._name)
        except _FAILURES as e:
            _log.warning("the Lease %s/%s was not released: %s", self._namespace, self._name, e or type(e).__name__)


def _term(lease: Object) -> tuple[object, object]:
    """Return who holds the Lease, and which holder in a row that is."""
    spec = lease.get("spec", {})
    return spec.get("holderIdentity"), spec.get("leaseTransitions")


def _now() -> float:
    """Return seconds of a clock that goes on while this process, or its machine, stands still."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
