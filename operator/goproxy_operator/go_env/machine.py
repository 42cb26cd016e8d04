"""Reads what the go command of this machine sees: environment, files, login shells. It changes nothing."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from goproxy_operator.go_env.finding import NetrcFile
from goproxy_operator.go_env.settings import NAMES, GoEnv, default_env_file, env_file_of, parse_env_file, resolve
from modproxy.mod.go_mod import GoModError, parse_go_mod

SHELLS = ("bash", "zsh", "fish")
_GO_SECONDS = 20.0
_SHELL_SECONDS = 3.0
"""A profile that takes longer is told of as unknown: nobody waits for it."""
_LARGEST_FILE = 1 << 20
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
    go = shutil.which("go", path=env.get("PATH"))
    if go is None:
        return ""
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        # Go finds its root by the place of the program, which a distribution may have wrapped: it is asked itself.
        said = subprocess.run(
            [go, "env", "GOROOT"],
            env=quiet_environment(env),
            capture_output=True,
            timeout=_GO_SECONDS,
            check=True,
            text=True,
        )
        return said.stdout.strip()
    return ""


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
    first = [words[0] for way in goauth.split(";") if (words := way.split())]
    named = ["git" if word == "git" else word for word in first if word not in ("netrc", "off")]
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
