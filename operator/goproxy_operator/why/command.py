"""`why MODULE[@VERSION]`: asks a fleet, as a client or by its admin listener."""

import argparse
from collections.abc import Sequence
from urllib.parse import urlencode

from pydantic import ValidationError

from goproxy_operator.client.arguments import add_fleet_arguments, asking_of
from goproxy_operator.client.failure import EXIT_DONE, EXIT_FAILED, EXIT_HELP, ClientError, UsageError, run_command
from goproxy_operator.client.fleet_client import FleetClient, Refused
from goproxy_operator.completion.names import complete_names, completed_by, fleet_names
from goproxy_operator.output import Format, add_output, print_document, show
from goproxy_operator.reach.arguments import add_reach_arguments, object_name, where_of
from goproxy_operator.reach.fleet import Fleet, GoneError, ReachError
from goproxy_operator.reach.place import reach
from goproxy_operator.why.goproxy_setting import first_proxy
from goproxy_operator.why.view import why_view
from modproxy.contract.why import LONGEST_PATH, WHY_BYTES, Decision, Why

_NOT_FOUND = 404
_HELP = """\
Explain why a fleet allows or refuses a module or a version: each rule with its reason, by age, vulnerabilities and
licence; where it would come from, where it is held, and who vouched for it. Nothing is fetched for the answer.

Developers ask as themselves, by the URL of the fleet (default: the first one of `go env GOPROXY`), with the credential
that the go command would send. Engineers of the fleet ask its replicas, with --of NAME or --local, for anybody: they
need create on pods/portforward (the ClusterRole goproxy-operator-plugin).

examples:
  goproxy-operator why golang.org/x/text@v0.30.0
      the fleet of GOPROXY, for yourself
  goproxy-operator why example.com/secret --url https://goproxy.example.com --token-file token
  kubectl goproxy why example.com/m@latest --of team-a -n build --as-user jane@example.com --in-group developers
      for somebody else
  goproxy-operator why example.com/m@v1.2.3 -o json | jq -r .decision
      for programs: allowed, refused or unknown
"""


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `why`. Returns the exit status."""
    command.description = _HELP
    command.epilog = f"{EXIT_HELP}; 1 too where the module is refused"
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("module", type=_question, metavar="MODULE[@VERSION]", help="such as golang.org/x/text@v0.30.0")
    of = command.add_argument("--of", type=object_name, metavar="NAME", help="ask the replicas of this fleet")
    completed_by(of, fleet_names)
    command.add_argument("--as-user", metavar="USER", help="for this user, with --of or --local (default: for nobody)")
    command.add_argument(
        "--in-group",
        action="append",
        default=[],
        metavar="GROUP",
        help="and in this group; several may be given",
    )
    add_output(command, Format.TABLE, Format.JSON, Format.YAML)
    add_fleet_arguments(command, "--url", "ask this fleet as a client (default: the first of GOPROXY)", required=False)
    add_reach_arguments(command)
    complete_names(command)
    return run_command(_why(parser.parse_args(arguments)))


async def _why(arguments: argparse.Namespace) -> int:
    where = where_of(arguments)
    by_reach = arguments.of is not None or where.local or where.names_cluster
    if by_reach and arguments.fleet is not None:
        raise UsageError("--url asks as a client, and the other arguments ask the replicas: give either")
    if not by_reach and (arguments.as_user or arguments.in_group):
        raise UsageError("--as-user needs --of NAME or --local: a client asks for itself alone")
    module, version = arguments.module
    query = {"module": module} | ({"version": version} if version else {})
    if by_reach:
        who = [("user", arguments.as_user)] if arguments.as_user else []
        who += [("group", group) for group in arguments.in_group]
        async with reach(where) as place:
            fleet = await place.fleet(arguments.of)
            body = await _first_answer(fleet, f"/-/why?{urlencode([*query.items(), *who])}")
    else:
        arguments.fleet = arguments.fleet or first_proxy()
        body = await _ask_as_client(arguments, urlencode(query))
    why = _parse(body)
    if arguments.output == Format.TABLE:
        show(why_view(why))
    else:
        print_document(why.model_dump(mode="json", by_alias=True, exclude_none=True), arguments.output)
    return EXIT_FAILED if why.decision is Decision.REFUSED else EXIT_DONE


async def _ask_as_client(arguments: argparse.Namespace, query: str) -> bytes:
    async with FleetClient(asking_of(arguments)) as client:
        try:
            return await client.read("-/why", WHY_BYTES, headers={"Accept": "application/json"}, query=query)
        except Refused as e:
            if e.status_code == _NOT_FOUND:
                raise ClientError(
                    f"{client.url} knows no /-/why: check its path, which has to be that of the fleet's URL; else it "
                    "is no fleet of this kind, or one of an older version"
                ) from None
            raise


async def _first_answer(fleet: Fleet, path: str) -> bytes:
    """Ask one replica after the other, until one answers: each of them has the same rules."""
    if fleet.unseen is not None:
        raise fleet.unseen
    failure: ReachError = GoneError(f"the fleet {fleet.name} has no replica that could tell")
    for replica in fleet.replicas:
        try:
            return await replica.get(path, largest=WHY_BYTES)
        except ReachError as e:
            failure = e
    raise failure


def _parse(body: bytes) -> Why:
    try:
        return Why.model_validate_json(body)
    except ValidationError:
        raise ClientError("what answers at /-/why is no fleet of this kind: check the URL") from None


def _question(text: str) -> tuple[str, str]:
    module, at, version = text.partition("@")
    bad = not module or (at and not version) or len(text) > LONGEST_PATH or not text.isprintable() or " " in text
    if bad or "://" in text:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no module: write MODULE or MODULE@VERSION")
    return module, version
