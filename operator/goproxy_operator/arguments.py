"""The command line of `goproxy-operator`: its sub-commands, what each takes, and the help that teaches it."""

import argparse
import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from goproxy_operator.settings import DOCS, docs_argument
from modproxy.contract.address import parse_address
from modproxy.contract.duration import parse_duration
from modproxy.contract.log_lines import FORMAT_HELP, FORMATS, TEXT

_EPILOG = """\
examples:
  goproxy-operator local -f goproxy.yaml
      run the object of the file on this machine, and show the GOPROXY line to paste
  goproxy-operator run --image registry.example.com/modproxy:VERSION --kubeconfig FILE --lease-namespace default
      run the operator against a cluster, from outside of it
  goproxy-operator run --image registry.example.com/platform/modproxy:VERSION --namespace build --namespace test
      in a pod: look after the objects of two namespaces only
  kubectl goproxy status team-a --namespace build
      what a fleet does, and what to do about what is wrong; every command has examples in its own --help

exit status: 0 done, 1 something was refused, is missing or failed (a line says what), 2 wrong usage, 130 Ctrl-C
"""
OF_PEOPLE = {
    "status": "show a fleet at a glance",
    "list": "list fleets",
    "events": "show what happened to a fleet",
    "top": "show which modules of a fleet are used most",
    "why": "explain why a module is allowed or refused, and where it comes from",
    "inventory": "list which versions were served to whom, from the audit log",
    "doctor": "find out why requests fail, and what to do",
    "env": "print or write the settings that make the go command use a fleet",
    "slo": "say whether a release made an objective of a fleet worse, for pipelines",
    "completion": "print what makes a shell complete these commands",
}
"""The commands of `kubectl goproxy`, which look at fleets."""


def version() -> str:
    """Return the version of this distribution, which is the replicas' too."""
    return importlib.metadata.version("goproxy-operator")


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `run` takes."""
    parser.add_argument(
        "--namespace",
        action="append",
        metavar="NS",
        help="look after the GoProxy objects of this namespace; may be given more than once, or as all (default: all)",
    )
    parser.add_argument(
        "--image",
        required=True,
        metavar="IMAGE",
        help="image of the replicas where an object names none, such as registry.example.com/platform/modproxy:"
        f"{version()}. A name without a registry means the library of a public one to most clusters",
    )
    parser.add_argument(
        "--health",
        default=":8085",
        type=_address,
        metavar="HOST:PORT",
        help="where /healthz and /metrics are served (default: :8085)",
    )
    parser.add_argument(
        "--external-metrics",
        type=_address,
        metavar="HOST:PORT",
        help="where external.metrics.k8s.io is served to the API server, for autoscaling (default: not at all)",
    )
    parser.add_argument(
        "--external-metrics-service",
        default="goproxy-operator-external-metrics",
        metavar="NAME",
        help="the Service to which the APIService points, and the Secret of the certificate; both in the Lease's "
        "namespace (default: %(default)s)",
    )
    parser.add_argument(
        "--lease-namespace",
        metavar="NS",
        help="namespace of the Lease that elects the one active operator (default: the pod's own)",
    )
    parser.add_argument(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="how to reach the API server (default: the service account of the pod)",
    )
    parser.add_argument(
        "--context",
        metavar="NAME",
        help="which context of the kubeconfig (default: its current one)",
    )
    parser.add_argument(
        "--resync",
        default="600s",
        type=_seconds,
        metavar="DURATION",
        help="every so often everything is looked at anew, in case something was missed (default: 600s)",
    )
    parser.add_argument(
        "--scrape-interval",
        default="15s",
        type=_seconds,
        metavar="DURATION",
        help="every so often each replica is asked for its report (default: 15s)",
    )
    parser.add_argument(
        "--discovery-interval",
        default="30s",
        type=_seconds,
        metavar="DURATION",
        help="every so often it is asked which optional APIs the cluster serves, such as ServiceMonitor (default: 30s)",
    )
    parser.add_argument(
        "--ignore-classes",
        action="store_true",
        help="read no GoProxyClass and no Namespace, and let every fleet be what it likes: for an operator that has no "
        "right outside of its namespaces",
    )
    parser.add_argument(
        "--rollouts",
        default=5,
        type=_count,
        metavar="N",
        help="so many fleets at once are given what a new version of the operator makes of them (default: 5)",
    )
    parser.add_argument(
        "--keep-idle-claims",
        default="168h",
        type=_seconds,
        metavar="DURATION",
        help="how long the volume claim of a replica that was scaled in is kept for its return (default: 168h)",
    )
    parser.add_argument(
        "--grow-after",
        default="10m",
        type=_seconds,
        metavar="DURATION",
        help="how long a cache stays full before cache.storage.growTo lets it grow (default: 10m)",
    )
    parser.add_argument(
        "--docs",
        default=DOCS,
        type=docs_argument,
        metavar="URL",
        help="where people read the folder docs of the operator's repository: alerts, conditions and errors link there "
        "(default: they name the files there)",
    )
    parser.add_argument("--log-format", choices=FORMATS, default=TEXT, help=f"{FORMAT_HELP}; the replicas log so too")
    parser.add_argument("--verbose", action="store_true", help="log what is done in detail")


class Parser(argparse.ArgumentParser):
    """A parser that something may be done with when all its arguments are known, just before it parses."""

    complete: Callable[["Parser"], None] | None = None
    """Completes the line, or describes the parser, and raises."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, unless the line is to be completed."""
        if self.complete is not None:
            complete, self.complete = self.complete, None  # what completes, parses too
            complete(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """End the program by what is wrong and where help is: the usage of most commands would fill the screen."""
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)
        self.exit(2, f"{self.prog}: error: {shown}\n{self.prog} --help tells more\n")


