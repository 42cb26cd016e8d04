"""One active operator: a Lease, held while the work runs.

Each call is bounded, all clocks are the loop's own (clocks of machines differ), renewing races the work, and the Lease
is released at the end. Source of the protocol: client-go's leaderelection.
"""

import asyncio
import datetime
import json
import logging
from collections.abc import Awaitable, Callable

import aiohttp

from goproxy_operator.cluster.client import ApiError, Client, ConflictError, UnreachableError
from goproxy_operator.cluster.resources import LEASES, Object

_log = logging.getLogger(__name__)
_FAILURES = (ApiError, UnreachableError, aiohttp.ClientError, OSError, TimeoutError, ValueError)


class LeaseLostError(Exception):
    """The Lease could not be renewed in time: another may lead by now."""


class Lease:
    """A Lease object in `namespace`; `identity` names this process. All times in seconds."""

    DURATION = 12.0
    """How long others wait for a holder that renews no more."""
    DEADLINE = 8.0
    """How long a holder that cannot renew goes on; the rest of DURATION is for the work to stop in."""
    PAUSE = 2.0
    CALL = 3.0

    def __init__(self, client: Client, namespace: str, name: str, identity: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._seen: tuple[object, float] = (None, 0.0)

    async def hold(self, work: Callable[[], Awaitable[None]]) -> None:
        """Wait for the Lease, then run `work` while it is held. Ends when the work does, or with `LeaseLostError`."""
        _log.info("waiting for the Lease %s/%s as %s", self._namespace, self._name, self._identity)
        while not await self._try():
            await self._wait_for_turn()
        _log.info("leading: holding the Lease %s/%s", self._namespace, self._name)
        working = asyncio.ensure_future(work())
        renewing = asyncio.ensure_future(self._renew())
        lost = False
        try:
            done, _ = await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except LeaseLostError:
            lost = True
            raise
        finally:
            working.cancel()
            renewing.cancel()
            _, running = await asyncio.wait({working, renewing}, timeout=self.DURATION - self.DEADLINE - 1)
            if running:
                raise RuntimeError("the work did not stop in time: only the end of this process makes sure that it has")
            if not lost:
                await self._release()

    async def _wait_for_turn(self) -> None:
        """Watch the Lease until its holder lets it go, or was silent for too long. Without a word of it: a pause."""
        begun = asyncio.get_running_loop().time()
        query = {"fieldSelector": f"metadata.name={self._name}", "timeoutSeconds": "300"}
        try:
            async with asyncio.timeout(self.DURATION) as limit:
                async with self._client.watch(LEASES, self._namespace, query, self.DURATION) as lines:
                    while line := await lines.readline():
                        event = json.loads(line)
                        spec = event["object"].get("spec", {})
                        if event["type"] in ("DELETED", "ERROR") or not spec.get("holderIdentity"):
                            return
                        limit.reschedule(self._seen_last(spec) + self._duration(spec))
        except _FAILURES as e:
            if limit.expired():
                return
            _log.warning("watching the Lease %s/%s: %s", self._namespace, self._name, e or type(e).__name__)
        await asyncio.sleep(max(begun + self.PAUSE - asyncio.get_running_loop().time(), 0))

    async def _renew(self) -> None:
        clock = asyncio.get_running_loop().time
        renewed = clock()
        while clock() - renewed < self.DEADLINE:
            await asyncio.sleep(self.PAUSE)
            begun = clock()
            if await self._try():
                renewed = begun
        raise LeaseLostError(f"the Lease {self._namespace}/{self._name} could not be renewed for {self.DEADLINE:.0f} s")

    async def _try(self) -> bool:
        """Take or renew the Lease if that is right; say whether it is ours now."""
        try:
            async with asyncio.timeout(self.CALL):
                return await self._take()
        except ConflictError:
            return False
        except _FAILURES as e:
            _log.warning("the Lease %s/%s: %s", self._namespace, self._name, e or type(e).__name__)
            return False

    async def _take(self) -> bool:
        lease = await self._client.get(LEASES, self._namespace, self._name)
        if lease is None:
            await self._client.create(LEASES, self._document(None))
            return True
        spec = lease.get("spec", {})
        holder = spec.get("holderIdentity") or ""
        if holder not in ("", self._identity) and not self._expired(spec):
            return False
        await self._client.replace(LEASES, self._document(lease))
        return True

    def _expired(self, spec: Object) -> bool:
        """Say whether the holder was silent for its duration, by our clock: since we saw it renew last."""
        return self._seen_last(spec) + self._duration(spec) <= asyncio.get_running_loop().time()

    def _seen_last(self, spec: Object) -> float:
        """Return when we first saw this state of the Lease."""
        state = (spec.get("holderIdentity"), spec.get("renewTime"))
        if self._seen[0] != state:
            self._seen = (state, asyncio.get_running_loop().time())
        return self._seen[1]

    def _duration(self, spec: Object) -> float:
        return float(spec.get("leaseDurationSeconds") or self.DURATION)

    def _document(self, lease: Object | None, holder: str | None = None) -> Object:
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
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
