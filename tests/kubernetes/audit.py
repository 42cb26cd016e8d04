"""Reads the API server's audit log as it grows: which calls were made since a moment, and by whom."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

WRITES = ("create", "update", "patch", "delete", "deletecollection")

# The API server logs each call before it handles it (RequestReceived), so a call whose answer a client has seen is in
# the file. It logs the call again when it answers (ResponseComplete), maybe a moment after the client has the answer.
POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [ResponseStarted]
rules:
- level: None
  users: [system:apiserver]
- level: None
  nonResourceURLs: [/healthz*, /livez*, /readyz*]
- level: Metadata
"""


@dataclass(frozen=True)
class Call:
    """One call to the API server. A field that does not concern it is empty: `/version` has no resource."""

    id: str
    user: str
    verb: str
    uri: str
    user_agent: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int | None  # the HTTP status; None until the answer is logged: for a watch, when it ends
    refused: str  # for want of which right, in RBAC's words: 403 is also said of a namespace that is going


@dataclass(frozen=True)
class Mark:
    """A moment in the log."""

    calls: int


START = Mark(0)


def matching(
    calls: Iterable[Call],
    *,
    user: str | None = None,
    verbs: str | Collection[str] | None = None,
    resource: str | None = None,
    subresource: str | None = None,
    namespace: str | None = None,
) -> list[Call]:
    """The calls for which all that is given holds. A subresource of "" means the object itself."""
    wanted_verbs = (verbs,) if isinstance(verbs, str) else verbs
    return [
        call
        for call in calls
        if (user is None or call.user == user)
        and (wanted_verbs is None or call.verb in wanted_verbs)
        and (resource is None or call.resource == resource)
        and (subresource is None or call.subresource == subresource)
        and (namespace is None or call.namespace == namespace)
    ]


class AuditLog:
    """Reads the file that the API server appends to, each line once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0  # bytes
        self._calls: dict[str, Call] = {}  # in the order in which they arrived

    def mark(self) -> Mark:
        """This moment. A call that was answered before it is not `since` it; one that is sent after it is."""
        self._catch_up()
        return Mark(len(self._calls))

    def since(self, mark: Mark) -> list[Call]:
        """All calls since the mark, oldest first, whoever made them: `matching` narrows them down."""
        self._catch_up()
        return list(self._calls.values())[mark.calls :]

    def _catch_up(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._read)
            fresh = file.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]  # the last line may be half written
        self._read += len(whole)
        for line in whole.splitlines():
            self._take(json.loads(line))

    def _take(self, event: dict[str, Any]) -> None:
        call = _call(event)
        known = self._calls.get(call.id)
        # A create has its name only once it is answered.
        self._calls[call.id] = (
            call
            if known is None
            else replace(known, code=call.code, name=call.name or known.name, refused=call.refused)
        )


def _call(event: dict[str, Any]) -> Call:
    about = event.get("objectRef", {})
    return Call(
        id=event["auditID"],
        user=event["user"].get("username", ""),
        verb=event["verb"],
        uri=event["requestURI"],
        user_agent=event.get("userAgent", ""),
        group=about.get("apiGroup", ""),
        resource=about.get("resource", ""),
        subresource=about.get("subresource", ""),
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        code=event["responseStatus"]["code"] if event["stage"] == "ResponseComplete" else None,
        refused=_refusal(event.get("responseStatus", {})),
    )


def _refusal(status: dict[str, Any]) -> str:
    message = str(status.get("message", ""))
    return message if status.get("code") == 403 and 'User "' in message else ""
