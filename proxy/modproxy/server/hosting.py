"""The actions by which modules of the fleet's own are published and deleted, and how often each was done."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from modproxy.server.actions import Action
from modproxy.server.artifactory import ArtifactoryVersion
from modproxy.server.changing import Counts
from modproxy.server.decide.artifactory import ARTIFACTORY
from modproxy.server.deletion import Deletion
from modproxy.server.handler import ClientHandler
from modproxy.server.publish import HostingParts, Publication


@dataclass(frozen=True, slots=True)
class HostingActions:
    """Carries the actions by their names."""

    actions: Mapping[str, Action]
    counts: Counts


def of_hosted(
    handler: ClientHandler,
    parts: HostingParts,
) -> HostingActions:
    """Make the actions. They do nothing where the config has no hosted modules: the method is refused then."""
    counts: Counts = Counter()
    carried_out = handler.carried_out
    actions: dict[str, Action] = {
        "publish": Publication(parts, carried_out, counts),
        "delete": Deletion(parts.mixed.shelf, parts.changes, parts.own, carried_out, counts),
        ARTIFACTORY: ArtifactoryVersion(),
    }
    return HostingActions(actions, counts)
