"""A client's request as it arrived: its method, the headers that matter here, and the target of its path. Pure, except
for the id of a request that brings none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from multidict import MultiMapping

from modproxy.identity.principal import ANONYMOUS, Principal
from modproxy.in_force import Rules
from modproxy.mod.sumdb import SumdbTarget, is_lookup_of, is_sumdb_path, parse_sumdb_target
from modproxy.mod.target import NoSuchTarget, Target, TargetError, decode_path, parse_target
from modproxy.request import AnyTarget, Request
from modproxy.request_ids import REQUEST_IDS
from modproxy.server.decide.artifactory import ARTIFACTORY, VERSION_PATH, path_of_change, without_parameters
from modproxy.via import ViaEntry, capped

_LONGEST_REMEMBERED = 200
"""Characters: paths of real modules are shorter, and a few thousand longer ones would take much memory."""
_remembered_target = lru_cache(maxsize=4096)(parse_target)
ACTIONS: Mapping[str, str] = {
    "prefetch": "POST",
    "webhook": "POST",
    "import": "POST",
    "held": "GET",
    "why": "GET",
    ARTIFACTORY: "GET",
}
"""The actions below `/-/`, with their methods."""
_CHANGES = {"PUT": "publish", "DELETE": "delete"}
"""The actions on the files of modules, by their methods."""
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
TRACE_PARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
"""Source: W3C Trace Context, section 3.2."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Carries what is known of a client's request to the checks that decide whether the request is answered."""

    method: str
    target: AnyTarget | None = None
    """The target of the path. None for a path with a `fault`, and for `supported` of the checksum database, which is
    answered without a lookup.
    """
    fault: TargetError | NoSuchTarget | None = None
    """Why the path has no target."""
    host: str = ""
    """The `Host` header; empty without one."""
    via: str = ""
    """The newest entries of all `Via` headers of the client, joined with commas."""
    cached_only: bool = False
    """Whether the client sent `Disable-Module-Fetch: true`."""
    id: str = ""
    """Names the request: the `X-Request-Id` of the client, where it is well-formed, else a new UUID."""
    trace: str = ""
    """The `traceparent` of the client, unchecked."""
    root: bool = False
    """Whether the path is the root of the host or of the prefix: there credentials can be tried."""
    action: str = ""
    """The action that the request is for; empty for one that asks for a file."""
    principal: Principal = ANONYMOUS
    """Who makes the request."""

    def request(self, target: AnyTarget, own: ViaEntry) -> Request:
        """Make the request for the cache. A malformed trace is dropped."""
        return Request(
            target,
            via=self.via,
            hop=own.hops(self.via),
            cached_only=self.cached_only,
            principal=self.principal,
            id=self.id,
            trace=self.trace if self.trace and TRACE_PARENT.fullmatch(self.trace) else None,
        )


def authorization_of(headers: MultiMapping[str]) -> str | None:
    """Return the Authorization header. Several are joined, and prove nothing: none says which one counts."""
    return ", ".join(headers.getall("Authorization")) if "Authorization" in headers else None


def request_id_of(headers: MultiMapping[str]) -> str:
    """Return the client's name for its request; empty without a well-formed one."""
    text = headers.get("X-Request-Id", "")
    return text if is_request_id(text.encode("utf-8", "surrogateescape")) else ""


def is_request_id(text: bytes) -> bool:
    """Say whether a client's name for its request is well-formed, and so kept."""
    return _REQUEST_ID.fullmatch(text) is not None


def read_arrival(method: str, raw_path: str, headers: MultiMapping[str], rules: Rules) -> Arrival:
    """Read a request. `raw_path` is the target of the request line, undecoded."""
    root = raw_path.partition("?")[0] in ("/", rules.prefix, f"{rules.prefix}/")
    action = "" if root else _named_action(raw_path, rules.prefix)
    change = "" if root else _CHANGES.get(method, "")
    target, fault = (None, None) if root or action else _read_path(raw_path, rules, change=bool(change))
    return Arrival(
        method,
        target,
        fault,
        action=action or change,
        host=headers.get("Host", "") if rules.hosts else "",
        via=capped(", ".join(headers.getall("Via"))) if "Via" in headers else "",
        cached_only=headers.get("Disable-Module-Fetch", "").lower() == "true",
        id=request_id_of(headers) or REQUEST_IDS.next().decode("ascii"),
        trace=headers.get("traceparent", ""),
        root=root,
    )


def _named_action(raw_path: str, prefix: str) -> str:
    """Return the action of a path below `/-/`; empty for other paths, and for an action that there is not."""
    below = f"{prefix}/-/"
    path = raw_path.partition("?")[0]
    if path == f"{prefix}{VERSION_PATH}":
        return ARTIFACTORY
    name = path.removeprefix(below) if path.startswith(below) else ""
    return name if name in ACTIONS else ""


def _read_path(
    raw_path: str, rules: Rules, *, change: bool = False
) -> tuple[AnyTarget | None, TargetError | NoSuchTarget | None]:
    try:
        if change:
            path = path_of_change(_below(rules.prefix, decode_path(without_parameters(_path_of(raw_path)))))
            return _module_target(path), None
        path = _below(rules.prefix, decode_path(_path_of(raw_path)))
        return (_sumdb_target(path, rules) if is_sumdb_path(path) else _module_target(path)), None
    except (TargetError, NoSuchTarget) as e:
        return None, e


def _module_target(path: str) -> Target:
    """Read the path of a module's file. The targets of recent paths are remembered, because to read one takes long."""
    return _remembered_target(path) if len(path) <= _LONGEST_REMEMBERED else parse_target(path)


def _path_of(request_target: str) -> str:
    """Return the path of a request line's target, undecoded. Raises `TargetError`."""
    path = request_target.partition("?")[0]
    # Another beginning than a slash means the absolute form of RFC 9112, section 3.2.2.
    return path if path.startswith("/") else _path_of_url(path)


def _below(prefix: str, path: str) -> str:
    if not path.startswith(f"{prefix}/"):
        raise NoSuchTarget(f"modules are served below {prefix}/")
    return path.removeprefix(f"{prefix}/")


def _path_of_url(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError as e:
        raise TargetError(f"malformed URL {url!r}: {e}") from None


def _sumdb_target(path: str, rules: Rules) -> SumdbTarget | None:
    target = parse_sumdb_target(path, rules.database)
    if target is not None and is_lookup_of(target, rules.unverified):
        raise NoSuchTarget(f"{target.module} is private here: no checksum database is asked about it")
    return target
