"""Which of environment, `go env -w` file, $GOROOT/go.env and built-in default sets a variable of the go command. Pure.

Source of the rules: `Getenv`, `readEnvFile`, `EnvFile` and `EnvOrAndChanged` of cmd/go/internal/cfg, and
`go help environment`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

NAMES = (
    "GOPROXY",
    "GOSUMDB",
    "GOPRIVATE",
    "GONOPROXY",
    "GONOSUMDB",
    "GOINSECURE",
    "GOAUTH",
    "GOFLAGS",
    "GOTOOLCHAIN",
    "GOVCS",
)
"""The variables that decide where modules come from."""
_FROM_PRIVATE = ("GONOPROXY", "GONOSUMDB")
_BUILT_IN = {"GOAUTH": "netrc"}


class Origin(StrEnum):
    """Which place sets a variable."""

    ENVIRONMENT = "environment"
    ENV_FILE = "go env -w"
    GOROOT = "$GOROOT/go.env"
    PRIVATE = "GOPRIVATE"
    """Nothing sets it, and GOPRIVATE is its default."""
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable as the go command sees it."""

    name: str
    value: str
    origin: Origin
    hidden: str | None = None
    """What `go env -w` has written, where an exported variable of another value hides it."""


@dataclass(frozen=True, slots=True)
class GoEnv:
    """All variables of `NAMES`, and where they were read."""

    settings: Mapping[str, Setting]
    env_file: str
    """The file of `go env -w`; empty where there is none to read, as with GOENV=off."""
    off: bool = False
    """Whether GOENV=off, so that `go env -w` has no effect at all."""
    exported: Mapping[str, str] | None = None
    """The environment; None where it is not known."""
    passed_over: Mapping[str, str] | None = None
    """With GOENV=off: what the default file of `go env -w` has, which is not read."""

    def value(self, name: str) -> str:
        """Return the value that is in force."""
        return self.settings[name].value


def parse_env_file(text: str) -> dict[str, str]:
    """Read a file of `go env -w`, or $GOROOT/go.env: of several lines for a name, the last one counts."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, equals, value = line.partition("=")
        if equals and "A" <= line[0] <= "Z":
            found[name] = value
    return found


def env_file_of(environment: Mapping[str, str], platform: str) -> str:
    """Return where the file of `go env -w` is, by GOENV and `os.UserConfigDir`; empty where there is none.

    `platform` is `sys.platform`.
    """
    named = environment.get("GOENV", "")
    if named:
        return "" if named == "off" else named
    return default_env_file(environment, platform)


def default_env_file(environment: Mapping[str, str], platform: str) -> str:
    """Return where the file of `go env -w` is without GOENV; empty where there is no folder for it."""
    if platform == "win32":
        folder = environment.get("AppData", environment.get("APPDATA", ""))
        return f"{folder}\\go\\env" if folder else ""
    home = environment.get("HOME", "")
    if platform == "darwin":
        return f"{home}/Library/Application Support/go/env" if home else ""
    base = environment.get("XDG_CONFIG_HOME", "")
    if base:
        return f"{base.rstrip('/')}/go/env" if PurePath(base).is_absolute() else ""
    return f"{home.rstrip('/')}/.config/go/env" if home else ""


def resolve(
    environment: Mapping[str, str], env_file: Mapping[str, str], goroot_file: Mapping[str, str]
) -> dict[str, Setting]:
    """Return what the go command uses. An empty variable of the environment counts as none, as in Go."""
    found: dict[str, Setting] = {}
    for name in NAMES:
        exported, written = environment.get(name, ""), env_file.get(name)
        if exported:
            hidden = written if written and written != exported else None
            found[name] = Setting(name, exported, Origin.ENVIRONMENT, hidden)
        elif written:
            found[name] = Setting(name, written, Origin.ENV_FILE)
        elif written is None and goroot_file.get(name):
            # An empty line of the user's file is enough to hide the line of $GOROOT/go.env.
            found[name] = Setting(name, goroot_file[name], Origin.GOROOT)
        else:
            found[name] = Setting(name, _BUILT_IN.get(name, ""), Origin.DEFAULT)
    private = found["GOPRIVATE"].value
    for name in _FROM_PRIVATE:
        if not found[name].value and private:
            found[name] = Setting(name, private, Origin.PRIVATE)
    return found
