"""What the operator is told on its command line, about all fleets."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds; `namespaces` is None for all; `identity` names this process."""

    namespaces: Sequence[str] | None
    default_image: str
    """Of the replicas, where an object names none."""
    identity: str
    operator_namespace: str = ""
    """Where the operator's own pods are: the replicas' NetworkPolicies let them in."""
    resync: float = 600.0
    scrape_interval: float = 15.0
    discovery_interval: float = 30.0
    rollouts: int = 5
    """So many fleets at once get what a new version of the operator makes of them."""
    keep_idle_claims: float = 7 * 24 * 3600.0
    """How long the claim of a replica that is no more is kept."""
    grow_after: float = 600.0
    """How long a cache stays full before `growTo` lets it grow."""
    ignore_classes: bool = False
    """Let every fleet be what it likes."""
