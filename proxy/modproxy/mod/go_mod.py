"""The parts of a go.mod file that name modules of a build: require, replace, exclude. Pure.

Source of the rules: `parse` and `File.add` of golang.org/x/mod/modfile. What names no module to fetch (go, toolchain,
godebug, retract, tool, ignore) is passed over, and so is a directive that a newer go command may know.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modproxy.mod.path import ModulePath, PathError, check_path
from modproxy.mod.version import Version, VersionError, check_version, is_canonical

_TOKEN = re.compile(
    r"""[ \t\r]*(?:(?P<comment>//.*)|(?P<slashed>/\*)|(?P<string>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<open>["`])"""
    r"""|(?P<mark>[()\[\]{},])|(?P<word>(?:(?!//|/\*)[^ \t\r()\[\]{},])+))"""
)
_SHORT = re.compile(r"v(\d+)(?:\.(\d+))?", re.ASCII)
_BUILD = re.compile(r"\+[0-9A-Za-z.-]+\Z", re.ASCII)
_ESCAPE = re.compile(r'\\(["\\])|\\')
_BLOCKS = frozenset(["module", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore"])


class GoModError(ValueError):
    """The text is no go.mod file; the message begins with the number of the line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Required:
    """A module of a require directive."""

    line: int
    path: ModulePath
    version: Version


@dataclass(frozen=True, slots=True)
class Replaced:
    """A replace directive."""

    path: str
    version: str
    """Empty where the directive is for all versions."""
    by: ModulePath | None
    """The module that is taken instead; None for a folder."""
    by_version: Version | None


@dataclass(frozen=True, slots=True)
class GoMod:
    """Carries what a go.mod file says of the modules of a build."""

    module: str
    """The module's own path, as it is written: a module that nobody fetches may have any path."""
    go: str
    """The version of the language, such as `1.24`; empty without that line."""
    required: tuple[Required, ...]
    replaced: tuple[Replaced, ...]
    excluded: frozenset[tuple[str, str]]

    def replacement(self, one: Required) -> Replaced | None:
        """Return what replaces a module: a directive for its very version, or else one for all its versions."""
        of_path = [found for found in self.replaced if found.path == one.path]
        exact = [found for found in of_path if found.version == one.version]
        fitting = exact or [found for found in of_path if not found.version]
        return fitting[-1] if fitting else None


def parse_go_mod(text: str) -> GoMod:
    """Read a go.mod file. Raises `GoModError`."""
    required: list[Required] = []
    replaced: list[Replaced] = []
    excluded: set[tuple[str, str]] = set()
    module, go = None, ""
    for line, (verb, *words) in _directives(text):
        match verb:
            case "module":
                if len(words) != 1 or module is not None:
                    raise GoModError(line, "usage: module module/path, once")
                module = _unquoted(line, words[0])
            case "go" if len(words) == 1:
                go = words[0]
            case "require" | "exclude":
                if len(words) != 2:
                    raise GoModError(line, f"usage: {verb} module/path v1.2.3")
                path, version = _module(line, words[0], words[1])
                if verb == "require":
                    required.append(Required(line, path, version))
                else:
                    excluded.add((path, version))
            case "replace":
                replaced.append(_replaced(line, words))
            case _:
                continue
    if module is None:
        raise GoModError(max(1, text.count("\n")), "the file ends, and no line of it is a module directive")
    return GoMod(module, go, tuple(required), tuple(replaced), frozenset(excluded))


def _directives(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each directive with its line, those of a block with the verb of the block."""
    block: str | None = None
    opened = 0
    for line, words in _lines(text):
        if block is not None:
            if words[0] == ")":
                if len(words) > 1:
                    raise GoModError(line, "something stands behind the closing parenthesis")
                block = None
            else:
                yield line, [block, *words]
        elif words[-1] == "(" or words[-2:] == ["(", ")"]:
            empty = words[-1] == ")"
            name = words[: -2 if empty else -1]
            if len(name) != 1 or name[0] not in _BLOCKS:
                raise GoModError(line, f"unknown block: {' '.join(name)[:100]}")
            block, opened = (None if empty else name[0]), line
        else:
            yield line, words
    if block is not None:
        raise GoModError(opened, f"the block of {block} that begins here has no closing parenthesis")


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if words := list(_words(number, line)):
            yield number, words


def _words(number: int, line: str) -> Iterator[str]:
    at = 0
    while at < len(line):
        found = _TOKEN.match(line, at)
        if found is None or found["comment"] is not None:
            return
        if found["slashed"]:
            raise GoModError(number, "comments begin with //, and /* is not lawful")
        if found["open"]:
            raise GoModError(number, "a quoted string has no end on its line")
        word: str = found[found.lastgroup or "word"]
        if found["word"] and not word.isprintable():
            raise GoModError(number, f"unlawful character in {word[:100]!r}")
        yield word
        at = found.end()


def _unquoted(line: int, word: str) -> str:
    if word.startswith("`"):
        return word[1:-1]
    if word.startswith('"'):
        found = _ESCAPE.sub(lambda escape: escape[1] or "\0", word[1:-1])
        if "\0" in found:
            raise GoModError(line, f"{word[:100]} has an escape that no module path and no version needs")
        return found
    if '"' in word or "`" in word:
        raise GoModError(line, f"{word[:100]} has a quote in its middle")
    return word


def _module(line: int, path: str, version: str) -> tuple[ModulePath, Version]:
    try:
        checked = check_path(_unquoted(line, path))
        return checked, check_version(checked, _canonical(_unquoted(line, version)))
    except (PathError, VersionError) as e:
        raise GoModError(line, str(e)) from None


def _canonical(version: str) -> str:
    """Write a version as `module.CanonicalVersion` does: v1 is v1.0.0, and other metadata than +incompatible goes."""
    if short := _SHORT.fullmatch(version):
        return f"v{short[1]}.{short[2] or 0}.0"
    return version if is_canonical(version) else _BUILD.sub("", version)


def _replaced(line: int, words: list[str]) -> Replaced:
    arrow = words.index("=>") if "=>" in words else 0
    if arrow not in (1, 2) or len(words) - arrow not in (2, 3):
        raise GoModError(line, "usage: replace module/path [v1.2.3] => other/module v1.4, or => ../folder")
    path = _unquoted(line, words[0])
    version = _module(line, words[0], words[1])[1] if arrow == 2 else ""
    by = _unquoted(line, words[arrow + 1])
    if len(words) - arrow == 2:
        if not is_folder(by):
            raise GoModError(line, f"{by[:100]} needs a version, or has to be a folder that begins with ./ or ../")
        return Replaced(path, version, None, None)
    if is_folder(by):
        raise GoModError(line, f"the folder {by[:100]} cannot have a version")
    return Replaced(path, version, *_module(line, words[arrow + 1], words[arrow + 2]))


def is_folder(path: str) -> bool:
    """Say whether the replacement is a folder (`IsDirectoryPath` of golang.org/x/mod/modfile)."""
    return path in (".", "..") or re.match(r"\.{1,2}[/\\]|[/\\]|[A-Za-z]:", path) is not None
