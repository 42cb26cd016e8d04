"""GOAUTH: the ways by which the go command gets credentials, and how the answer of a command is read. Pure.

Source of the rules: `runGoAuth`, `parseUserAuth` and `loadCredential` of cmd/go/internal/auth, and `Split` of
cmd/internal/quoted.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from modproxy.mod.login import UrlLogin

MOST_WAYS = 16
_MOST_LINES = 4096
_SPACE = " \t\n\r"

Credentials = dict[str, dict[str, str]]
"""Headers by HOST[:PORT][/PATH]; the longest one that a URL begins with counts."""


class GoAuthError(ValueError):
    """GOAUTH, or the answer of a command of it, is not as go wants it; the message says why."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one way of GOAUTH gives for a URL."""

    way: str
    """`netrc`, `git`, or the name of the program; its arguments may have a secret."""
    gives: str = ""
    """The kind of the credential, such as `Basic for jane`; empty where it gives none."""
    problem: str = ""
    """Why it fails; the go command says nothing of it."""
    header: str | None = field(default=None, repr=False)
    """The Authorization header. Nothing shows it."""


def ways_of(goauth: str) -> list[list[str]]:
    """Return the words of each way, the first one wins. Raises `GoAuthError`."""
    parts = [one.strip() for one in goauth.split(";")][:MOST_WAYS]
    if not all(parts):
        raise GoAuthError("an empty command: remove the semicolon too many")
    found = [split_words(one) for one in parts]
    for words in found:
        if words[0] == "off" and len(found) > 1:
            raise GoAuthError("off beside other commands, which go refuses")
        if words[0] == "git" and (len(words) != 2 or not words[1].startswith("/")):
            raise GoAuthError("git without the absolute path of one folder")
    return found


def split_words(text: str) -> list[str]:
    """Split a command at spaces, with whole words in quotes and no escapes. Raises `GoAuthError`."""
    words: list[str] = []
    rest = text.strip(_SPACE)
    while rest:
        if rest[0] in "\"'":
            word, quote, rest = rest[1:].partition(rest[0])
            if not quote:
                raise GoAuthError("a quote that does not end")
        else:
            end = next((at for at, one in enumerate(rest) if one in _SPACE), len(rest))
            word, rest = rest[:end], rest[end:]
        words.append(word)
        rest = rest.lstrip(_SPACE)
    return words


def parse_answer(text: str) -> Credentials:
    """Read the answer of a command: URLs, an empty line, headers, an empty line, and so on. Raises `GoAuthError`."""
    found: Credentials = {}
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        raise GoAuthError(f"its answer has more than {_MOST_LINES} lines")
    last = lines.pop()  # what stands after the last line's end
    at = 0
    while at < len(lines):
        end = _end(lines, at, "the URLs")
        prefixes = [_prefix(one) for one in lines[at:end]]
        at = end + 1
        end = _end(lines, at, "the headers")
        headers = {}
        for line in lines[at:end]:
            name, colon, value = line.partition(":")
            if not colon or not name.strip():
                raise GoAuthError("a line of its answer is no header")
            headers[name.strip().lower()] = value.strip()
        for prefix in prefixes:
            found[prefix] = headers
        at = end + 1
    if last:
        raise GoAuthError("its answer has no empty line after the headers")
    return found


def _end(lines: list[str], at: int, what: str) -> int:
    try:
        return lines.index("", at)
    except ValueError:
        ends_wrong = any(one.endswith("\r") for one in lines)
        why = " (its lines end with CR LF)" if ends_wrong else ""
        raise GoAuthError(f"its answer has no empty line after {what}{why}") from None


def _prefix(line: str) -> str:
    try:
        parts = urlsplit(line)
    except ValueError:
        parts = urlsplit("")
    if not parts.netloc or not parts.scheme:
        raise GoAuthError("a line of its answer is no URL")
    return f"{parts.netloc}{parts.path}".rstrip("/")


def header_for(credentials: Credentials, url: str) -> str | None:
    """Return the Authorization header for a URL; None without one."""
    parts = urlsplit(url)
    place = f"{parts.netloc}{parts.path}".rstrip("/")
    while place:
        if place in credentials:
            return credentials[place].get("authorization")
        place = place.rpartition("/")[0]
    return None


def parse_git(text: str) -> UrlLogin | None:
    """Read the answer of `git credential fill`; None where there is no whole login in it."""
    found = dict(line.split("=", 1) for line in text.split("\n") if "=" in line)
    if found.get("username") and found.get("password"):
        return UrlLogin(found["username"], found["password"])
    return None
