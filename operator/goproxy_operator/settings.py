"""The settings of the operator, from its command line. They hold for all fleets."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass

from modproxy.contract.log_lines import TEXT

DOCS = "docs"
"""Names the files of this repository, where nobody says at which URL people read them."""
_DOCS = re.compile(r"[!-~]{1,256}")


def docs_argument(text: str) -> str:
    """Check the value of `--docs`, which goes into alerts, conditions and errors. Raises `ArgumentTypeError`."""
    docs = text.rstrip("/")
    if not _DOCS.fullmatch(docs):
        raise argparse.ArgumentTypeError("write a URL or the path of a folder: 1 to 256 ASCII characters, no blanks")
    return docs


@dataclass(frozen=True, slots=True)
class Settings:
    """Carries the command line to those who need it. Times are in seconds; `namespaces` is None for all."""

    namespaces: Sequence[str] | None
    default_image: str
    """The image of the replicas where an object names no image."""
    identity: str
    """Names this process."""
    operator_namespace: str = ""
    """The namespace of the operator's own pods, which the replicas' NetworkPolicies let in."""
    docs: str = DOCS
    """Where people read the folder docs of this repository, for the links of alerts and conditions."""
    resync: float = 600.0
    scrape_interval: float = 15.0
    discovery_interval: float = 30.0
    rollouts: int = 5
    """So many fleets are rolled at a time when a new version of the operator changes them."""
    keep_idle_claims: float = 7 * 24 * 3600.0
    """How long the claim of a replica that was scaled in is kept."""
    grow_after: float = 600.0
    """How long a cache stays full before `growTo` lets it grow."""
    log_format: str = TEXT
    """How the replicas log, as the operator does: one of `log_lines.FORMATS`."""
    ignore_classes: bool = False
    """Read no classes, so that nothing limits a fleet."""
