"""go.mod files, read as far as a go command reads those of dependencies. Pure.

Source of the rules: `ParseLax` and the lexer of golang.org/x/mod/modfile: of the directives of a dependency, `module`,
`go`, `require` and `retract` count, and what a newer go command may know is passed over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modproxy.mod.path import ModulePath, PathError, check_path
from modproxy.mod.version import is_canonical

_TOKEN = re.compile(
    r"""[ \t\r]*(?P<token>
    //[^\n]* | \n | [()\[\]{},] | "(?:[^"\\\n]|\\[^\n])*" | `[^`\n]*` | (?:(?!//|/\*)[^\s()\[\]{},"`])+ | \Z
    )""",
    re.VERBOSE,
)
_GO_VERSION = re.compile(r"v?[1-9][0-9]*\.(?:0|[1-9][0-9]*)(?:[^0-9].*)?", re.ASCII | re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"'}


class GoModError(ValueError):
    """The go command could not read the file as that of a dependency; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    line: int


def module_of_go_mod(body: bytes) -> ModulePath:
    """Return the module path that a go.mod declares. Raises `GoModError`."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise GoModError("go.mod is no text in UTF-8") from None
    path: ModulePath | None = None
    seen_go = False
    for verb, arguments, line in _statements(text):
        if verb == "module":
            if path is not None:
                raise GoModError(f"go.mod:{line}: repeated module directive")
            path = _path_of(arguments, line)
        elif verb == "go":
            if seen_go or len(arguments) != 1 or _GO_VERSION.fullmatch(arguments[0]) is None:
                raise GoModError(f"go.mod:{line}: the go directive takes one version, such as go 1.24, and stands once")
            seen_go = True
        elif verb == "require" and (len(arguments) != 2 or not is_canonical(_unquoted(arguments[1], line))):
            raise GoModError(f"go.mod:{line}: require takes a module path and a canonical version such as v1.2.3")
    if path is None:
        raise GoModError("go.mod has no module directive")
    return path


def synthesised_go_mod(path: ModulePath) -> bytes:
    """Return the go.mod that the go command makes for a module without one. A lawful path needs no quotes."""
    return f"module {path}\n".encode()


def _path_of(arguments: list[str], line: int) -> ModulePath:
    if len(arguments) != 1:
        raise GoModError(f"go.mod:{line}: the module directive takes one path")
    try:
        return check_path(_unquoted(arguments[0], line))
    except PathError as e:
        raise GoModError(f"go.mod:{line}: {e}") from None


def _unquoted(text: str, line: int) -> str:
    if text.startswith("`"):
        return text[1:-1]
    if not text.startswith('"'):
        return text

    def plain(found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            raise GoModError(f"go.mod:{line}: invalid quoted string {text}")
        return _ESCAPES[found[1]]

    return re.sub(r"\\(.)", plain, text[1:-1])


def _statements(text: str) -> Iterator[tuple[str, list[str], int]]:
    """Yield each directive with its arguments and its line; those of a block have the verb of the block."""
    block: str | None = None
    begun = 0
    for words, line in _lines(text):
        if block is not None:
            if words == [")"]:
                block = None
            elif words[0] == ")":
                raise GoModError(f"go.mod:{line}: syntax error: expected a newline after the closing parenthesis")
            else:
                yield block, words, line
        elif words[-1] == "(" and len(words) > 1:
            # A block of several words is passed over, as the go command does.
            block, begun = (words[0] if len(words) == 2 else ""), line
        elif words[-2:] == ["(", ")"] and len(words) > 2:
            continue
        elif words[0] in ("(", ")"):
            raise GoModError(f"go.mod:{line}: syntax error: unexpected {words[0]}")
        else:
            yield words[0], words[1:], line
    if block is not None:
        raise GoModError(f"go.mod:{begun}: syntax error: the block is not closed")


def _lines(text: str) -> Iterator[tuple[list[str], int]]:
    words: list[str] = []
    line = 1
    for token in _tokens(text):
        if token.text in ("\n", ""):
            if words:
                yield words, line
            words = []
        elif not token.text.startswith("//"):
            line = token.line
            words.append(token.text)


def _tokens(text: str) -> Iterator[_Token]:
    at, line = 0, 1
    while True:
        found = _TOKEN.match(text, at)
        if found is None:
            rest = text[at:].lstrip(" \t\r")
            what = "comments are written with //" if rest.startswith("/*") else f"unexpected {rest[:1]!r}"
            raise GoModError(f"go.mod:{line}: syntax error: {what}")
        token, at = found["token"], found.end()
        yield _Token(token, line)
        if found.end() == len(text) and not token:
            return
        line += token.count("\n")
