"""A record of the audit log as a line of JSON. Pure.

Every text comes from outside, so each is cut to a length, and what a terminal would obey is escaped in it. The path and
the query of a URL, header values and credentials are in no entry, so no record can show one.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from modproxy.identity.principal import Principal
from modproxy.quoting import escape_controls

_LONGEST = 512
"""Characters of a text: module paths are shorter, and a claim of a token may be as long as the token."""
_LONGEST_MEMBER = 128
"""Characters of the name of a group or of a scope."""
_MOST_MEMBERS = 64
"""Groups or scopes of a record: directories have users with thousands."""
_REMEMBERED = 4096
"""How many fragments of lines are remembered, of targets and principals each: a project has some hundred modules."""


class Verdict(StrEnum):
    """What was decided about a request: the `decision` of a record."""

    ALLOWED = "allowed"
    """It was answered, or would have been if upstream had given an answer."""
    DRY_RUN = "dryRun"
    """It was answered, because the rule that would refuse it is in DryRun."""
    REFUSED = "refused"
    """A rule refused it; `rule` names the rule."""
    UNAUTHENTICATED = "unauthenticated"
    """It had no credential, or a bad one."""
    UNVERIFIED = "unverified"
    """What was fetched is not what the checksum database says."""
    MALFORMED = "malformed"
    """The protocol refused it: its method, its host, its path, or a loop."""


class Entry(NamedTuple):
    """What is known of a request once it is answered. To make one must cost little: hits make it too."""

    time: float
    """When the answer ended, in seconds since the epoch."""
    id: str | bytes
    """The request's id, of ASCII characters; hits have it as bytes."""
    principal: Principal
    client: str
    """The client's address."""
    verb: str
    module: str | None
    """The path of the module that was asked for; None for what tells of no module, and without a lawful path."""
    version: str
    endpoint: str
    verdict: Verdict
    rule: str
    status: int
    cache: str
    sent: int
    """Bytes of the body. Where an answer broke off: what was handed to the connection, with the head."""
    seconds: float
    upstream: str
    """The host that was asked; empty where none was."""
    trace_id: str = ""
    """The trace that the request belongs to; empty for none."""

    @property
    def kept(self) -> bool:
        """Whether the record is dropped last: it tells of a refusal or of a security event."""
        return self.verdict is not Verdict.ALLOWED


class LineMaker:
    """Makes the lines of one replica: `fleet` is `namespace/name`, `replica` the name of its host."""

    def __init__(self, fleet: str, replica: str) -> None:
        self._end = f',"fleet":{_text(fleet)},"replica":{_text(replica)}}}\n'
        self._second = (-1, "")

    def line(self, entry: Entry) -> str:
        """Return the line, with its line break. All characters are ASCII."""
        (time, id_, principal, client, verb, module, version, endpoint, verdict, rule, status, cache, sent, seconds,
         upstream, trace_id) = entry  # fmt: skip
        trace = f',"trace_id":{json.dumps(trace_id)}' if trace_id else ""
        name = id_.decode("ascii") if isinstance(id_, bytes) else id_
        return (
            f'{{"time":"{self._stamp(time)}","req_id":{json.dumps(name)}{trace}{_who(principal)}'
            f',"client":{_text(client)},"verb":{_text(verb)}{_what(module or "", version)},"endpoint":{_text(endpoint)}'
            f',"decision":"{verdict.value}","rule":{_text(rule)},"status":{status},"cache":{_text(cache)}'
            f',"bytes":{sent},"duration_ms":{seconds * 1000:.3f},"upstream":{_text(upstream)}{self._end}'
        )

    def _stamp(self, time: float) -> str:
        """Write a time as RFC 3339 has it, in UTC, with milliseconds."""
        millis = int(time * 1000)
        second, part = divmod(millis, 1000)
        if second != self._second[0]:
            self._second = second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._second[1]}.{part:03d}Z"


def document(line: str) -> str:
    """Return the line as a document of a data stream, which needs `@timestamp`."""
    stamp = line[len('{"time":') : line.index(",")]
    return f'{{"@timestamp":{stamp},{line[1:]}'


@lru_cache(_REMEMBERED)
def _text(text: str, longest: int = _LONGEST) -> str:
    """Return a text from outside as a JSON string."""
    shown = text if len(text) <= longest else f"{text[:longest]}..."
    return json.dumps(escape_controls(shown))


@lru_cache(_REMEMBERED)
def _who(principal: Principal) -> str:
    return (
        f',"user_principal":{_text(principal.name)},"groups":{_list(sorted(principal.groups))}'
        f',"oauth_scope":{_list(principal.scopes)},"auth_method":"{principal.method.value}"'
    )


@lru_cache(_REMEMBERED)
def _what(module: str, version: str) -> str:
    return f',"module":{_text(module)},"version":{_text(version)}'


def _list(members: Iterable[str]) -> str:
    kept = [_text(member, _LONGEST_MEMBER) for _, member in zip(range(_MOST_MEMBERS), members, strict=False)]
    return f"[{','.join(kept)}]"