def make_parser(prog: str = "goproxy-operator") -> tuple[Parser, dict[str, argparse.ArgumentParser]]:
    """Return the whole parser, and those of the sub-commands that add their own arguments."""
    parser = Parser(
        prog=prog,
        description="Fleets of caching Go module proxies, made from GoProxy objects: in Kubernetes or on one machine.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"goproxy-operator {version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="look after the GoProxy objects of a cluster",
        description="Look after the GoProxy objects of a cluster, until SIGTERM. Any number may run: one is active.",
        epilog="exit status: 0 stopped by a signal, 1 something failed (one line says what), 2 wrong usage",
    )
    add_run_arguments(run)
    local = commands.add_parser("local", help="run one GoProxy on this machine, without a cluster")
    login = commands.add_parser("login", help="get a token for a fleet")
    goauth = commands.add_parser("goauth", help="give that token to the go command")
    logout = commands.add_parser("logout", help="remove that token")
    publish = commands.add_parser("publish", help="publish a version of a module to a fleet")
    prefetch = commands.add_parser("prefetch", help="have a fleet fetch all that a go.mod or a go.sum file names")
    bundle = commands.add_parser("bundle", help="carry modules over an air gap, or in from another proxy")
    own: dict[str, argparse.ArgumentParser] = {"local": local, "login": login, "goauth": goauth, "logout": logout}
    own |= {"publish": publish, "prefetch": prefetch, "bundle": bundle}
    for name, help_text in OF_PEOPLE.items():
        own[name] = commands.add_parser(name, help=help_text)
    return parser, own


def namespaces(values: list[str] | None) -> list[str] | None:
    """Return the namespaces of the arguments, each once; None for all."""
    if values is None or "all" in values:
        return None
    return sorted(set(values))


def _address(text: str) -> tuple[str, int]:
    try:
        address = parse_address(text)
    except ValueError as e:
        raise argparse.ArgumentTypeError(str(e)) from None
    return address.host, address.port


def _count(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of fleets: write 1 or more")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as e:
        raise argparse.ArgumentTypeError(str(e)) from None
    if seconds <= 0:
        raise argparse.ArgumentTypeError("has to be longer than nothing: write for example 15s")
    return seconds
