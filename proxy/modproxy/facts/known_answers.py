"""What the judge asks of the cache: small answers under the rules that the judge belongs to."""

import json
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from modproxy.mod.path import ModulePath
from modproxy.mod.semver_ranges import order_of
from modproxy.mod.sumdb import SumdbTarget
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version, is_canonical, parse_semver
from modproxy.request import AnyTarget
from modproxy.source.protocol import SourceError


class Answers(Protocol):
    """The small answers of the cache."""

    async def read(self, target: AnyTarget, via: str) -> bytes:
        """Return an answer, which is fetched where it is not held. Raises `SourceError`."""
        ...

    async def read_held(self, target: AnyTarget) -> bytes:
        """Return an answer that is held, however old it is. Raises `SourceError`."""
        ...


class HeldAnswers:
    """The small answers that somebody may have for whom nothing is fetched.

    Answers of the checksum database are fetched for all who may read.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def read(self, target: AnyTarget, via: str) -> bytes:
        """Return an answer. Raises `SourceError`."""
        if isinstance(target, SumdbTarget):
            return await self._answers.read(target, via)
        return await self._answers.read_held(target)

    async def read_held(self, target: AnyTarget) -> bytes:
        """Return an answer that is held. Raises `SourceError`."""
        return await self._answers.read_held(target)


async def published_at(answers: Answers, path: ModulePath, version: str) -> float:
    """Return the time that the `.info` of a version claims, in seconds since the epoch. An `.info` without a time
    claims that it is from now. Raises `SourceError`.
    """
    at = claimed_time(await answers.read(Target(path, Version(version), Kind.INFO), ""))
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


def newest_first(versions: Sequence[str]) -> list[str]:
    """Order versions as the go command prefers them: releases before pre-releases, the newest first."""
    return sorted(versions, key=lambda version: (is_release(version), order_of(version)), reverse=True)


def is_release(version: str) -> bool:
    """Say whether a version is no pre-release."""
    parsed = parse_semver(version)
    return parsed is not None and not parsed.prerelease


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
