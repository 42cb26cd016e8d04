"""`env [NAME]`: prints the lines that make the go command use a fleet, or writes them by `go env -w`."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from goproxy_operator.client.arguments import FleetUrl, fleet_url
from goproxy_operator.client.failure import (
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_HELP,
    ClientError,
    UsageError,
    program,
    run_command,
)
from goproxy_operator.completion.names import add_fleet_name, complete_names
from goproxy_operator.env.candidates import VARIABLE, Candidate, CandidatesError, parse_candidates, picked
from goproxy_operator.env.pipelines import PIPELINES, SECRET_NAME, Login
from goproxy_operator.env.probing import probe
from goproxy_operator.env.shells import SHELLS
from goproxy_operator.env.wanted import Fallback, On, diff_of, fallback_of, goauth, kept, wanted
from goproxy_operator.env.writing import write
from goproxy_operator.go_env.machine import read_go_env
from goproxy_operator.go_env.settings import GoEnv
from goproxy_operator.reach.arguments import add_reach_arguments, where_of
from goproxy_operator.reach.place import reach
from goproxy_operator.reach.told_to_clients import exposed_url, unverified_of

_LARGEST_FILE = 1 << 16
_LONGEST_USER = 128
_HELP = f"""\
Print the lines that make the go command use a fleet: GOPROXY, and GONOSUMDB for the modules that no checksum database
knows. What is set already is kept: patterns are added to those that are there, and `direct` stays at the end of GOPROXY
where it was. What would change is shown as a diff on standard error; --write shows it too, and writes then.

The fleet is NAME, or the only one there is; or --of URL. With several --of, or with a file of names and URLs
(--fleets), all are asked at once, for 3 s at most, and the first healthy one counts. {VARIABLE} picks an entry of the
file by its name, such as that of the network: {VARIABLE}=office. Where none is healthy, and --fallback direct or
--fallback URL was given, the lines are without a fleet; otherwise the reasons are told, with exit status 1.

examples:
  eval "$(goproxy-operator env --of https://goproxy.example.com)"
      for this shell
  kubectl goproxy env team-a -n build --write
      for all shells, by `go env -w`; exit status 1 where something hides what was written
  goproxy-operator env --of https://goproxy.example.com --shell github --token GOPROXY_TOKEN
      a step for GitHub Actions, which writes the secret of that name into a netrc file; gitlab, jenkins, dockerfile too
  goproxy-operator env --of https://a.example.com --of https://b.example.com --fallback direct
      the first of them that is healthy
"""


@dataclass(frozen=True, slots=True)
class _Found:
    url: str | None
    """None where no fleet is healthy, and the fallback is used instead."""
    unverified: Sequence[str] = ()


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `env`. Returns the exit status."""
    command.description = _HELP
    command.epilog = f"{EXIT_HELP}; 1 too where no fleet is healthy, or something hides what was written"
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    add_fleet_name(command)
    command.add_argument(
        "--of", action="append", default=[], type=fleet_url, metavar="URL", help="this fleet, or the first healthy one"
    )
    command.add_argument(
        "--fleets",
        type=Path,
        metavar="FILE",
        help=f"choose from this file: lines of a name and a URL; {VARIABLE} picks one",
    )
    command.add_argument(
        "--shell",
        choices=[*SHELLS, *PIPELINES],
        help="the language of the lines (default: that of $SHELL, else bash)",
    )
    command.add_argument("--write", action="store_true", help="write by `go env -w`, and check that nothing hides it")
    command.add_argument(
        "--fallback",
        type=_fallback,
        metavar="direct|off|none|URL",
        help="what comes after the fleet (default: direct or off, where GOPROXY ends so now)",
    )
    command.add_argument(
        "--on",
        choices=[str(one) for one in On],
        help="after which answers: absent (404 and 410: a comma), or error (all of them, refusals too: `|`). Default: "
        "error before a URL, absent otherwise",
    )
    command.add_argument(
        "--token",
        type=_secret,
        metavar="SECRET",
        help="for CI systems: the secret of this name is the token, and goes into a netrc file. It is never printed",
    )
    command.add_argument(
        "--user",
        default="token",
        type=_user,
        help="whose password it is, where it is no token (default: %(default)s)",
    )
    command.add_argument(
        "--goauth",
        action="store_true",
        help="let go ask `goproxy-operator goauth` first, after `goproxy-operator login`",
    )
    command.add_argument("--ca-file", type=Path, metavar="FILE", help="trust the certificates of this PEM file too")
    add_reach_arguments(command)
    complete_names(command)
    return run_command(_env(parser.parse_args(arguments)))


