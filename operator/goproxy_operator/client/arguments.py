"""The arguments that all commands share that ask a fleet."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from modproxy.mod.login import UrlLogin, split_login

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class FleetUrl:
    """Says where a fleet is, and the login that its URL had."""

    url: str
    """Without a login, and without a slash at its end."""
    login: UrlLogin | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """Says which fleet is asked, and how."""

    fleet: FleetUrl
    token_file: Path | None = None
    ca_file: Path | None = None
    """A PEM file with certificates that are trusted besides those of the machine."""
    allow_http: bool = False
    """Whether a credential may be sent over plain HTTP."""
    timeout: float = _SECONDS
    """Seconds that the fleet may be silent."""


def add_fleet_arguments(
    parser: argparse.ArgumentParser,
    flag: str,
    help_text: str,
    *,
    required: bool = True,
    read: Callable[[str], object] | None = None,
) -> None:
    """Add the URL of the fleet under `flag`, such as `--to`, and how it is asked. `read` takes other URLs too."""
    parser.add_argument(flag, dest="fleet", metavar="URL", type=read or fleet_url, required=required, help=help_text)
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="a bearer token for the fleet (default: the login in the URL, the token of `goproxy-operator login`, or "
        "the netrc file)",
    )
    parser.add_argument("--ca-file", type=Path, metavar="FILE", help="trust the certificates of this PEM file too")
    parser.add_argument(
        "--allow-http",
        action="store_true",
        help="send the credential over plain http too, where something else encrypts the way, such as a mesh",
    )


def asking_of(arguments: argparse.Namespace) -> Asking:
    """Read what `add_fleet_arguments` has added."""
    return Asking(arguments.fleet, arguments.token_file, arguments.ca_file, arguments.allow_http)


def fleet_url(text: str) -> FleetUrl:
    """Read the URL of a fleet, as GOPROXY names it. The message of an error shows no password."""
    url, login = split_login(text.strip())
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none, or an open bracket
        good = False
    if not good or parts.query or parts.fragment or not url.isprintable() or " " in url or "@" in url or "," in url:
        shown = "the URL" if "@" in text else repr(text)
        raise argparse.ArgumentTypeError(f"{shown} is no URL of one fleet: write https://HOST, perhaps with a path")
    return FleetUrl(f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}", login)
