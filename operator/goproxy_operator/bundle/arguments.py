"""The arguments of `goproxy-operator bundle`, and the help that teaches it."""

import argparse
import datetime
import os
from dataclasses import dataclass
from pathlib import Path

from goproxy_operator.bundle.moving.bucket import SCHEMES
from goproxy_operator.bundle.moving.layouts import Layout
from goproxy_operator.bundle.origin import folder_of
from goproxy_operator.client.arguments import FleetUrl, add_fleet_arguments, fleet_url
from goproxy_operator.client.failure import EXIT_HELP, UsageError
from modproxy.mod.gotime import is_go_time
from modproxy.mod.pattern import Pattern, PatternError, parse_pattern
from modproxy.mod.sumdb import DEFAULT_GOSUMDB, Database, SumdbError, parse_gosumdb

_HELP = """\
Carry module versions, with what proves them, over an air gap or in from another proxy. A bundle is one file. It is a
tar of a GOPROXY tree with the records of the checksum database, so the other side verifies everything offline.

examples:
  goproxy-operator bundle export --from https://goproxy.example.com --go-sum go.sum -o project.bundle
      all that a project needs
  goproxy-operator bundle export --from https://goproxy.example.com --since 2026-03-01 --after march.bundle \\
    -o april.bundle
      what has come since, as a bundle that goes on from the one before
  goproxy-operator bundle verify project.bundle
      check all of it, with no network
  goproxy-operator bundle import project.bundle --to https://goproxy.inside.example.com
      give it to the fleet on the other side
  goproxy-operator bundle import --from athens:/var/lib/athens --to https://goproxy.example.com --report refused.json
      move in from Athens; also from athens:s3://BUCKET/PREFIX, goproxy:DIR, and modcache:DIR
"""
_EXPORT = """\
Make a bundle of module versions that a fleet (or any module proxy) serves. FILE appears whole or not at all. What was
fetched is kept in FILE.parts until then, so a command that was interrupted goes on where it was.

With --go-sum a version that cannot be had leaves no bundle. With --all and --since it is left out and named.
"""
_IMPORT = """\
Give a bundle to a fleet, which verifies all of it before it takes any of it. The fleet needs spec.hosted.enabled, and
the importer needs the verb publish for each module. To import the same bundle again changes nothing.

With --from the files of another proxy are made into a bundle first, each version verified:
  athens:DIR, athens:s3://BUCKET/PREFIX   what Athens has stored (the credentials come from AWS_... variables)
  goproxy:DIR                             the cache folder of goproxy/goproxy, or any GOPROXY=file:// tree
  modcache:DIR                            the module cache of a go command: go env GOMODCACHE
"""


@dataclass(frozen=True, slots=True)
class StoredPlace:
    """Says where another proxy has its files."""

    layout: Layout
    place: str

    @property
    def is_bucket(self) -> bool:
        """Whether the place is an object store."""
        return self.place.startswith(SCHEMES)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the commands of `bundle`."""
    parser.description, parser.formatter_class = _HELP, argparse.RawDescriptionHelpFormatter
    parser.epilog = EXIT_HELP
    commands = parser.add_subparsers(dest="bundle_command", required=True, metavar="COMMAND")
    export = _command(commands, "export", "make a bundle", _EXPORT)
    add_fleet_arguments(
        export, "--from", "the fleet or another module proxy, as GOPROXY names it; also file:///PATH", read=_origin
    )
    what = export.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--go-sum",
        type=Path,
        metavar="FILE",
        action="append",
        help="what this go.sum names; may be given more than once",
    )
    what.add_argument("--all", action="store_true", help="everything that the fleet holds and you may read")
    what.add_argument(
        "--since", type=_since, metavar="DATE", help="what has come into the fleet since: 2026-03-01, or with a time"
    )
    export.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the bundle")
    _add_making(export)
    verify = _command(commands, "verify", "check a bundle offline", "Check all of a bundle, and say what it holds.")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.add_argument("--list", action="store_true", help="name each version, and who vouches for it")
    _add_database(verify)
    importing = _command(commands, "import", "give a bundle to a fleet, or move in from another proxy", _IMPORT)
    importing.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the bundle")
    importing.add_argument("--from", dest="stored", type=_stored, metavar="KIND:PLACE", help="see above")
    add_fleet_arguments(importing, "--to", "the fleet", required=False)
    importing.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="with --from: write the bundle there, and import nothing"
    )
    importing.add_argument("--report", type=Path, metavar="FILE", help="write what was refused, and why, as JSON")
    _add_making(importing)


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, short: str, words: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=short,
        description=words,
        epilog=EXIT_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_making(parser: argparse.ArgumentParser) -> None:
    _add_database(parser)
    parser.add_argument(
        "--sumdb-from",
        type=fleet_url,
        metavar="URL",
        help="where the records are read (default: the fleet): a module proxy that serves the database, or its server",
    )
    parser.add_argument("--no-sumdb", action="store_true", help="read no record: nobody vouches for any version then")
    parser.add_argument(
        "--private",
        type=_patterns,
        default=os.environ.get("GONOSUMDB") or os.environ.get("GOPRIVATE") or "",
        metavar="PATTERNS",
        help="modules that are not named to the database (default: GONOSUMDB, else GOPRIVATE)",
    )
    parser.add_argument(
        "--after", type=Path, metavar="OLD", help="go on from this bundle, which the other side has imported already"
    )
    parser.add_argument("--quiet", action="store_true", help="show no bar")


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sumdb",
        type=_database,
        default=DEFAULT_GOSUMDB,
        metavar="NAME+HASH+KEY",
        help="the checksum database, as GOSUMDB names it (default: %(default)s)",
    )


def _origin(text: str) -> FleetUrl | Path:
    if text.startswith("file:"):
        try:
            return folder_of(text)
        except UsageError as e:
            raise argparse.ArgumentTypeError(str(e)) from None
    return fleet_url(text)


def _stored(text: str) -> StoredPlace:
    kind, colon, place = text.partition(":")
    if kind not in list(Layout) or not colon or not place:
        raise argparse.ArgumentTypeError(
            f"{text!r} names nothing stored: write athens:, goproxy: or modcache: and a DIR"
        )
    found = StoredPlace(Layout(kind), place)
    if found.is_bucket and found.layout is Layout.MODULE_CACHE:
        raise argparse.ArgumentTypeError(f"{text!r}: a go command keeps its modules in a folder: write modcache:DIR")
    return found


def _database(text: str) -> Database:
    try:
        found = parse_gosumdb(text)
    except SumdbError as e:
        raise argparse.ArgumentTypeError(str(e)) from None
    if found is None:
        raise argparse.ArgumentTypeError("off is no database: write --no-sumdb to read no record")
    return found


def _patterns(text: str) -> tuple[Pattern, ...]:
    try:
        return tuple(parse_pattern(one.strip()) for one in text.split(",") if one.strip())
    except PatternError as e:
        raise argparse.ArgumentTypeError(str(e)) from None


def _since(text: str) -> str:
    """Read a date or a time, and return it as RFC 3339 in UTC. A date means its first moment there."""
    try:
        moment = datetime.datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=moment.tzinfo or datetime.UTC).astimezone(datetime.UTC)
        written = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError):
        written = ""
    if not is_go_time(written):
        raise argparse.ArgumentTypeError(f"{text!r} is no date: write 2026-03-01, or 2026-03-01T12:00:00Z")
    return written
