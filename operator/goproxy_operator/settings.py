"""The settings of the operator, from its command line. They hold for all fleets."""

from collections.abc import Sequence
from dataclasses import dataclass


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
    runbooks: str = ""
    """Where people read docs/runbooks, for the links of alerts; "" names the files of this repository."""
    resync: float = 600.0
    scrape_interval: float = 15.0
    discovery_interval: float = 30.0
    rollouts: int = 5
    """So many fleets are rolled at a time when a new version of the operator changes them."""
    keep_idle_claims: float = 7 * 24 * 3600.0
    """How long the claim of a replica that was scaled in is kept."""
    grow_after: float = 600.0
    """How long a cache stays full before `growTo` lets it grow."""
    ignore_classes: bool = False
    """Read no classes, so that nothing limits a fleet."""
