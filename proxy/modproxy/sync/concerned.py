"""Which modules a push concerns, and which of their versions. Pure.

A repository has a path below its host, and so has a module: `platform/lib` and `git.corp.example.com/platform/lib/sub`.
A module is concerned whose path begins with that of the repository, or whose stored `.info` says that it is from there
(a vanity path). The hosts of modules come from the config and from what the fleet knows, and never from a payload.

Source of the rules for tags: "Mapping versions to commits" and "Module directories within a repository" of the Go
Modules Reference.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from modproxy.fleet.known_module import KnownModule
from modproxy.mod.path import ModulePath, PathError, check_path, file_element_fault, split_major
from modproxy.mod.pattern import Pattern, first_match
from modproxy.mod.version import Version, VersionError, check_version, is_canonical, parse_semver
from modproxy.sync.events import Push, RefChange

MOST_HINTS = 256
"""Modules and versions of one push: the schedule finds the others."""
_GLOB = frozenset("*?[\\")
_GIT = ".git"


@dataclass(frozen=True, slots=True)
class Hint:
    """Says that a module has news."""

    path: ModulePath
    version: Version | None = None
    """The version that was tagged; None where no single one is new."""
    query: str = ""
    """The branch that moved; empty without one."""
    known: bool = False
    """Whether the fleet knows the module. Others may turn out to be none."""


def concerned(push: Push, known: Iterable[KnownModule], patterns: Sequence[Pattern]) -> tuple[Hint, ...]:
    """Return what a push has changed of the modules that match `patterns`. What was deleted changes nothing."""
    of_repository = [(one, folder) for one in known if (folder := _folder_of(one, push.places)) is not None]
    hints: dict[tuple[str, str | None, str], Hint] = {}
    for change in push.changes:
        if change.deleted:
            continue
        found = _of_tag(change, push, of_repository, patterns) if change.tag else _of_branch(change, of_repository)
        for hint in found:
            if first_match(patterns, hint.path) is not None:
                hints.setdefault((hint.path, hint.version, hint.query), hint)
            if len(hints) >= MOST_HINTS:
                return tuple(hints.values())
    return tuple(hints.values())


def _of_branch(change: RefChange, modules: Sequence[tuple[KnownModule, str]]) -> Iterator[Hint]:
    # A query cannot have a slash, and a branch that is called like a version is no query.
    query = "" if file_element_fault(change.name) or is_canonical(change.name) else change.name
    for one, _ in modules:
        yield Hint(one.path, query=query, known=True)


def _of_tag(
    change: RefChange, push: Push, modules: Sequence[tuple[KnownModule, str]], patterns: Sequence[Pattern]
) -> Iterator[Hint]:
    folder, _, text = change.name.rpartition("/")
    parsed = parse_semver(text)
    if parsed is None or not is_canonical(text) or parsed.build:
        return
    suffix = "" if parsed.major in ("v0", "v1") else f"/{parsed.major}"
    bases: dict[str, None] = {}
    for one, own in modules:
        if own.casefold() != folder.casefold():
            continue
        base, major = split_major(one.path) or (one.path, "")
        version = _version(one.path, text)
        if version is not None:
            yield Hint(one.path, version, known=True)
        elif suffix and not major:
            yield Hint(one.path, known=True)  # its list may have the version as +incompatible
        if not major.startswith("."):
            bases[base] = None
    for base in [*bases, *_candidates(push, folder, patterns)]:
        try:
            path = check_path(f"{base}{suffix}")
        except PathError:
            continue
        if (version := _version(path, text)) is not None:
            yield Hint(path, version)


def _version(path: ModulePath, text: str) -> Version | None:
    try:
        return check_version(path, text)
    except VersionError:
        return None


def _candidates(push: Push, folder: str, patterns: Sequence[Pattern]) -> Iterator[str]:
    """Yield the paths, without a major version, that a module of the repository has below the hosts of the patterns."""
    hosts = dict.fromkeys(host for one in patterns if not _GLOB & set(host := one.text.partition("/")[0]))
    for host in hosts:
        # Only a host without go-import pages needs .git in paths, and its patterns or modules have it then.
        ends = ["", _GIT] if any(_GIT in one.text for one in patterns) else [""]
        for place in push.places:
            for end in ends:
                yield f"{host}/{place}{end}/{folder}".rstrip("/")


def _folder_of(module: KnownModule, places: Sequence[str]) -> str | None:
    """Return the module's folder in the repository, without its major version; None for a module from elsewhere."""
    base, major = split_major(module.path) or (module.path, "")
    for place in places:
        wanted = place.casefold()
        if module.repository and module.repository.casefold() == wanted:
            folder = f"/{module.folder}"
            return (folder.removesuffix(major) if major.startswith("/") else folder).strip("/")
        rest = (base if major.startswith("/") else module.path).partition("/")[2]
        for root in (wanted, wanted + _GIT):
            if rest.casefold() == root:
                return ""
            if rest.casefold().startswith(f"{root}/"):
                return rest[len(root) + 1 :]
    return None
