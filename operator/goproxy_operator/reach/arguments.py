"""The arguments by which commands are told where a fleet is: kubectl's own, and `--local`."""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

from goproxy_operator.client.failure import UsageError
from goproxy_operator.client.spans import span_between

DEFAULT_SECONDS = 30.0
_MOST_SECONDS = 3600.0
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
"""A name of an object as Kubernetes has it (RFC 1123): it becomes part of a URL."""
_ANY = ""


@dataclass(frozen=True, slots=True)
class Where:
    """Says where fleets are looked for."""

    kubeconfig: Path | None = None
    """None: `$KUBECONFIG`, which may name several files, or else `~/.kube/config`."""
    context: str | None = None
    namespace: str | None = None
    """None: that of the context."""
    all_namespaces: bool = False
    acting_as: str | None = None
    acting_groups: tuple[str, ...] = ()
    seconds: float = DEFAULT_SECONDS
    """How long one call of the API server may take."""
    local: bool = False
    """Only on this machine."""
    data_dir: Path | None = None
    """The data folder of a fleet of this machine; None: the default ones."""

    @property
    def names_cluster(self) -> bool:
        """Say whether an argument says that a cluster is meant."""
        named = (self.kubeconfig, self.context, self.namespace, self.acting_as)
        return self.all_namespaces or any(one is not None for one in named)


def add_reach_arguments(parser: argparse.ArgumentParser, *, all_namespaces: bool = False) -> None:
    """Add what says where a fleet is; `all_namespaces` adds -A, for commands about several fleets."""
    group = parser.add_argument_group("where the fleet is")
    group.add_argument("--kubeconfig", type=Path, metavar="FILE", help="default: $KUBECONFIG, else ~/.kube/config")
    group.add_argument("--context", metavar="NAME", help="a context of the kubeconfig (default: its current one)")
    group.add_argument(
        "-n", "--namespace", type=object_name, metavar="NS", help="the fleet's namespace (default: that of the context)"
    )
    if all_namespaces:
        group.add_argument("-A", "--all-namespaces", action="store_true", help="the fleets of all namespaces")
    group.add_argument("--as", dest="acting_as", metavar="USER", help="act as this user (impersonation)")
    group.add_argument(
        "--as-group", dest="acting_groups", action="append", default=[], metavar="GROUP", help="and in this group"
    )
    group.add_argument(
        "--request-timeout",
        type=span_between(0.1, _MOST_SECONDS, "write a time from 1s to 1h, such as 10s"),
        default=DEFAULT_SECONDS,
        metavar="TIME",
        help="how long a call of the API server may take, such as 10s (default: 30s)",
    )
    group.add_argument(
        "--local",
        nargs="?",
        const=_ANY,
        metavar="DATA_DIR",
        help="a fleet of this machine, which `goproxy-operator local` runs; DATA_DIR is its --data-dir (default: the "
        "default one). Where there is no kubeconfig, a fleet that runs here is found without this",
    )


def where_of(arguments: argparse.Namespace) -> Where:
    """Read what `add_reach_arguments` has added. Raises `UsageError`."""
    where = Where(
        arguments.kubeconfig,
        arguments.context,
        arguments.namespace,
        getattr(arguments, "all_namespaces", False),
        arguments.acting_as,
        tuple(arguments.acting_groups),
        arguments.request_timeout,
        arguments.local is not None,
        Path(arguments.local) if arguments.local else None,
    )
    if where.local and where.names_cluster:
        raise UsageError("--local means this machine, and the other arguments mean a cluster: give either")
    if where.acting_groups and where.acting_as is None:
        raise UsageError("--as-group needs --as USER: a group alone is nobody")
    return where


def object_name(text: str) -> str:
    """Read the name of an object or a namespace, for argparse."""
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of an object: lower-case letters, digits, - and . only")
    return text
