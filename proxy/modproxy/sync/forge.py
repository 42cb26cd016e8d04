"""Which forge a webhook is from, by its headers. Pure.

Sources: the documents of each forge about its webhooks; of Gitea also what a real one sends. Gitea and Forgejo send the
headers of Gogs and GitHub too, so their own headers are looked at first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_LONGEST = 200
"""Characters of an event's name or of an id: those of all forges are shorter."""


class Forge(StrEnum):
    """Names a kind of forge, also as a label of metrics."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    FORGEJO = "forgejo"
    BITBUCKET_CLOUD = "bitbucketCloud"
    BITBUCKET_DATA_CENTER = "bitbucketDataCenter"
    AZURE_DEVOPS = "azureDevOps"


@dataclass(frozen=True, slots=True)
class Sender:
    """Says which forge sends, and what its headers say of the event."""

    forge: Forge
    event: str
    """The forge's own name of the event; empty where only the body tells it."""
    delivery: str
    """The forge's own id of the delivery; empty where only the body tells it."""


_BY_HEADER = (
    ("X-Forgejo-Event", Forge.FORGEJO, ("X-Forgejo-Delivery",)),
    ("X-Gitea-Event", Forge.GITEA, ("X-Gitea-Delivery",)),
    ("X-GitHub-Event", Forge.GITHUB, ("X-GitHub-Delivery",)),
    ("X-Gitlab-Event", Forge.GITLAB, ("webhook-id", "Idempotency-Key", "X-Gitlab-Event-UUID")),
)


def sender_of(headers: Mapping[str, str]) -> Sender | None:
    """Return who sends a webhook; None for a request that no forge sends. The mapping ignores the case of names."""
    for header, forge, ids in _BY_HEADER:
        if header in headers:
            return Sender(forge, headers[header][:_LONGEST], _first(headers, ids))
    event = headers.get("X-Event-Key")
    if event is not None:
        cloud = "X-Hook-UUID" in headers
        forge = Forge.BITBUCKET_CLOUD if cloud else Forge.BITBUCKET_DATA_CENTER
        return Sender(forge, event[:_LONGEST], _first(headers, ("X-Request-UUID", "X-Request-Id")))
    if headers.get("Authorization", "").lower().startswith("basic "):
        return Sender(Forge.AZURE_DEVOPS, "", "")  # it has no header of its own, and proves itself by a login
    return None


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((headers[name][:_LONGEST] for name in names if name in headers), "")
