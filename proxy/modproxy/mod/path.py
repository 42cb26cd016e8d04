"""Module paths: the rules for lawful paths, and how paths are written in a URL.

Source of the rules: `CheckPath`, `CheckFilePath`, `SplitPathVersion`, `EscapePath` and `UnescapePath` of
golang.org/x/mod/module.
"""

import re
from typing import NewType

ModulePath = NewType("ModulePath", str)
"""A checked module path, unescaped: `github.com/BurntSushi/toml`. Only `check_path` makes one."""

_LONGEST_ELEMENT = 200
"""How many bytes an escaped element may have: with a suffix it must still fit into a file name of 255 bytes."""
_MODULE_CHARS = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)
_FIRST_ELEMENT = re.compile(r"[a-z0-9.-]+", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9_.~+-]+", re.ASCII)
"""What most elements of file names are. All of it is lawful, and to look at each character by itself takes long."""
_ORDINARY_ELEMENT = (
    r"(?!(?i:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:[./]|\Z))"  # no reserved name of Windows
    r"[A-Za-z0-9!#$%&()+,\-.=@\[\]^_{}~ ]*[A-Za-z0-9!#$%&()+,\-=@\[\]^_{}~ ]"  # no dot at the end
)
_ORDINARY_PATH = re.compile(rf"(?:{_ORDINARY_ELEMENT}/)*+{_ORDINARY_ELEMENT}", re.ASCII)
"""What nearly all file names are: lawful in whole, so that only the others have to be looked at by element."""
_FILE_ASCII = frozenset("!#$%&()+,-.=@[]^_{}~ ")
_WINDOWS_NAMES = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))]
)
_SHORT_NAME_TAIL = re.compile(r"~[0-9]+\Z", re.ASCII)
_MAJOR_SUFFIX = re.compile(r"/v([0-9.]+)\Z", re.ASCII)
_GOPKG_IN = re.compile(r"(gopkg\.in/.*)(\.v(0|[1-9][0-9]*)(-unstable)?)\Z", re.ASCII | re.DOTALL)


class PathError(ValueError):
    """The path breaks a rule; the message names the path and the rule."""


def check_path(path: str) -> ModulePath:
    """Check an unescaped module path. Raises `PathError`."""
    reason = _path_fault(path)
    if reason:
        raise PathError(f"malformed module path {path!r}: {reason}")
    return ModulePath(path)


def _path_fault(path: str) -> str | None:
    if not path:
        return "empty string"
    if path.startswith("/"):
        return "leading slash"
    if path.startswith("-"):
        return "leading dash"
    if path.endswith("/"):
        return "trailing slash"
    elements = path.split("/")
    for element in elements:
        reason = _module_element_fault(element)
        if reason:
            return reason
    if "." not in elements[0]:
        return "missing dot in first path element"
    if not _FIRST_ELEMENT.fullmatch(elements[0]):
        return "first path element may hold only lower-case letters, digits, dots and dashes"
    if split_major(path) is None:
        return "invalid major version suffix: /v2 and up, or for gopkg.in a final .v0 and up"
    return None


def _module_element_fault(element: str) -> str | None:
    if not element:
        return "empty path element"
    if element.startswith("."):
        return f"leading dot in path element {element!r}"
    if not _MODULE_CHARS.fullmatch(element):
        return f"invalid character in path element {element!r}"
    if len(element) + sum(c.isupper() for c in element) > _LONGEST_ELEMENT:
        return f"path element longer than {_LONGEST_ELEMENT} bytes"
    if _SHORT_NAME_TAIL.search(element.partition(".")[0]):
        return f"trailing tilde and digits in path element {element!r}"
    return _any_element_fault(element)


def _any_element_fault(element: str) -> str | None:
    """Return which rule for all module paths, versions and file paths an element breaks; None without any."""
    if not element.strip("."):
        return f"invalid path element {element!r}"
    if element.endswith("."):
        return f"trailing dot in path element {element!r}"
    short = element.partition(".")[0]
    if short.lower() in _WINDOWS_NAMES:
        return f"{short!r} is a reserved name on Windows"
    return None


def file_path_fault(path: str) -> str | None:
    """Return why `CheckFilePath` refuses a slash-separated file name; None for a lawful name."""
    if _ORDINARY_PATH.fullmatch(path):
        return None
    if not path:
        return "empty name"
    for element in path.split("/"):
        reason = file_element_fault(element)
        if reason:
            return reason
    return None


def file_element_fault(element: str) -> str | None:
    """Return why `CheckFilePath` refuses one element; None for a lawful one. Versions in a URL obey the rule too."""
    if not element:
        return "empty path element"
    for char in "" if _PLAIN.fullmatch(element) else element:
        lawful = char.isalnum() or char in _FILE_ASCII if char.isascii() else char.isalpha()
        if not lawful:
            return f"invalid character {char!r}"
    return _any_element_fault(element)


def split_major(path: str) -> tuple[str, str] | None:
    """Split `example.com/m/v3` into its prefix and `/v3`, and `gopkg.in/yaml.v3` into its prefix and `.v3`.

    The suffix is empty for a path without one. Returns None for an unlawful suffix.
    """
    if path.startswith("gopkg.in/"):
        found = _GOPKG_IN.match(path)
        return (found[1], found[2]) if found else None
    found = _MAJOR_SUFFIX.search(path)
    if not found:
        return path, ""
    digits = found[1]
    if "." in digits or digits.startswith("0") or digits == "1":
        return None
    return path[: found.start()], path[found.start() :]


def escape(text: str) -> str:
    """Write a lawful path or version as URLs and file names have it: each upper-case letter X becomes `!x`."""
    return re.sub(r"[A-Z]", lambda found: "!" + found[0].lower(), text)


def unescape(escaped: str) -> str:
    """Undo `escape`. Raises `PathError` for a text that `escape` never returns."""
    if not escaped.isascii():
        raise PathError(f"malformed escape in {escaped!r}: only ASCII is lawful")
    if any(c.isupper() for c in escaped):
        raise PathError(f"malformed escape in {escaped!r}: write an upper-case letter X as !x")
    out: list[str] = []
    parts = escaped.split("!")
    out.append(parts[0])
    for part in parts[1:]:
        if not part or not "a" <= part[0] <= "z":
            raise PathError(f"malformed escape in {escaped!r}: a ! must be followed by a lower-case letter")
        out.append(part[0].upper() + part[1:])
    return "".join(out)
