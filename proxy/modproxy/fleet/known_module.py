"""What replicas tell each other of the modules that they know, so that whoever owns a module looks after it. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from modproxy.mod.path import ModulePath, check_path
from modproxy.mod.strict_json import read_object

KNOWN_PATH = "/-/known"
"""Where a replica is asked which modules it knows."""
MOST_KNOWN = 10_000
"""Modules of one answer: more than any company has."""
MOST_KNOWN_BYTES = 4 << 20
"""Of one answer: ten thousand modules have about one MiB."""
_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class KnownModule:
    """Tells what the fleet knows of a module."""

    path: ModulePath
    repository: str = ""
    """The path of its repository below the host, as a stored `.info` says it; empty where none does."""
    folder: str = ""
    """The module's folder in that repository."""


class KnownError(ValueError):
    """An answer tells of no modules; the message says what is wrong."""


def write_known(modules: Iterable[KnownModule]) -> bytes:
    """Write modules, as `read_known` reads them. What has no room is left out: the next answer may have it."""
    lines: list[bytes] = []
    room = MOST_KNOWN_BYTES - 64
    for one in modules:
        line = json.dumps([one.path, one.repository[:_LONGEST], one.folder[:_LONGEST]]).encode()
        room -= len(line) + 1
        if room < 0 or len(lines) >= MOST_KNOWN:
            break
        lines.append(line)
    return b'{"modules":[' + b",".join(lines) + b"]}"


def read_known(body: bytes) -> list[KnownModule]:
    """Read what another replica knows. Raises `KnownError`."""
    try:
        listed = read_object(body).get("modules")
        if not isinstance(listed, list) or len(listed) > MOST_KNOWN:
            raise KnownError(f"it has no list of at most {MOST_KNOWN} modules")
        return [_module(one) for one in listed]
    except ValueError as e:
        raise KnownError(str(e)) from None


def _module(one: object) -> KnownModule:
    match one:
        case [str(path), str(repository), str(folder)] if len(repository) <= _LONGEST and len(folder) <= _LONGEST:
            return KnownModule(check_path(path), repository, folder)
    raise KnownError("an entry is no module with its repository and its folder")
