"""One thing that is found wrong with the settings of a go command, and what settings are judged against. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from goproxy_operator.go_env.goauth import Given
from goproxy_operator.go_env.toolchain import Local, Wanted
from modproxy.contract.report_fields import plain_text

_MOST_SHOWN = 5
_LOGIN = re.compile(r"://[^/@,|\s]*(?:,[^/@|\s]*)?@")


class Weight(StrEnum):
    """How much a finding matters."""

    WRONG = "wrong"
    """It makes requests fail, or names leak."""
    WORTH_A_LOOK = "worthALook"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. No text of it has a secret."""

    code: str
    """Stays the same over versions."""
    weight: Weight
    text: str
    remedy: str = ""


def wrong(code: str, text: str, remedy: str) -> Finding:
    """Make a finding of the worst weight."""
    return Finding(code, Weight.WRONG, text, remedy)


@dataclass(frozen=True, slots=True)
class NetrcFile:
    """The netrc file as it is on the disk."""

    path: str
    text: str | None = None
    """None where there is none, or where it cannot be read."""
    mode: int = 0o600
    unreadable: str = ""
    """Why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the settings are judged against."""

    fleet: str | None = None
    """The URL of the fleet that should be asked; None where none is meant."""
    wants_login: bool = False
    """Whether the fleet has answered that it wants a credential."""
    private: Sequence[str] = ()
    """Patterns of modules that no public server may learn of, such as those that the fleet's object names."""
    hosted: Sequence[str] = ()
    """Patterns of modules that only the fleet has."""
    modules: Sequence[str] = ()
    """Module paths that go.mod of the working folder requires."""
    shells: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What a new login shell exports, by the shell's name."""
    netrc: NetrcFile | None = None
    missing_programs: Sequence[str] = ()
    """Programs of GOAUTH that are not on the PATH."""
    given: Sequence[Given] = ()
    """What each way of GOAUTH has given for the fleet; nothing where none was asked."""
    is_logged_in: bool = False
    """Whether `goproxy-operator login` has a token for the fleet."""
    asked: str = ""
    """The module that is asked about."""
    wanted: Wanted = field(default_factory=Wanted)
    local: Local = field(default_factory=Local)


def without_logins(value: str) -> str:
    """Return a value as it may be shown: no login of a URL in it, no control character."""
    return plain_text(_LOGIN.sub("://***@", value))


def some_of(names: Sequence[str]) -> str:
    """Return the first few of many names, for a sentence."""
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return plain_text(", ".join(names[:_MOST_SHOWN])) + more
