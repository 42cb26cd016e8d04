"""Variables in the language of a shell, quoted by its rules. Pure.

Sources: "Quoting" of the bash manual, of zsh's and of fish's, and about_Quoting_Rules of PowerShell.
"""

import shlex
from collections.abc import Callable, Mapping

_POWERSHELL_QUOTES = "'\u2018\u2019\u201a\u201b"
"""All of them end a string in single quotes, and two of them stand for one."""


def bash(values: Mapping[str, str]) -> str:
    """For bash, zsh and sh."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def fish(values: Mapping[str, str]) -> str:
    """For fish, in whose single quotes a backslash escapes itself and the quote."""
    return "".join(f"set -gx {name} {_fish(value)}\n" for name, value in values.items())


def powershell(values: Mapping[str, str]) -> str:
    """For PowerShell, in whose single quotes nothing is expanded."""
    return "".join(f"$env:{name} = {_powershell(value)}\n" for name, value in values.items())


def _fish(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _powershell(text: str) -> str:
    return "'" + "".join(char * 2 if char in _POWERSHELL_QUOTES else char for char in text) + "'"


SHELLS: dict[str, Callable[[Mapping[str, str]], str]] = {
    "bash": bash,
    "zsh": bash,
    "fish": fish,
    "powershell": powershell,
}
"""How lines are written for each shell that a person types into."""