async def _env(arguments: argparse.Namespace) -> int:
    shell = arguments.shell or _own_shell()
    _check(arguments, shell)
    env = read_go_env()
    told = _told_fallback(arguments, env)
    found = await _find(arguments)
    if found.url is None:
        values = {"GOPROXY": told.entry}
    else:
        values = wanted(env, found.url, told, found.unverified)
        if arguments.goauth:
            values["GOAUTH"] = goauth(env, found.url)
    _refuse_unprintable(kept(env) | values)
    for line in diff_of(env, values):
        print(line, file=sys.stderr)
    if arguments.write:
        problems = write(values)
        for problem in problems:
            print(f"{program()}: {problem}", file=sys.stderr)
        return EXIT_FAILED if problems else EXIT_DONE
    if shell in SHELLS:
        sys.stdout.write(SHELLS[shell](values))
    else:
        login = Login(found.url, arguments.token, arguments.user) if arguments.token and found.url else None
        sys.stdout.write(PIPELINES[shell](kept(env) | values, login))
    return EXIT_DONE


def _refuse_unprintable(values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if not value.isprintable():
            raise UsageError(f"{name} has a line break or another control character: correct it (`go env {name}`)")


def _check(arguments: argparse.Namespace, shell: str) -> None:
    if arguments.write and arguments.shell:
        raise UsageError("--write writes for all shells: leave --shell away")
    if arguments.token and (shell in SHELLS or arguments.write):
        raise UsageError("--token names a secret of a CI system: give --shell github, gitlab, jenkins or dockerfile")
    if arguments.token and arguments.goauth:
        raise UsageError("--token and --goauth are two ways of one login: give either")
    named = [bool(arguments.name or where_of(arguments).local), bool(arguments.of), arguments.fleets is not None]
    if sum(named) > 1:
        raise UsageError("NAME, --of and --fleets each say which fleet: give one of them")
    if any(one.login for one in arguments.of):
        raise UsageError("--of has a login in it, which would be printed: take it out, and use --token or --goauth")


def _told_fallback(arguments: argparse.Namespace, env: GoEnv) -> Fallback:
    on = On(arguments.on) if arguments.on else None
    return fallback_of(arguments.fallback, on, env.value("GOPROXY"))


async def _find(arguments: argparse.Namespace) -> _Found:
    variable = os.environ.get(VARIABLE, "")
    candidates = [Candidate(one.url) for one in arguments.of]
    try:
        if arguments.fleets is not None:
            candidates = picked(_read(arguments.fleets), variable)
        elif variable and not candidates and not arguments.name and "://" in variable:
            candidates = picked([], variable)
    except CandidatesError as e:
        raise UsageError(str(e)) from None
    if not candidates:
        return await _by_reach(arguments)
    if len(candidates) == 1 and arguments.fleets is None:
        return _Found(candidates[0].url)
    reasons = await probe(candidates, arguments.ca_file)
    for candidate, reason in zip(candidates, reasons, strict=True):
        if not reason:
            return _Found(candidate.url)
        print(f"# {candidate.name or candidate.url}: {reason}", file=sys.stderr)
    if arguments.fallback is None or arguments.fallback in ("off", "none"):
        raise ClientError("no fleet is healthy: see the lines above; --fallback direct goes on without one")
    print(f"# no fleet is healthy: {arguments.fallback} alone, as --fallback says", file=sys.stderr)
    return _Found(None)


async def _by_reach(arguments: argparse.Namespace) -> _Found:
    async with reach(where_of(arguments)) as place:
        fleet = await place.fleet(arguments.name)
    url = (None if fleet.is_local else exposed_url(fleet.item)) or fleet.url
    if url is None:
        raise ClientError(f"the status of {fleet.name} has no endpoint yet: wait, or give its URL with --of")
    try:
        checked: FleetUrl = fleet_url(url)
    except argparse.ArgumentTypeError as e:
        raise ClientError(f"the endpoint of {fleet.name}: {e}") from None
    if ".svc" in checked.url and not fleet.is_local:
        print(
            "# this name resolves in the cluster only; expose the fleet, or give --of URL, for others", file=sys.stderr
        )
    return _Found(checked.url, unverified_of(fleet.item))


def _read(file: Path) -> list[Candidate]:
    try:
        with file.open("rb") as opened:
            text = opened.read(_LARGEST_FILE + 1)
    except OSError as e:
        raise UsageError(f"--fleets {file}: {e.strerror}") from None
    if len(text) > _LARGEST_FILE:
        raise UsageError(f"--fleets {file}: it has more than {_LARGEST_FILE} bytes")
    try:
        return parse_candidates(text.decode(errors="replace"))
    except CandidatesError as e:
        raise UsageError(f"--fleets {file}: {e}") from None


def _own_shell() -> str:
    name = os.path.basename(os.environ.get("SHELL", ""))  # noqa: PTH119 - a text, and no file
    return name if name in SHELLS else "bash"


def _fallback(text: str) -> str:
    if text in ("direct", "off", "none"):
        return text
    read = fleet_url(text)
    if read.login is not None:
        raise argparse.ArgumentTypeError("the URL has a login, which would be printed: take it out")
    return read.url


def _secret(text: str) -> str:
    if not SECRET_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            "write the name of the secret, such as GOPROXY_TOKEN: letters, digits and _; the secret itself never"
        )
    return text


def _user(text: str) -> str:
    if not text or len(text) > _LONGEST_USER or not text.isprintable() or any(c.isspace() for c in text):
        raise argparse.ArgumentTypeError("a user of a netrc file has no white space, and at most 128 characters")
    return text
