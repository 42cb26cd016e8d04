"""`status [NAME]`: a fleet at a glance."""

import argparse
from collections.abc import Sequence

from goproxy_operator.api.goproxy import GROUP, PLURAL
from goproxy_operator.client.failure import EXIT_DONE, EXIT_HELP, UsageError, run_command
from goproxy_operator.completion.names import add_fleet_name, complete_names
from goproxy_operator.fleets.list_view import list_view
from goproxy_operator.fleets.seen import Seen, look
from goproxy_operator.fleets.status_view import status_document, status_line, status_view
from goproxy_operator.fleets.watching import watch
from goproxy_operator.output import Format, View, add_output, print_document, show
from goproxy_operator.reach.arguments import add_reach_arguments, where_of
from goproxy_operator.reach.place import Place, reach

_TOP = 5
"""Modules that are shown: `top` has the others."""
RESOURCE = f"{PLURAL.removesuffix('ies')}y.{GROUP}"
_HELP = """\
Show a fleet at a glance: whether it serves, its traffic, its storage, what is wrong and what to do about it, the
servers that fail, its replicas with what slows them down, and the modules that are used most.

Without NAME it is the only fleet of the namespace; where there are several, they are listed. The object alone tells a
part of this; the rest comes from the replicas, by port-forwards, for which you need create on pods/portforward (the
ClusterRole goproxy-operator-plugin). Without that right the rest is left out, and that is said.

examples:
  kubectl goproxy status
      the only fleet of the namespace
  kubectl goproxy status team-a -n build --watch
      live; where the output is no terminal: a line for each change
  kubectl goproxy status team-a -o json | jq '.status.conditions[] | select(.status != "True")'
      for programs
  goproxy-operator status --local
      a fleet that `goproxy-operator local` runs on this machine
"""


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `status`. Returns the exit status."""
    command.description = _HELP
    command.epilog = EXIT_HELP
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    add_fleet_name(command)
    command.add_argument("-w", "--watch", action="store_true", help="show it again and again, until Ctrl-C")
    add_output(command, Format.TABLE, Format.JSON, Format.YAML, Format.NAME)
    add_reach_arguments(command)
    complete_names(command)
    return run_command(_status(parser.parse_args(arguments)))


async def _status(arguments: argparse.Namespace) -> int:
    if arguments.watch and arguments.output != Format.TABLE:
        raise UsageError("--watch shows a table: leave -o away")
    async with reach(where_of(arguments)) as place:
        name: str | None = arguments.name
        if name is None and len(items := await place.fleets()) > 1 and arguments.output == Format.TABLE:
            show(list_view(items, wide=False, namespaces=False, now=None))
            return EXIT_DONE
        if arguments.watch:

            async def shown() -> tuple[View, str]:
                seen = await _look(place, name)
                return status_view(seen), status_line(seen)

            return await watch(shown)
        seen = await _look(place, name)
        if arguments.output == Format.NAME:
            print(f"{RESOURCE}/{seen.fleet.name}")
        elif arguments.output == Format.TABLE:
            show(status_view(seen))
        else:
            print_document(status_document(seen), arguments.output)
    return EXIT_DONE


async def _look(place: Place, name: str | None) -> Seen:
    return await look(await place.fleet(name), with_top=_TOP)
