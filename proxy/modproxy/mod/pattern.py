"""Module path patterns as in GOPRIVATE: globs without commas that match the first elements of a path.

Source of the rules: `MatchPrefixPatterns` of golang.org/x/mod/module, and `path.Match` of Go's standard library.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST_PATTERN = 256
"""In characters, as in the GoProxy resource. The time that a pattern takes grows faster than its length."""
MOST_LINES = 10_000
"""Of an allowlist: reading so many takes a quarter of a second, in which the program does nothing else."""
LONGEST_TEXT = 2**18
"""Of an allowlist, in characters: the worst patterns take a second or two to read."""


class PatternError(ValueError):
    """The text is not a pattern; the message shows the text, and says what is wrong and what to write instead."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Matches module paths by their first elements."""

    text: str
    """The pattern as it was written, without a trailing slash."""
    depth: int
    """How many elements of a path are compared."""
    regex: re.Pattern[str]

    def matches(self, path: str) -> bool:
        """Say whether the first `depth` elements of `path` match. A path with fewer elements never matches."""
        elements = path.split("/", self.depth)
        if len(elements) < self.depth:
            return False
        return self.regex.fullmatch("/".join(elements[: self.depth])) is not None


def parse_pattern(text: str) -> Pattern:
    """Read one pattern, such as `github.com/acme` or `*.corp.example.com`. Raises `PatternError`."""
    glob = text.removesuffix("/")
    if not glob:
        raise PatternError(f"{text!r} is empty: write a module path or a glob such as github.com/acme")
    if len(text) > LONGEST_PATTERN:
        raise PatternError(
            f"{text[:32]!r}... has {len(text)} characters: write a pattern of at most {LONGEST_PATTERN}, with fewer "
            "elements or with a *"
        )
    if any(c.isspace() or c in ",\0" for c in glob):
        raise PatternError(f"{text!r} has white space or a comma: write one pattern an entry")
    if "://" in glob:
        raise PatternError(f"{text!r} is a URL: write the module path without a scheme, such as github.com/acme")
    if glob.startswith("/") or "//" in glob:
        raise PatternError(f"{text!r} has an empty path element: write elements separated by single slashes")
    return Pattern(glob, glob.count("/") + 1, re.compile(_glob_to_regex(glob), re.DOTALL))


@lru_cache(maxsize=4096)
def _glob_to_regex(glob: str) -> str:
    """Translate the syntax of `path.Match`: `*` and `?` that stop at a slash, `[a-z]`, `[^a-z]`, and backslash escapes.

    The piece between two stars matches at its first possible place, and no other place is tried, as in `path.Match`.
    Otherwise a pattern of many stars would need exponential time for a path that does not match. Only the piece after
    the last star tries all places.
    """
    first, *starred = _split_at_stars(glob)
    if not starred:
        return first
    return first + "".join(f"(?>[^/]*?{piece})" for piece in starred[:-1] if piece) + f"[^/]*{starred[-1]}"


def _split_at_stars(glob: str) -> list[str]:
    """Translate the pieces between the stars."""
    pieces: list[str] = []
    out: list[str] = []
    i = 0
    while i < len(glob):
        char = glob[i]
        i += 1
        if char == "*":
            pieces.append("".join(out))
            out = []
        elif char == "?":
            out.append("[^/]")
        elif char == "\\":
            literal, i = _escaped(glob, i)
            out.append(re.escape(literal))
        elif char == "[":
            piece, i = _char_class(glob, i)
            out.append(piece)
        else:
            out.append(re.escape(char))
    return [*pieces, "".join(out)]


def _escaped(glob: str, i: int) -> tuple[str, int]:
    if i >= len(glob):
        raise PatternError(f"{glob!r} ends in a backslash: write \\\\ for a literal one")
    return glob[i], i + 1


def _char_class(glob: str, i: int) -> tuple[str, int]:
    """Translate the character class after an opening bracket.

    Go refuses an empty class, and a class that begins with `]`.
    """
    unclosed = PatternError(
        f"{glob!r} has a [ without its ]: close the character class, or write \\[ for a literal one"
    )
    negated = glob[i : i + 1] == "^"
    i += negated
    ranges: list[str] = []
    while True:
        if i >= len(glob):
            raise unclosed
        if glob[i] == "]" and ranges:
            body = "".join(ranges)
            # A class of path.Match may match a slash. Here no class meets one, because paths are split at slashes
            # first.
            return f"[{'^' if negated else ''}{body}]", i + 1
        low, i = _class_char(glob, i)
        high = low
        if glob[i : i + 1] == "-":
            high, i = _class_char(glob, i + 1)
        if high < low:
            raise PatternError(f"{glob!r} has the range {low}-{high}, which is empty: write the lower end first")
        ranges.append(f"{re.escape(low)}-{re.escape(high)}")


def _class_char(glob: str, i: int) -> tuple[str, int]:
    if i >= len(glob):
        raise PatternError(f"{glob!r} has a [ without its ]: close the character class")
    if glob[i] in "-]":
        raise PatternError(f"{glob!r} has a bare {glob[i]} in a character class: write \\{glob[i]}")
    if glob[i] == "\\":
        return _escaped(glob, i + 1)
    return glob[i], i + 1


def first_match(patterns: Iterable[Pattern], path: str) -> Pattern | None:
    """Return the first pattern that matches `path`, so that a refusal can name the pattern; None without any."""
    return next((p for p in patterns if p.matches(path)), None)


def entries(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield what the lines of an allowlist hold, each with its number: blank lines and comments are left out."""
    for number, line in enumerate(lines, 1):
        if entry := line.partition("#")[0].strip():
            yield number, entry


def parse_lines(text: str) -> tuple[Pattern, ...]:
    """Read an allowlist: one pattern a line. Blank lines, and the rest of a line after `#`, are ignored.

    Raises `PatternError`, which names the number of the line, or says which bound the text exceeds.
    """
    if len(text) > LONGEST_TEXT:
        raise PatternError(f"more than {LONGEST_TEXT} characters: write globs that match more modules each")
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise PatternError(f"more than {MOST_LINES} lines: write globs that match more modules each")
    patterns: list[Pattern] = []
    for number, entry in entries(lines):
        try:
            patterns.append(parse_pattern(entry))
        except PatternError as e:
            raise PatternError(f"line {number}: {e}") from None
    return tuple(patterns)
