"""The words in which a failure of the go command is told, without what nobody needs and nobody is to see. Pure."""

import re
from collections.abc import Sequence

_REASON_LINES = 4
"""How many lines of the cause are passed on. The lines after them rarely help developers."""
_LONGEST_LINE = 300
"""Characters of a line that are passed on, because names in it may be as long as somebody likes."""
_LONGEST_READ = 1000
"""Characters of a line that are looked at, before paths and logins are taken out of it."""
_ERROR_MARKS = ("fatal:", "error:", "ERROR:", "abort:", "modproxy:")
"""How git, Mercurial and the fleet's own commands begin the lines that tell why they failed."""
_COMMAND = re.compile(r"(?:^|: )(git|hg|svn|bzr|fossil)(?: ([a-z][a-z-]*))? ")
_FOLDER = re.compile(r" in /.*(?=: (?:exit status |signal: |exec: ))")
_MACHINE_PATH = re.compile(r"(?<![\w:/.'~-])/(?:[^\s:'\"]+)")
_ADDRESS = re.compile(
    r" (?:on )?(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9a-f:]+\]):[0-9]+(?=:)|(?<=read udp )\S+->\S+(?=:)"
)
"""An address in an error of Go's package net: `dial tcp ADDRESS: ...`, `lookup NAME on ADDRESS: ...`."""
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_QUERY = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"':)]*")


def without_addresses(words: str) -> str:
    """Return words for clients, without addresses of name servers, proxies and hosts."""
    return _ADDRESS.sub("", words)


def make_words(
    head: str, below: Sequence[str], failed: re.Match[str] | None, telling: Sequence[re.Pattern[str]]
) -> str:
    """Make words for people: the chain of causes, or where a program has `failed`, the lines of it that tell most.

    `telling` are forms of lines that tell more than others. What servers say is left out.
    """
    lines = [head]
    if failed:
        own = [line for line in below if line and not line.startswith("remote:")]
        best = [line for line in own if any(form.fullmatch(line) for form in telling)]
        best = best or [line for line in own if line.startswith(_ERROR_MARKS)] or own
        first, *more = best or [failed[0].strip(": ")]
        lines = [f"{_command(head)}: {first}", *more]
    return "\n".join(map(_clean, lines[:_REASON_LINES])).strip() or "the go command failed without a word"


def _command(head: str) -> str:
    """Name the command that failed, without its arguments."""
    found = _COMMAND.search(head)
    return " ".join(filter(None, found.groups())) if found else "a command"


def _clean(line: str) -> str:
    line = _FOLDER.sub("", line[:_LONGEST_READ])
    line = _USERINFO.sub("", line)
    line = _QUERY.sub(r"\1", line)
    line = _MACHINE_PATH.sub("(path)", line)
    return "".join(c if c.isprintable() else " " for c in line)[:_LONGEST_LINE]
