"""`events NAME`: what happened to a fleet."""

import argparse
import time
from collections.abc import Sequence

from goproxy_operator.client.failure import EXIT_DONE, EXIT_HELP, UsageError, run_command
from goproxy_operator.completion.names import add_fleet_name, complete_names
from goproxy_operator.fleets.event_view import Event, event_line, event_view, of_fleet
from goproxy_operator.fleets.reading import text_at
from goproxy_operator.fleets.watching import watch
from goproxy_operator.kube.resources import EVENTS
from goproxy_operator.output import Format, View, add_output, as_list, print_document, show
from goproxy_operator.reach.arguments import add_reach_arguments, where_of
from goproxy_operator.reach.cluster import Cluster
from goproxy_operator.reach.place import reach

_TYPES = ("Normal", "Warning")
_HELP = """\
Show the Events of a fleet: of its object, its StatefulSet, its pods, its volume claims and its other children. The
newest is the last. Kubernetes keeps Events for an hour, unless it is configured otherwise.

examples:
  kubectl goproxy events team-a
  kubectl goproxy events team-a --types Warning --watch
      only what somebody has to look at, as it happens
"""


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `events`. Returns the exit status."""
    command.description = _HELP
    command.epilog = EXIT_HELP
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    add_fleet_name(command)
    command.add_argument("-w", "--watch", action="store_true", help="show new ones as they come, until Ctrl-C")
    command.add_argument("--types", type=_types, default=(), metavar="TYPES", help="Normal or Warning (default: both)")
    add_output(command, Format.TABLE, Format.JSON, Format.YAML)
    add_reach_arguments(command)
    complete_names(command)
    return run_command(_events(parser.parse_args(arguments)))


async def _events(arguments: argparse.Namespace) -> int:
    if arguments.watch and arguments.output != Format.TABLE:
        raise UsageError("--watch shows a table: leave -o away")
    async with reach(where_of(arguments)) as place:
        if not isinstance(place, Cluster):
            raise UsageError("a fleet of this machine has no Events: `goproxy-operator local` tells what happens to it")
        name = (await place.fleet(arguments.name)).name
        cluster = place

        async def found() -> list[Event]:
            return of_fleet(await cluster.list(EVENTS), name, arguments.types)

        if arguments.watch:
            told: dict[str, str] = {}

            async def shown() -> tuple[View, str]:
                events = await found()
                new = [one for one in events if told.get(_uid(one)) != _version(one)]
                told.update({_uid(one): _version(one) for one in new})
                return event_view(events, time.time()), "\n".join(map(event_line, new))

            return await watch(shown)
        events = await found()
    if arguments.output == Format.TABLE:
        show(event_view(events, time.time()))
    else:
        print_document(as_list(events), arguments.output)
    return EXIT_DONE


def _uid(event: Event) -> str:
    return text_at(event, "metadata", "uid")


def _version(event: Event) -> str:
    return text_at(event, "metadata", "resourceVersion")


def _types(text: str) -> tuple[str, ...]:
    found = tuple(one.strip() for one in text.split(","))
    if any(one not in _TYPES for one in found):
        raise argparse.ArgumentTypeError(f"{text!r}: write Normal, Warning, or Normal,Warning")
    return found
