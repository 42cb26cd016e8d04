"""What a webhook says: which repository, and which of its tags and branches have changed. Pure.

Sources: the documents of each forge about the payloads of its webhooks. Of a URL only the path is taken: the host that
a payload names is nobody to fetch from.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from modproxy.sync.forge import Forge, Sender

MOST_CHANGES = 256
"""Tags and branches of one webhook that are looked at: the schedule finds the others."""
_LONGEST = 1024
_TAGS, _HEADS = "refs/tags/", "refs/heads/"
_PINGS = frozenset(["ping", "diagnostics:ping"])


class EventError(ValueError):
    """The payload is not what its forge sends; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class RefChange:
    """Tells of one tag or branch."""

    name: str
    """Without `refs/tags/` or `refs/heads/`."""
    tag: bool
    deleted: bool = False
    moved: bool = False
    """Whether there was one of the name before."""


@dataclass(frozen=True, slots=True)
class Push:
    """Tells of one repository."""

    places: tuple[str, ...]
    """The paths of the repository below its host, such as `platform/lib`: one for each way to name it."""
    changes: tuple[RefChange, ...]
    delivery: str = ""
    """The id of the delivery, where the body has it."""


def is_ping(sender: Sender) -> bool:
    """Say whether the forge only tries whether somebody is there."""
    return sender.event in _PINGS


def read_push(sender: Sender, body: dict[str, Any]) -> Push | None:
    """Return what a payload says of tags and branches; None for an event of another kind. Raises `EventError`."""
    match sender.forge:
        case Forge.GITHUB | Forge.GITEA | Forge.FORGEJO:
            return _of_github(sender.event, body)
        case Forge.GITLAB:
            return _of_gitlab(body)
        case Forge.BITBUCKET_CLOUD:
            return _of_bitbucket_cloud(body) if sender.event == "repo:push" else None
        case Forge.BITBUCKET_DATA_CENTER:
            return _of_bitbucket_data_center(body) if sender.event == "repo:refs_changed" else None
        case Forge.AZURE_DEVOPS:
            return _of_azure(body)


def _of_github(event: str, body: dict[str, Any]) -> Push | None:
    if event not in ("push", "create", "delete"):
        return None
    repository = _object(body, "repository")
    names = ("clone_url", "ssh_url", "html_url", "full_name")
    places = _places(*(_text(repository, name) for name in names))
    if event == "push":
        change = _by_ref(_text(body, "ref"), _text(body, "before"), _text(body, "after"))
    else:
        kind = _text(body, "ref_type")
        if kind not in ("tag", "branch"):
            return None
        change = RefChange(_text(body, "ref"), kind == "tag", deleted=event == "delete")
    return _push(places, [change])


def _of_gitlab(body: dict[str, Any]) -> Push | None:
    # A system hook sends the same payloads. `event_name` tells repository_update from push.
    if _text(body, "object_kind") not in ("push", "tag_push"):
        return None
    project = _object(body, "project")
    names = ("git_http_url", "git_ssh_url", "web_url", "path_with_namespace")
    change = _by_ref(_text(body, "ref"), _text(body, "before"), _text(body, "after"))
    return _push(_places(*(_text(project, name) for name in names)), [change])


def _of_bitbucket_cloud(body: dict[str, Any]) -> Push:
    repository = _object(body, "repository")
    links = repository.get("links")
    html = links.get("html") if isinstance(links, dict) else None
    places = _places(_text(repository, "full_name"), _text(html, "href") if isinstance(html, dict) else "")
    return _push(places, list(_cloud_changes(_object(body, "push"))))


def _cloud_changes(push: dict[str, Any]) -> Iterator[RefChange]:
    for one in _list(push, "changes"):
        new, old = (one.get(which) if isinstance(one.get(which), dict) else None for which in ("new", "old"))
        ref = new or old
        if ref is not None and _text(ref, "type") in ("tag", "branch", "annotated_tag"):
            tag = _text(ref, "type") != "branch"
            yield RefChange(_text(ref, "name"), tag, deleted=new is None, moved=new is not None and old is not None)


def _of_bitbucket_data_center(body: dict[str, Any]) -> Push:
    repository = _object(body, "repository")
    links = repository.get("links")
    clone = links.get("clone") if isinstance(links, dict) else None
    urls = [_text(one, "href") for one in clone[:8] if isinstance(one, dict)] if isinstance(clone, list) else []
    project = repository.get("project")
    key = _text(project, "key") if isinstance(project, dict) else ""
    slug = _text(repository, "slug")
    if key and slug:
        urls += [f"{key.lower()}/{slug}", f"scm/{key.lower()}/{slug}"]
    changes = []
    for one in _list(body, "changes"):
        ref = one.get("ref")
        kind = _text(one, "type")
        change = _by_ref(_text(ref, "id") if isinstance(ref, dict) else _text(one, "refId"), "", "")
        if change is not None:
            changes.append(RefChange(change.name, change.tag, deleted=kind == "DELETE", moved=kind == "UPDATE"))
    return _push(_places(*urls), changes)


def _of_azure(body: dict[str, Any]) -> Push | None:
    if _text(body, "eventType") != "git.push":
        return None
    resource = _object(body, "resource")
    repository = _object(resource, "repository")
    changes = [
        _by_ref(_text(one, "name"), _text(one, "oldObjectId"), _text(one, "newObjectId"))
        for one in _list(resource, "refUpdates")
    ]
    return _push(_places(_text(repository, "remoteUrl")), changes, _text(body, "id"))


def _push(places: tuple[str, ...], changes: list[RefChange | None] | list[RefChange], delivery: str = "") -> Push:
    if not places:
        raise EventError("it names no repository")
    good = tuple(one for one in changes if one is not None and 0 < len(one.name) <= _LONGEST)
    return Push(places, good[:MOST_CHANGES], delivery)


def _by_ref(ref: str, before: str, after: str) -> RefChange | None:
    """Read a full ref, with the commits before and after: zeros where there is none."""
    tag = ref.startswith(_TAGS)
    if not tag and not ref.startswith(_HEADS):
        return None
    name = ref.removeprefix(_TAGS if tag else _HEADS)
    gone = _is_zeros(after)
    return RefChange(name, tag, deleted=gone, moved=bool(before) and not _is_zeros(before) and not gone)


def _is_zeros(commit: str) -> bool:
    return bool(commit) and not commit.strip("0")


def _places(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place for text in texts if (place := repository_path(text))))


def repository_path(text: str) -> str:
    """Return the path of a repository below its host, without `.git`; empty for what names none.

    The text is a URL, a place of ssh as `git@host:platform/lib.git`, or such a path.
    """
    if "://" in text:
        try:
            path = unquote(urlsplit(text).path)
        except ValueError:
            return ""
    else:
        host, colon, rest = text.partition(":")
        path = rest if colon and "/" not in host else text
    path = path.strip("/").removesuffix(".git")
    elements = path.split("/")
    lawful = path.isprintable() and len(path) <= _LONGEST and all(one not in ("", ".", "..") for one in elements)
    return path if lawful else ""


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    if not isinstance(found, dict):
        raise EventError(f"it has no object {name}")
    return found


def _list(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = body.get(name)
    if not isinstance(found, list):
        raise EventError(f"it has no list {name}")
    return [one for one in found[:MOST_CHANGES] if isinstance(one, dict)]


def _text(body: dict[str, Any], name: str) -> str:
    found = body.get(name)
    return found if isinstance(found, str) and len(found) <= _LONGEST else ""
