"""`inventory`: reads the audit log, and writes what was served."""

import argparse
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from goproxy_operator.client.arguments import add_fleet_arguments, asking_of
from goproxy_operator.client.failure import EXIT_DONE, EXIT_HELP, ClientError, UsageError, run_command
from goproxy_operator.client.fleet_client import FleetClient
from goproxy_operator.client.spans import span_between
from goproxy_operator.completion.names import complete_names, completed_by, fleet_names
from goproxy_operator.inventory.formats import as_csv, as_cyclonedx, as_document
from goproxy_operator.inventory.records import use_of
from goproxy_operator.inventory.refused_now import mark_refused
from goproxy_operator.inventory.search import records
from goproxy_operator.inventory.served import MOST_NAMED, MOST_VERSIONS, Inventory, TooManyError
from goproxy_operator.output import print_document
from goproxy_operator.reach.arguments import add_reach_arguments, object_name, where_of
from goproxy_operator.reach.place import reach
from modproxy.contract.report_fields import plain_text

_MOST_SECONDS = 10 * 365 * 86400.0
_LONGEST_LINE = 64 << 10
"""A record has some hundred bytes, and at most 40 KiB with the longest groups."""
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
"""How files of gzip and zstd begin (RFC 1952, RFC 8878)."""
_MOST_UNDECIDED = 8
"""Reasons that are told: there are few."""
_HELP = """\
List every module and version that was served in a time, with how often, to whom, and when for the last time, from the
audit log of a fleet (spec.audit). With --refused-now each is held against the rules of today: who still uses a version
that has become vulnerable, or that is denied by now.

examples:
  kubectl logs -n build team-a-0 | goproxy-operator inventory -
      of what one replica wrote on its standard output (audit.to: [Stdout]); other lines are left out
  goproxy-operator inventory audit.jsonl audit.jsonl.1 --since 720h -o cyclonedx > bom.cdx.json
      a bill of materials, of copies of the files (audit.to: [File])
  goproxy-operator inventory --elasticsearch https://es.example.com --index goproxy-audit --fleet build/team-a
      from Elasticsearch or OpenSearch, with the login of the netrc file or --token-file
  kubectl goproxy inventory audit.jsonl --refused-now --of team-a -n build --as-user jane@example.com
      only what the fleet would refuse now, with the rule
"""


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `inventory`. Returns the exit status."""
    command.description = _HELP
    command.epilog = EXIT_HELP
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("files", nargs="*", metavar="FILE", help="files of the audit log; - is the standard input")
    command.add_argument("--index", metavar="NAME", type=_index, help="the index or data stream, with --elasticsearch")
    command.add_argument(
        "--fleet", dest="of_fleet", default="", metavar="NS/NAME", help="the records of this fleet only"
    )
    command.add_argument(
        "--since",
        type=span_between(1.0, _MOST_SECONDS, "has to be between 1s and ten years"),
        default="720h",
        metavar="DURATION",
        help="how far back (default: 720h, thirty days)",
    )
    command.add_argument("--refused-now", action="store_true", help="only what the fleet --of would refuse now")
    of = command.add_argument(
        "--of", type=object_name, metavar="NAME", help="the fleet that is asked, for --refused-now"
    )
    completed_by(of, fleet_names)
    command.add_argument("--as-user", metavar="USER", help="ask it for this user (default: for nobody)")
    command.add_argument("--in-group", action="append", default=[], metavar="GROUP", help="and in this group")
    command.add_argument("-o", "--output", choices=["csv", "cyclonedx", "json", "yaml"], default="csv",
                         help="how to write (default: csv)")  # fmt: skip
    add_fleet_arguments(command, "--elasticsearch", "read the records from there", required=False)
    add_reach_arguments(command)
    complete_names(command)
    return run_command(_inventory(parser.parse_args(arguments)))


async def _inventory(read: argparse.Namespace) -> int:
    if (read.fleet is None) is not bool(read.files):
        raise UsageError(
            "name files of the audit log, or --elasticsearch URL with --index NAME; a fleet whose spec.audit.to has "
            "File writes .modproxy/audit-log/audit.jsonl in the cache of each replica"
        )
    if read.fleet is not None and read.index is None:
        raise UsageError("--elasticsearch needs --index NAME")
    if not read.refused_now and (read.of or read.as_user or read.in_group):
        raise UsageError("--of, --as-user and --in-group are for --refused-now: give it too, or leave them away")
    now = time.time()
    inventory = Inventory(now - read.since, now)
    try:
        if read.fleet is None:
            for file in read.files:
                inventory.add(use for record in _records_of(file) if (use := _use(record, read.of_fleet)))
        else:
            async with FleetClient(asking_of(read)) as client:
                async for record in _searched(client, read, inventory):
                    inventory.add([use] if (use := _use(record, read.of_fleet)) else [])
    except TooManyError:
        raise ClientError(
            f"there are more than {MOST_VERSIONS} versions, or {MOST_NAMED} users of them: take a shorter time with "
            "--since"
        ) from None
    versions = inventory.versions
    if read.refused_now:
        who = [("user", read.as_user)] if read.as_user else []
        async with reach(where_of(read)) as place:
            who += [("group", one) for one in read.in_group]
            undecided = await mark_refused(await place.fleet(read.of), versions, who)
        for words, number in undecided.most_common(_MOST_UNDECIDED):
            print(f"# of {number} versions it is not known whether they would be refused: {words}", file=sys.stderr)
        versions = [one for one in versions if one.refused_now]
    if read.output == "csv":
        sys.stdout.write(as_csv(versions))
    elif read.output == "cyclonedx":
        print_document(as_cyclonedx(versions, read.of_fleet, now), "json")
    else:
        print_document(as_document(versions, read.of_fleet), read.output)
    return EXIT_DONE


def _searched(client: FleetClient, read: argparse.Namespace, inventory: Inventory) -> AsyncIterator[Any]:
    return records(client, read.index, read.of_fleet, inventory.since, inventory.until)


def _use(record: Mapping[str, object], fleet: str) -> Any:
    if fleet and record.get("fleet", fleet) != fleet:
        return None
    try:
        return use_of(record)
    except ValueError:
        return None  # a line of another program among those of the log


def _records_of(name: str) -> Iterator[Mapping[str, object]]:
    """Yield the records of a file. Raises `ClientError` where it has lines, and none of them is a record."""
    lines = found = 0
    head = b""
    with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
        while line := file.readline(_LONGEST_LINE):
            lines += 1
            head = head or line[:4]
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict) and "req_id" in record:
                found += 1
                yield record
    if head.startswith(_COMPRESSED):
        raise ClientError(f"{plain_text(name)} is compressed: write it out first, as in `zcat FILE | ... inventory -`")
    if lines and not found:
        raise ClientError(f"{plain_text(name)}: none of its {lines} lines is a record of an audit log")


def _index(text: str) -> str:
    if not text or text.startswith(("_", "-")) or not all(one.isalnum() or one in "-_.*" for one in text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of an index: write for example goproxy-audit")
    return text
