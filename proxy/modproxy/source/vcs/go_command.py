"""What the go command is asked, and what it answers. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modproxy.mod.target import Kind, Target

_TOO_NEW = re.compile(r"requires go >= \S+ \(running go \S+; GOTOOLCHAIN=local\)$")
"""cmd/go/internal/gover, `TooNewError`."""
_PING_FAILED = re.compile(r"no (?:secure )?protocol found for repository$")
"""cmd/go/internal/vcs: of a path with `.git` in it, no URL works. The go command does not say why."""
_GIT_PATH = re.compile(r"((?:[a-z0-9.-]+\.)+[a-z0-9.-]+(?::[0-9]+)?(?:/~?[\w.-]+)+?)\.git(?:/~?[\w.-]+)*", re.ASCII)
"""The general syntax of `vcsPaths` in cmd/go/internal/vcs."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Tells which commit of which repository an answer was made of (`Origin` of cmd/go/internal/modfetch/codehost)."""

    url: str
    commit: str
    ref: str = ""
    """The branch or tag; empty without one."""
    subdir: str = ""
    """The module's folder in the repository; empty for its root."""


def origin_of(document: Mapping[str, Any]) -> Origin | None:
    """Read the origin of an `.info` or of an answer; None for one that names no commit of a git repository."""
    origin = document.get("Origin")
    if not isinstance(origin, dict) or origin.get("VCS") != "git":
        return None
    url, commit, ref, subdir = (origin.get(key, "") for key in ("URL", "Hash", "Ref", "Subdir"))
    if not all(isinstance(text, str) for text in (url, commit, ref, subdir)) or not url or not commit:
        return None
    return Origin(url, commit, ref, subdir)


def read_origin(info: bytes) -> Origin | None:
    """Read the origin of a whole `.info`."""
    return origin_of(parse_answer(info))


def arguments(target: Target) -> tuple[str, ...]:
    """Return the arguments of the go command that fetches the target.

    `go list -m` yields `.info` and `.mod` without the zip.
    """
    name = f"{target.path}@{target.version or 'latest'}"
    match target.kind:
        case Kind.ZIP:
            return ("mod", "download", "-json", name)
        case Kind.LIST:
            return ("list", "-m", "-versions", "-retracted", "-json", str(target.path))
        case _:
            return ("list", "-m", "-json", name)


def parse_answer(out: bytes) -> dict[str, Any]:
    """Read what the go command printed; empty when it is no JSON object."""
    try:
        answer = json.loads(out)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def error_in(answer: Mapping[str, Any]) -> str:
    """Return the error that an answer carries; empty without one."""
    error = answer.get("Error") or ""
    if isinstance(error, dict):
        error = error.get("Err") or ""
    return str(error)


def is_too_new(said: str) -> bool:
    """Say whether the go command made no zip only because the module is for a newer Go."""
    return _TOO_NEW.search(said.strip()) is not None


def pinged_url(target: Target, said: str) -> str | None:
    """Return the URL that the go command tried without saying how that went; None when it told."""
    found = _GIT_PATH.fullmatch(target.path)
    return f"https://{found[1]}" if found and _PING_FAILED.search(said.strip()) else None


def is_commit(version: str) -> bool:
    """Say whether the go command may take a query for a commit, which it looks for in its clone first."""
    return re.fullmatch(r"[0-9a-f]{7,64}", version) is not None


def small_answer(target: Target, answer: Mapping[str, Any]) -> bytes:
    """Return a list or an `.info` as a module proxy serves it."""
    if target.kind is Kind.LIST:
        return "".join(f"{version}\n" for version in answer.get("Versions") or ()).encode()
    info = {key: answer[key] for key in ("Version", "Time", "Origin") if key in answer}
    return json.dumps(info, separators=(",", ":")).encode()
