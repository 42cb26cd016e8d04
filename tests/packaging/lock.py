"""What is wrong with the lock in requirements/, by its text and that of pyproject.toml alone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = ("operator", "go")
# Files of the lock, with the dependency groups that each holds. The first holds the project with EXTRAS as well.
GROUPS = {"run.txt": ("install",), "dev.txt": ("dev", "docs"), "bench.txt": ("bench",), "uv.txt": ("uv",)}


class Pin(NamedTuple):
    """A locked package: its line, the hashes below the line, and whether pyproject.toml names the package itself."""

    requirement: Requirement
    hashes: tuple[str, ...]
    direct: bool

    @property
    def name(self) -> str:
        """The one spelling of the package's name."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The locked version; empty where the line allows more than one."""
        found = re.fullmatch(r"==([^*]+)", str(self.requirement.specifier))
        return found[1] if found else ""


def pins(lock: str) -> Iterator[Pin]:
    """The packages of one file of the lock."""
    for entry in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]:
        line = re.split(r"\s+\\\n|\n", entry, maxsplit=1)[0]
        yield Pin(Requirement(line), tuple(re.findall(r"--hash=(\S+)", entry)), "goproxy-operator (" in entry)


def faults(pyproject: str, locks: Mapping[str, str]) -> list[str]:
    """All that is wrong, a line each; `locks` are the texts of the files by the files' names."""
    found = [f"{file} is not there" for file in GROUPS.keys() - locks.keys()]
    found += [f"{file} is of no group" for file in locks.keys() - GROUPS.keys()]
    versions: dict[tuple[str, str], str] = {}
    for file, text in locks.items():
        found += [f"{file} names an index: {line}" for line in text.splitlines() if _names_index(line)]
        locked = list(pins(text))
        for pin in locked:
            found += [f"{file}: {fault}" for fault in _faults_of(pin)]
            place = (pin.name, str(pin.requirement.marker))
            if versions.setdefault(place, pin.version) != pin.version:
                found.append(f"{file}: {pin.name} has another version elsewhere")
        found += [f"{file}: {fault}" for fault in _disagreements(_wanted(tomllib.loads(pyproject), file), locked)]
    return found


def _names_index(line: str) -> bool:
    return "://" in line or re.match(r"\s*-(?!-hash=)", line) is not None


def _faults_of(pin: Pin) -> Iterator[str]:
    if not pin.version:
        yield f"{pin.name} is not locked to one version"
    if not pin.hashes:
        yield f"{pin.name} has no hash"
    for value in pin.hashes:
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", value):
            yield f"{pin.name} has a hash that is no SHA-256: {value}"


def _wanted(pyproject: Mapping[str, Any], file: str) -> list[Requirement]:
    groups = pyproject["dependency-groups"]
    wanted = [Requirement(one) for group in GROUPS.get(file, ()) for one in groups[group]]
    if file == "run.txt":
        project = pyproject["project"]
        wanted += [Requirement(one) for one in project["dependencies"] + pyproject["build-system"]["requires"]]
        wanted += [one for extra in EXTRAS for one in _of_extra(project, extra)]
    return wanted


def _of_extra(project: Mapping[str, Any], extra: str) -> Iterator[Requirement]:
    """What an extra asks for. One extra may name another as an extra of the project itself."""
    for requirement in map(Requirement, project["optional-dependencies"][extra]):
        if requirement.name == project["name"]:
            for other in requirement.extras:
                yield from _of_extra(project, other)
        else:
            yield requirement


def _disagreements(wanted: list[Requirement], locked: list[Pin]) -> Iterator[str]:
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        mine = [pin for pin in locked if pin.name == name]
        if not mine:
            yield f"{name} is not locked"
        for pin in mine:
            if pin.version and not requirement.specifier.contains(pin.version, prereleases=True):
                yield f"{name} is locked at {pin.version}, outside of {requirement.specifier}"
    names = {canonicalize_name(requirement.name) for requirement in wanted}
    for pin in locked:
        if pin.direct and pin.name not in names:
            yield f"{pin.name} is locked, but pyproject.toml asks for it no longer"
