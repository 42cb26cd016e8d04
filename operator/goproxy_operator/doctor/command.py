"""`doctor [MODULE[@VERSION]]`: what is wrong on the way of a request, and what to do."""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from goproxy_operator.client.arguments import FleetUrl, fleet_url
from goproxy_operator.client.failure import EXIT_DONE, EXIT_FAILED, EXIT_HELP, run_command
from goproxy_operator.client.spans import span_between
from goproxy_operator.completion.names import complete_names, completed_by, fleet_names
from goproxy_operator.doctor.asked import Asked, question
from goproxy_operator.doctor.asking import Asking, Walk, walk
from goproxy_operator.doctor.diagnosis import with_the_setting_to_blame
from goproxy_operator.doctor.examining import HOP_SECONDS, Way
from goproxy_operator.doctor.hop import SLOW_SECONDS, Fault
from goproxy_operator.doctor.meant import Meant, ask_replicas, cluster_only, meant_fleet
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
from goproxy_operator.reach.arguments import add_reach_arguments, object_name
from goproxy_operator.reach.told_to_clients import hosted_of, private_of

_MOST_SECONDS = 120.0
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
        help="tell of what takes longer: a first byte, a place that replicas ask (default: 5s)",
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
    meant = await meant_fleet(arguments, env)
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
        meant.findings += await ask_replicas(arguments, asked, meant.probes)
    inside = meant.is_inside and bool(told.hops) and told.hops[0].fault is Fault.NAME and bool(meant.probes)
    if inside:
        told.findings = [cluster_only(meant), *(one for one in told.findings if one.code != "dns")]
    machine = _Machine(await shells, wanted, local, inside)
    found = [*_settings(env, meant, told, asked, machine), *meant.findings, *told.findings]
    found = with_the_setting_to_blame(found, told.hops)
    order = list(Weight)
    # What fails on the way comes before what is only set in an unusual way.
    ranked = sorted(
        found, key=lambda one: (order.index(one.weight), one.code != "not-by-fleet", one not in told.findings)
    )
    url = meant.url.url if meant.url else None
    unasked = "" if meant.item else _UNASKED
    examined = Examined(url, str(asked), env, told.hops, ranked, told.why, meant.probes, told.given, unasked)
    if arguments.output == Format.TABLE:
        show(doctor_view(examined, verbose=arguments.verbose))
    else:
        print_document(document(examined), arguments.output)
    return EXIT_FAILED if examined.wrong else EXIT_DONE


@dataclass(frozen=True, slots=True)
class _Machine:
    """What was read of this machine besides the settings."""

    shells: dict[str, dict[str, str]]
    wanted: Wanted
    local: Local
    inside: bool
    """Whether the fleet is reached from its cluster only, so that this machine need not name it."""


def _settings(env: GoEnv, meant: Meant, told: Walk, asked: Asked, machine: _Machine) -> list[Finding]:
    modules = [*required_modules(Path.cwd()), *([asked.module] if asked.module else [])]
    around = Surroundings(
        fleet=meant.url.url if meant.url and not machine.inside else None,
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
