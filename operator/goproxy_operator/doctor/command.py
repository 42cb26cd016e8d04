"""`doctor [MODULE[@VERSION]]`: what is wrong on the way of a request, and what to do."""

import argparse
import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from goproxy_operator.client.arguments import FleetUrl, fleet_url
from goproxy_operator.client.failure import EXIT_DONE, EXIT_FAILED, EXIT_HELP, ClientError, UsageError, run_command
from goproxy_operator.client.spans import span_between
from goproxy_operator.completion.names import complete_names, completed_by, fleet_names
from goproxy_operator.doctor.asked import LATEST, Asked, question
from goproxy_operator.doctor.asking import Asking, Walk, walk
from goproxy_operator.doctor.examining import HOP_SECONDS, SLOW_SECONDS, Way
from goproxy_operator.doctor.replicas import judge_probes, judge_replicas
from goproxy_operator.doctor.view import Examined, doctor_view, document
from goproxy_operator.go_env.finding import Finding, Surroundings, Weight
from goproxy_operator.go_env.findings import findings
from goproxy_operator.go_env.machine import (
    local_go,
    login_shells,
    missing_programs,
    read_go_env,
    read_netrc,
    required_modules,
    wanted_go,
)
from goproxy_operator.go_env.settings import GoEnv
from goproxy_operator.go_env.toolchain import Local, Wanted, to_fetch
from goproxy_operator.output import Format, add_output, print_document, show
from goproxy_operator.reach.arguments import Where, add_reach_arguments, object_name, where_of
from goproxy_operator.reach.fleet import Fleet, ask_all, first_missing_right, reports
from goproxy_operator.reach.place import reach
from goproxy_operator.reach.told_to_clients import exposed_url, hosted_of, private_of
from modproxy.contract.probe import PROBE_BYTES, Probe
from modproxy.mod.chain import ChainError, EntryKind, parse_chain

_MOST_SECONDS = 120.0
_MOST_PROBED = 4
"""Replicas whose places are asked: all have the same config, and each asks all of them."""
_PROBE_SECONDS = 20.0
"""A replica waits 10 s for its places."""
_UNASKED = (
    "not asked: their view needs the admin port, which clients have not. Keepers of the fleet name it: --of NAME, or "
    "--local on its machine"
)
_HELP = """\
Walk the whole way of a request as the go command would, and say what is wrong and what to do about it: first the
settings of the go command (which of environment, `go env -w` file, go.env and default sets each of them, what hides
what, which names leak), then each server on the way, with the time of name, connection, TLS, first byte and whole
answer, then what the rules of the fleet say of the module, the checksum database, and go.sum of this folder.

The fleet is the first one of GOPROXY, or --of URL. With --of NAME or --local the replicas are asked too, by
port-forwards: which servers fail for them, what slows them down, what is wrong with their config.

For an https fleet the commands of GOAUTH are run, as every `go get` runs them, with a time-out; --no-goauth leaves
that out. The zip of a version is fetched to hash it, up to 64 MiB; --no-zip leaves that out.

examples:
  goproxy-operator doctor
      the settings, and whether the fleet of GOPROXY answers
  goproxy-operator doctor example.com/m@v1.2.3
      a request for this version, with its checksums
  kubectl goproxy doctor example.com/m@v1.2.3 --of team-a -n build --verbose
      from the replicas' point of view too, with all figures
  goproxy-operator doctor example.com/m -o json > ticket.json
      for a ticket: no secret is in it
"""


