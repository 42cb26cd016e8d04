"""The settings of the machine's go command, for a config that leaves them to the machine."""

import os
from pathlib import Path

from modproxy.source.vcs.process import TooMuchOutput, run_program

_TIMEOUT = 20.0
"""Seconds. The command reads a file or two."""


class GoEnvError(RuntimeError):
    """`go env` failed; the message says why and what to do."""


async def go_env(name: str) -> str:
    """Return what `go env NAME` prints on this machine. Raises `GoEnvError`."""
    # The folder has no go.mod and the toolchain is not switched, so that only the machine's settings count.
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}
    try:
        ended = await run_program(("go", "env", name), env=env, cwd=Path("/"), timeout=_TIMEOUT)
    except TimeoutError:
        raise GoEnvError(f"`go env {name}` did not end within {_TIMEOUT:.0f} s: set upstream.goproxy") from None
    except TooMuchOutput:
        raise GoEnvError(f"`go env {name}` printed too much: set upstream.goproxy") from None
    except OSError:
        raise GoEnvError(
            "upstream.goproxy is not set and there is no go command to ask: set upstream.goproxy, or install Go"
        ) from None
    if ended.code:
        last = ended.said.strip().splitlines()[-1:] or ["no message"]
        raise GoEnvError(f"`go env {name}` failed: {last[0]}: set upstream.goproxy")
    return ended.out.decode(errors="replace").strip()
