"""Reads what the go command of this machine sees: environment, files, login shells. It changes nothing."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from goproxy_operator.go_env.finding import NetrcFile
from goproxy_operator.go_env.goauth import GoAuthError, ways_of
from goproxy_operator.go_env.settings import NAMES, GoEnv, default_env_file, env_file_of, parse_env_file, resolve
from goproxy_operator.go_env.toolchain import Local, Wanted
from modproxy.mod.go_mod import GoModError, parse_go_mod

SHELLS = ("bash", "zsh", "fish")
_GO_SECONDS = 20.0
_SHELL_SECONDS = 3.0
"""A profile that takes longer is told of as unknown: nobody waits for it."""
_LARGEST_FILE = 1 << 20
_MOST_CACHED = 1024
"""Entries of a folder of the module cache that are looked at."""
_KEPT = ("HOME", "USER", "LOGNAME", "SHELL", "LANG", "TMPDIR", "XDG_CONFIG_HOME")
"""What a login sets before the profile runs. XDG_CONFIG_HOME is kept, because some systems set it for the session."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def go_program() -> str | None:
    """Return the go command of the PATH; None without one."""
    return shutil.which("go")


def quiet_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment for `go env` and `go env -w`, which they need: no other Go is downloaded for them.

    In the folder of a go.mod that wants a newer Go, each go command would get that one first, from the very GOPROXY
    that may be wrong.
    """
    return {**(os.environ if environment is None else environment), "GOTOOLCHAIN": "local"}


def read_go_env(environment: Mapping[str, str] | None = None) -> GoEnv:
    """Return the settings of the go command under an environment (default: that of this process)."""
    env = dict(os.environ if environment is None else environment)
    file = env_file_of(env, sys.platform)
    off = env.get("GOENV") == "off"
    written = parse_env_file(_text(file) or "") if file else {}
    goroot = _goroot(env, written)
    installed = parse_env_file(_text(str(Path(goroot, "go.env"))) or "") if goroot else {}
    default = default_env_file(env, sys.platform) if off else ""
    passed_over = parse_env_file(_text(default) or "") if default else None
    return GoEnv(resolve(env, written, installed), file, off, env, passed_over)


def _goroot(env: Mapping[str, str], written: Mapping[str, str]) -> str:
    if named := env.get("GOROOT") or written.get("GOROOT"):
        return named
    # Go finds its root by the place of the program, which a distribution may have wrapped: it is asked itself.
    return _ask_go(env, "GOROOT")[0]


def _ask_go(env: Mapping[str, str], *names: str) -> list[str]:
    """Return what the go command of this machine says of its own variables; empty texts where it says nothing.

    It is asked in the root folder and with GOTOOLCHAIN=local, so that it fetches no other toolchain for the answer.
    """
    go = shutil.which("go", path=env.get("PATH"))
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        if go is not None:
            said = subprocess.run(
                [go, "env", *names],
                env={**quiet_environment(env), "GOWORK": "off"},
                cwd=Path.home().anchor,
                capture_output=True,
                timeout=_GO_SECONDS,
                check=True,
                text=True,
            )
            lines = said.stdout.split("\n")
            return [line.strip() for line in lines[: len(names)]] + [""] * (len(names) - len(lines))
    return [""] * len(names)


def local_go() -> Local:
    """Return the go command of this machine, and which toolchains its module cache has."""
    version, system, architecture, cache = _ask_go(os.environ, "GOVERSION", "GOHOSTOS", "GOHOSTARCH", "GOMODCACHE")
    cached: frozenset[str] = frozenset()
    with contextlib.suppress(OSError, ValueError):
        folders = islice(Path(cache, "golang.org").iterdir(), _MOST_CACHED) if cache else ()
        cached = frozenset(one.name.partition("@")[2] for one in folders if one.name.startswith("toolchain@"))
    return Local(version, f"{system}-{architecture}" if system and architecture else "", cached)


def wanted_go(folder: Path) -> Wanted:
    """Return what the go.mod file of a folder, or of one above it, says of the version of Go."""
    for place in (folder, *folder.parents):
        text = _text(str(place / "go.mod"))
        if text is not None:
            lines = [line.partition("//")[0].split() for line in text.split("\n")]
            found = {line[0]: line[1] for line in lines if len(line) == 2 and line[0] in ("go", "toolchain")}
            return Wanted(found.get("go", ""), found.get("toolchain", ""))
    return Wanted()


def read_netrc() -> NetrcFile:
    """Return the netrc file that the go command reads."""
    named = os.environ.get("NETRC")
    path = Path(named) if named else Path.home() / ("_netrc" if sys.platform == "win32" else ".netrc")
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            text = file.read(_LARGEST_FILE).decode(errors="replace")
    except FileNotFoundError:
        return NetrcFile(str(path))
    except OSError as e:
        return NetrcFile(str(path), unreadable=e.strerror or "it cannot be read")
    return NetrcFile(str(path), text, 0o600 if sys.platform == "win32" else mode)


def missing_programs(goauth: str) -> list[str]:
    """Return the programs that GOAUTH runs, and that are not on the PATH."""
    try:
        first = [words[0] for words in ways_of(goauth)] if goauth else []
    except GoAuthError:
        return []  # a finding of its own says so
    named = [word for word in first if word not in ("netrc", "off")]
    return [program for program in dict.fromkeys(named) if shutil.which(program) is None]


def required_modules(folder: Path) -> list[str]:
    """Return the paths that the go.mod file of a folder, or of one above it, requires; none without such a file."""
    for place in (folder, *folder.parents):
        text = _text(str(place / "go.mod"))
        if text is None:
            continue
        try:
            return [str(one.path) for one in parse_go_mod(text).required]
        except GoModError:
            return []
    return []


async def login_shells(shells: tuple[str, ...] = SHELLS) -> dict[str, dict[str, str]]:
    """Return which of Go's variables a new login shell exports, by the shell's name. One that hangs is left out."""
    there = {name: program for name in shells if (program := shutil.which(name))}
    answers = await asyncio.gather(*(_exported(program) for program in there.values()))
    return {name: found for name, found in zip(there, answers, strict=True) if found is not None}


async def _exported(program: str) -> dict[str, str] | None:
    clean = {name: os.environ[name] for name in _KEPT if name in os.environ} | {"PATH": _PATH, "TERM": "dumb"}
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            "-lc",
            "env -0",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=clean,
            start_new_session=True,
        )
    except OSError:
        return None
    output = b""
    try:
        async with asyncio.timeout(_SHELL_SECONDS):
            if process.stdout is not None:
                while piece := await process.stdout.read(1 << 16):
                    output += piece
                    if len(output) > _LARGEST_FILE:
                        return None
            await process.wait()
    except TimeoutError:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)  # what a profile has left in the background, too
        await process.wait()
    return exported_of(output)


def exported_of(output: bytes) -> dict[str, str]:
    """Read the output of `env -0`. A profile may have written lines before it."""
    found: dict[str, str] = {}
    for number, part in enumerate(output.decode(errors="replace").split("\0")):
        name, equals, value = (part.rpartition("\n")[2] if number == 0 else part).partition("=")
        if equals and name in (*NAMES, "GOENV"):
            found[name] = value
    return found


def _text(path: str) -> str | None:
    try:
        with Path(path).open("rb") as file:
            return file.read(_LARGEST_FILE).decode(errors="replace")
    except (OSError, ValueError):
        return None
