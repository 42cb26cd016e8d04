"""What the judge asks of the cache: small answers under the rules that the judge belongs to."""

import json
import time
from datetime import datetime
from typing import Any, Protocol

from modproxy.mod.path import ModulePath
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version, is_canonical
from modproxy.request import AnyTarget
from modproxy.source.protocol import NotFound, SourceError


class Answers(Protocol):
    """The small answers of the cache."""

    async def read(self, target: AnyTarget, via: str) -> bytes:
        """Return an answer, which is fetched where it is not held. Raises `SourceError`."""
        ...


async def published_at(answers: Answers, path: ModulePath, version: str) -> float | None:
    """Return the time that the `.info` of a version claims, in seconds since the epoch; None where there is no such
    version. An `.info` without a time claims that it is from now.
    """
    try:
        body = await answers.read(Target(path, Version(version), Kind.INFO), "")
    except NotFound:
        return None
    at = claimed_time(body)
    return time.time() if at is None else at


async def versions_of(answers: Answers, path: ModulePath) -> list[str]:
    """Return the list of a module, whole; nothing where it cannot be had."""
    try:
        body = await answers.read(Target(path, "", Kind.LIST), "")
    except SourceError:
        return []
    return listed(body)


def listed(body: bytes) -> list[str]:
    """Return the versions of a list."""
    return [line for line in body.decode(errors="replace").split("\n") if is_canonical(line)]


def claimed_time(body: bytes) -> float | None:
    """Return the time of an `.info`, in seconds since the epoch; None without one that can be read."""

    try:
        return datetime.fromisoformat(str(_json(body).get("Time"))).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def named_version(body: bytes) -> str:
    """Return the version that an `.info` names; nothing without one."""
    version = _json(body).get("Version")
    return version if isinstance(version, str) else ""


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
