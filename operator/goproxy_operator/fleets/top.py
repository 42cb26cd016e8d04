"""`top [NAME]`: the modules that a fleet uses most."""

import argparse
import time
from collections.abc import Sequence

from goproxy_operator.client.failure import EXIT_DONE, EXIT_FAILED, EXIT_HELP, ClientError, run_command
from goproxy_operator.completion.names import add_fleet_name, complete_names
from goproxy_operator.fleets.counting import SORTS, summed
from goproxy_operator.fleets.seen import ask_top
from goproxy_operator.fleets.top_view import top_document, top_grid
from goproxy_operator.output import Format, Line, Mood, Section, View, add_output, print_document, show
from goproxy_operator.reach.arguments import add_reach_arguments, where_of
from goproxy_operator.reach.place import reach
from modproxy.contract.report_fields import plain_text
from modproxy.contract.top import MOST_MODULES

_LIMIT = 20
_HELP = """\
Show which modules of a fleet are used most, all replicas together, since they started: how often they were asked for,
how many bytes that were, and when the last time was. A replica counts a bounded number of modules; a figure that may
be a little too high has a ~ before it.

You need create on pods/portforward (the ClusterRole goproxy-operator-plugin): the replicas are asked.

examples:
  kubectl goproxy top team-a
  kubectl goproxy top team-a --sort bytes --limit 50
      what fills the network
  kubectl goproxy top team-a --sort age
      what was not used for the longest time, among what is counted
"""


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `top`. Returns the exit status."""
    command.description = _HELP
    command.epilog = f"{EXIT_HELP}; 1 too where some replicas could not be asked"
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    add_fleet_name(command)
    command.add_argument("--sort", choices=SORTS, default=SORTS[0], help="default: requests; age: the oldest use first")
    command.add_argument("--limit", type=_limit, default=_LIMIT, metavar="N", help="modules to show (default: 20)")
    add_output(command, Format.TABLE, Format.JSON, Format.YAML)
    add_reach_arguments(command)
    complete_names(command)
    return run_command(_top(parser.parse_args(arguments)))


async def _top(arguments: argparse.Namespace) -> int:
    async with reach(where_of(arguments)) as place:
        fleet = await place.fleet(arguments.name)
        if fleet.unseen is not None:
            raise fleet.unseen
        tops, failed = await ask_top(fleet)
    if not tops:
        raise failed[0] if failed else ClientError(f"the fleet {fleet.name} has no replica that could tell")
    uses = summed(tops, by=arguments.sort, limit=arguments.limit)
    if arguments.output == Format.TABLE:
        empty = Line("no module was asked for since the replicas started", Mood.FAINT)
        notes = [Line(plain_text(str(one)), Mood.WORTH_A_LOOK) for one in failed]
        show(View([Section([top_grid(uses, time.time()) if uses else empty, *notes])]))
    else:
        print_document(top_document(fleet.name, fleet.namespace, uses, tops, len(failed)), arguments.output)
    return EXIT_FAILED if failed else EXIT_DONE


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:9]) <= MOST_MODULES:
        raise argparse.ArgumentTypeError(f"{text!r}: write a number from 1 to {MOST_MODULES}")
    return int(text)