@dataclass(slots=True)
class _Meant:
    """Which fleet is meant."""

    url: FleetUrl | None
    item: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    probes: dict[str, Probe] = field(default_factory=dict)
    """How the places that a replica asks answer it, by the replica's name."""


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `doctor`. Returns the exit status."""
    command.description = _HELP
    command.epilog = f"{EXIT_HELP}; 1 where something is wrong"
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument(
        "module", nargs="?", type=question, default=Asked(), metavar="MODULE[@VERSION]", help="what go would ask for"
    )
    of = command.add_argument(
        "--of", type=_of, metavar="NAME|URL", help="a fleet of the cluster or of this machine, or a URL"
    )
    completed_by(of, fleet_names)
    command.add_argument("--token-file", type=Path, metavar="FILE", help="a bearer token for the fleet")
    command.add_argument("--ca-file", type=Path, metavar="FILE", help="trust the certificates of this PEM file too")
    command.add_argument(
        "--timeout",
        type=span_between(0.1, _MOST_SECONDS, "write a time up to 2m, such as 10s"),
        default=HOP_SECONDS,
        metavar="TIME",
        help="for each step of a hop (default: 10s)",
    )
    command.add_argument(
        "--slow",
        type=span_between(0.01, _MOST_SECONDS, "write a time up to 2m, such as 5s"),
        default=SLOW_SECONDS,
        metavar="TIME",
        help="tell of a first byte that takes longer (default: 5s)",
    )
    command.add_argument("--no-goauth", action="store_true", help="do not run the commands of GOAUTH, as go would")
    command.add_argument("--no-zip", action="store_true", help="do not fetch the zip of a version to hash it")
    command.add_argument("-v", "--verbose", action="store_true", help="show all figures, and notes")
    add_output(command, Format.TABLE, Format.JSON, Format.YAML)
    add_reach_arguments(command)
    complete_names(command)
    return run_command(_doctor(parser.parse_args(arguments)))


async def _doctor(arguments: argparse.Namespace) -> int:
    env, local, wanted = read_go_env(), await asyncio.to_thread(local_go), wanted_go(Path.cwd())
    shells = asyncio.create_task(login_shells())
    asked: Asked = arguments.module
    meant = await _meant(arguments, env)
    told = Walk()
    if meant.url is not None:
        asking = Asking(
            env,
            Way(arguments.ca_file, arguments.timeout, slow_after=arguments.slow),
            Path.cwd(),
            arguments.token_file,
            run_goauth=not arguments.no_goauth,
            with_zip=not arguments.no_zip,
            toolchain=to_fetch(env, wanted, local),
        )
        told = await walk(meant.url, asked, asking)
    if meant.item:
        meant.findings += await _replicas(where_of(arguments), arguments.of, asked, meant.probes)
    machine = _Machine(await shells, wanted, local)
    found = [*_settings(env, meant, told, asked, machine), *meant.findings, *told.findings]
    order = list(Weight)
    # What fails on the way comes before what is only set in an unusual way.
    ranked = sorted(found, key=lambda one: (order.index(one.weight), one not in told.findings))
    url = meant.url.url if meant.url else None
    unasked = "" if meant.item else _UNASKED
    examined = Examined(url, str(asked), env, told.hops, ranked, told.why, meant.probes, told.given, unasked)
    if arguments.output == Format.TABLE:
        show(doctor_view(examined, verbose=arguments.verbose))
    else:
        print_document(document(examined), arguments.output)
    return EXIT_FAILED if examined.wrong else EXIT_DONE


async def _meant(arguments: argparse.Namespace, env: GoEnv) -> _Meant:
    where = where_of(arguments)
    if isinstance(arguments.of, FleetUrl):
        if where.local or where.names_cluster:
            raise UsageError("--of URL needs no place: leave --local and kubectl's arguments away")
        return _Meant(arguments.of)
    if arguments.of is not None or where.local or where.names_cluster:
        return await _by_reach(where, arguments.of)
    try:
        chain = parse_chain(env.value("GOPROXY"))
    except ChainError:
        chain = ()
    first = next((one for one in chain if one.kind is EntryKind.PROXY and not one.url.startswith("file:")), None)
    if first is None:
        remedy = "name it: --of URL; then `goproxy-operator env --of URL` prints what to set"
        return _Meant(None, findings=[Finding("no-fleet", Weight.WRONG, "GOPROXY names no proxy at all", remedy)])
    return _Meant(FleetUrl(first.url, first.login))


async def _by_reach(where: Where, name: str | None) -> _Meant:
    async with reach(where) as place:
        fleet: Fleet = await place.fleet(name)
    url = (None if fleet.is_local else exposed_url(fleet.item)) or fleet.url
    if url is None:
        remedy = "see `goproxy-operator status`"
        found = Finding("no-endpoint", Weight.WRONG, f"the status of {fleet.name} has no endpoint", remedy)
        return _Meant(None, fleet.item, [found])
    try:
        return _Meant(fleet_url(url), fleet.item)
    except argparse.ArgumentTypeError as e:
        raise ClientError(f"the endpoint of {fleet.name}: {e}") from None


async def _replicas(where: Where, name: str | None, asked: Asked, probes: dict[str, Probe]) -> list[Finding]:
    """Ask the replicas, after the request: then they know of the servers that failed for it.

    `probes` gets how the places that they ask answer them just now.
    """
    async with reach(where, quiet=True) as place:
        fleet: Fleet = await place.fleet(name)
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
    return [*judge_replicas(seen), *judge_probes(probes, seen)]


@dataclass(frozen=True, slots=True)
class _Machine:
    """What was read of this machine besides the settings."""

    shells: dict[str, dict[str, str]]
    wanted: Wanted
    local: Local


def _settings(env: GoEnv, meant: _Meant, told: Walk, asked: Asked, machine: _Machine) -> list[Finding]:
    modules = [*required_modules(Path.cwd()), *([asked.module] if asked.module else [])]
    around = Surroundings(
        fleet=meant.url.url if meant.url else None,
        wants_login=told.wants_login,
        private=private_of(meant.item),
        hosted=hosted_of(meant.item),
        modules=modules,
        shells=machine.shells,
        netrc=read_netrc(),
        missing_programs=missing_programs(env.value("GOAUTH")),
        given=told.given,
        is_logged_in=told.is_logged_in,
        asked=asked.module,
        wanted=machine.wanted,
        local=machine.local,
    )
    return findings(env, around)


def _of(text: str) -> FleetUrl | str:
    return fleet_url(text) if "://" in text else object_name(text)
