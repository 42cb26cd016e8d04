"""Which fleet is meant, and what its replicas say of themselves and of the places that they ask."""

import argparse
import contextlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import ValidationError

from goproxy_operator.client.arguments import FleetUrl, fleet_url
from goproxy_operator.client.failure import ClientError, UsageError
from goproxy_operator.doctor.asked import LATEST, Asked
from goproxy_operator.doctor.replicas import judge_probes, judge_replicas
from goproxy_operator.go_env.finding import Finding, Weight
from goproxy_operator.go_env.settings import GoEnv
from goproxy_operator.reach.arguments import Where, where_of
from goproxy_operator.reach.fleet import Fleet, ask_all, first_missing_right, reports
from goproxy_operator.reach.place import reach
from goproxy_operator.reach.told_to_clients import exposed_url
from modproxy.contract.probe import PROBE_BYTES, Probe
from modproxy.mod.chain import ChainError, EntryKind, parse_chain

_MOST_PROBED = 4
"""Replicas whose places are asked: all have the same config, and each asks all of them."""
_PROBE_SECONDS = 20.0
"""A replica waits 15 s at most for its places."""


@dataclass(slots=True)
class Meant:
    """Which fleet is meant."""

    url: FleetUrl | None
    item: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    probes: dict[str, Probe] = field(default_factory=dict)
    """How the places that a replica asks answer it, by the replica's name."""
    is_inside: bool = False
    """Whether its URL is the name of a Service, which resolves in its cluster only."""


async def meant_fleet(arguments: argparse.Namespace, env: GoEnv) -> Meant:
    """Return the fleet that the arguments or GOPROXY name. Raises `ClientError`."""
    where = where_of(arguments)
    if isinstance(arguments.of, FleetUrl):
        if where.local or where.names_cluster:
            raise UsageError("--of URL needs no place: leave --local and kubectl's arguments away")
        return Meant(arguments.of)
    if arguments.of is not None or where.local or where.names_cluster:
        return await _by_reach(where, arguments.of)
    try:
        chain = parse_chain(env.value("GOPROXY"))
    except ChainError:
        chain = ()
    first = next((one for one in chain if one.kind is EntryKind.PROXY and not one.url.startswith("file:")), None)
    if first is None:
        remedy = "name it: --of URL; then `goproxy-operator env --of URL` prints what to set"
        return Meant(None, findings=[Finding("no-fleet", Weight.WRONG, "GOPROXY names no proxy at all", remedy)])
    return Meant(FleetUrl(first.url, first.login))


async def _by_reach(where: Where, name: str | None) -> Meant:
    async with reach(where) as place:
        fleet: Fleet = await place.fleet(name)
    url = (None if fleet.is_local else exposed_url(fleet.item)) or fleet.url
    if url is None:
        remedy = "see `goproxy-operator status`"
        found = Finding("no-endpoint", Weight.WRONG, f"the status of {fleet.name} has no endpoint", remedy)
        return Meant(None, fleet.item, [found])
    try:
        return Meant(fleet_url(url), fleet.item, is_inside=not fleet.is_local and _is_inside(url))
    except argparse.ArgumentTypeError as e:
        raise ClientError(f"the endpoint of {fleet.name}: {e}") from None


async def ask_replicas(arguments: argparse.Namespace, asked: Asked, probes: dict[str, Probe]) -> list[Finding]:
    """Ask the replicas, after the request: then they know of the servers that failed for it.

    `probes` gets how the places that they ask answer them just now.
    """
    async with reach(where_of(arguments), quiet=True) as place:
        fleet: Fleet = await place.fleet(arguments.of)
        seen = await reports(fleet)
        query = {"module": asked.module, "version": asked.version if asked.version != LATEST else ""}
        path = f"/-/probe?{urlencode({name: value for name, value in query.items() if value})}".rstrip("?")
        answers = await ask_all(fleet.replicas[:_MOST_PROBED], path, largest=PROBE_BYTES, seconds=_PROBE_SECONDS)
    for replica, answer in answers.items():
        with contextlib.suppress(ValidationError):  # a replica of an older version has no such answer
            if isinstance(answer, bytes):
                probes[replica] = Probe.model_validate_json(answer)
    unseen = fleet.unseen or first_missing_right(seen)
    if unseen is not None:
        return [Finding("replicas-unseen", Weight.WORTH_A_LOOK, f"the replicas cannot be asked: {unseen}")]
    if not fleet.replicas:
        return [Finding("no-replica", Weight.WRONG, f"{fleet.name} has no replica", "see `goproxy-operator status`")]
    return [*judge_replicas(seen), *judge_probes(probes, seen, arguments.slow)]


def _is_inside(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host.endswith(".svc") or ".svc." in host


def cluster_only(meant: Meant) -> Finding:
    """Say that the way of a client could not be walked from here, which is no fault."""
    return Finding(
        "cluster-only",
        Weight.WORTH_A_LOOK,
        f"{meant.url.url if meant.url else 'the fleet'} is reached from its cluster only: the way of a client was not "
        "walked, and only the replicas were asked",
        "run `goproxy-operator doctor` in a pod for the client's half, or expose the fleet (spec.expose)",
    )
