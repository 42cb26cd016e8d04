"""Fleets of this machine, which `goproxy-operator local` runs."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from goproxy_operator.api.goproxy import API_VERSION, KIND, InvalidGoProxyError, parse_goproxy
from goproxy_operator.client.failure import ClientError
from goproxy_operator.kube.resources import Object
from goproxy_operator.reach.cluster import only, usable
from goproxy_operator.reach.fleet import ANSWER_BYTES, ASK_SECONDS, Fleet, GoneError, ReachError, reports
from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.facts import StatusFacts
from goproxy_operator.reconcile.status.status import compute_status
from goproxy_operator.running_fleets import RunningFleet, RunningReplica, StateFileError, read_state, running_fleets
from modproxy.contract.report import Report


@asynccontextmanager
async def this_machine(data_dir: Path | None) -> AsyncIterator["Machine"]:
    """Give the fleets of this machine: the one of a data folder, or those of the default folders."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    ) as session:
        yield Machine(session, data_dir)


class Machine:
    """This machine, as its user sees it."""

    is_local = True
    server = "this machine"
    namespace: str | None = ""

    def __init__(self, session: aiohttp.ClientSession, data_dir: Path | None) -> None:
        self._session = session
        self._data_dir = data_dir

    async def fleets(self) -> list[Object]:
        """Return the objects of the fleets that run, each with a status. Raises `ClientError`."""
        return [(await self._fleet(running)).item for running in self._running()]

    async def fleet(self, name: str | None) -> Fleet:
        """Return a fleet; without a name the only one that runs. Raises `ClientError`."""
        there = {running.name: running for running in self._running() if name in (None, running.name)}
        if not there:
            where = f"the data folder {self._data_dir}" if self._data_dir else "the default data folder"
            raise ClientError(
                f"no fleet{f' {name}' if name else ''} runs on this machine in {where}: start one with "
                "`goproxy-operator local -f FILE`, or name its --data-dir with --local DATA_DIR"
            )
        item = only([{"metadata": {"name": one}} for one in there], "this machine")
        return await self._fleet(there[item["metadata"]["name"]])

    def _running(self) -> list[RunningFleet]:
        if self._data_dir is None:
            return running_fleets()
        try:
            found = read_state(self._data_dir)
        except StateFileError as e:
            raise ClientError(str(e)) from None
        return [] if found is None else [found]

    async def _fleet(self, running: RunningFleet) -> Fleet:
        item: Object = {"apiVersion": API_VERSION, "kind": KIND, **running.item}
        replicas = tuple(ProcessReplica(self._session, replica) for replica in running.replicas)
        fleet = Fleet(item, replicas, running.url, True)
        told = await reports(fleet)
        item["status"] = local_status(running, {name: one for name, one in told.items() if isinstance(one, Report)})
        return fleet


def local_status(running: RunningFleet, told: dict[str, Report]) -> Object:
    """Return the status that the fleet would have in a cluster, made by the same code. Raises `ClientError`."""
    try:
        goproxy = parse_goproxy({"apiVersion": API_VERSION, "kind": KIND, **running.item})
    except InvalidGoProxyError as e:
        raise ClientError(f"the state of the local fleet {running.name} cannot be read: {e}; start it anew") from None
    facts = [
        ReplicaFacts(one.name, (report := told.get(one.name)) is not None and report.ready, report)
        for one in running.replicas
    ]
    # No controller of Kubernetes counts the processes, so they are counted here.
    ready = sum(one.ready for one in facts)
    counts = {"replicas": len(facts), "readyReplicas": ready, "updatedReplicas": len(facts)}
    stateful_set: Object = {
        "metadata": {"name": running.name, "generation": 1},
        "spec": {"replicas": len(facts)},
        "status": {"observedGeneration": 1, **counts},
    }
    hashes = {one.config for one in running.replicas}
    # Each process has ports of its own in its config, so the hash is compared for each, and one stands for all.
    known = {one.name: one.config for one in running.replicas}
    same = [
        fact
        if fact.report is None or fact.report.config.hash != known[fact.name]
        else ReplicaFacts(fact.name, fact.ready, _with_hash(fact.report, "in-force"))
        for fact in facts
    ]
    made = compute_status(
        StatusFacts(goproxy, stateful_set, None, same, "in-force" if hashes else "", now=time.time()),
        {},
        datetime.now(UTC),
    )
    for one in made.get("replicaStatus", ()):
        if "config" in one and one["name"] in told:
            one["config"] = told[one["name"]].config.hash
    # What only a cluster has is left out. Nobody has watched the conditions since they changed.
    kept = {key: value for key, value in made.items() if key not in ("selector", "observedGeneration")}
    for condition in kept.get("conditions", ()):
        condition.pop("lastTransitionTime", None)
        condition.pop("observedGeneration", None)
    return {**kept, "endpoint": running.url}


def _with_hash(report: Report, known: str) -> Report:
    return report.model_copy(update={"config": report.config.model_copy(update={"hash": known})})


@dataclass(frozen=True, slots=True)
class ProcessReplica:
    """A process of this machine."""

    session: aiohttp.ClientSession
    replica: RunningReplica

    @property
    def name(self) -> str:
        """The name that the runner gave it."""
        return self.replica.name

    async def get(self, path: str, *, largest: int = ANSWER_BYTES, seconds: float = ASK_SECONDS) -> bytes:
        """Return what the admin listener answers at a path. Raises `ReachError`."""
        url = f"http://127.0.0.1:{self.replica.admin_port}{path}"
        try:
            async with (
                asyncio.timeout(seconds),
                self.session.get(url, allow_redirects=False, headers={"Accept-Encoding": "identity"}) as response,
            ):
                body = bytearray()
                async for piece in response.content.iter_any():
                    body += piece
                    if len(body) > largest:
                        raise ReachError(f"replica {self.name}: the answer has more than {largest} bytes")
                return usable(self.name, path, response.status, bytes(body))
        except TimeoutError:
            raise ReachError(f"replica {self.name} gives no answer within {seconds:g} s") from None
        except aiohttp.ClientConnectorError as e:
            why = os.strerror(e.os_error.errno) if e.os_error.errno else "no connection"
            raise GoneError(
                f"replica {self.name} does not run ({why}): see what `goproxy-operator local` tells of it"
            ) from None
        except aiohttp.ClientError as e:
            raise ReachError(f"replica {self.name}: {type(e).__name__}: its answer broke off") from None
