"""`list`: all fleets."""

import argparse
from collections.abc import Sequence

from goproxy_operator.client.failure import EXIT_DONE, EXIT_HELP, run_command
from goproxy_operator.completion.names import complete_names
from goproxy_operator.fleets.list_view import list_view
from goproxy_operator.fleets.reading import text_at
from goproxy_operator.fleets.status import RESOURCE
from goproxy_operator.output import Format, add_output, as_list, print_document, show
from goproxy_operator.reach.arguments import add_reach_arguments, where_of
from goproxy_operator.reach.place import reach

_HELP = """\
List fleets, with the columns of `kubectl get goproxies` and a column TROUBLE: the reasons of all conditions that ask
for somebody, not of Ready alone.

examples:
  kubectl goproxy list -A
      of all namespaces
  kubectl goproxy list -A -o wide
      with the class and what Ready says
  kubectl goproxy list -o name | xargs kubectl get
      for other programs
"""


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `list`. Returns the exit status."""
    command.description = _HELP
    command.epilog = EXIT_HELP
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    add_output(command, *Format)
    add_reach_arguments(command, all_namespaces=True)
    complete_names(command)
    return run_command(_list(parser.parse_args(arguments)))


async def _list(arguments: argparse.Namespace) -> int:
    async with reach(where_of(arguments)) as place:
        items = await place.fleets()
    match arguments.output:
        case Format.JSON | Format.YAML:
            print_document(as_list(items), arguments.output)
        case Format.NAME:
            for item in items:
                print(f"{RESOURCE}/{text_at(item, 'metadata', 'name')}")
        case _:
            wide = arguments.output == Format.WIDE
            show(list_view(items, wide=wide, namespaces=arguments.all_namespaces, now=None))
    return EXIT_DONE
