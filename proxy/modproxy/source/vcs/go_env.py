"""The settings of the machine's go command, for a config that leaves them to the machine."""

import asyncio
import os


class GoEnvError(RuntimeError):
    """`go env` failed; the message says why and what to do."""


async def go_env(name: str) -> str:
    """Return what `go env NAME` prints on this machine. Raises `GoEnvError`."""
    # The folder has no go.mod and the toolchain is not switched, so that only the machine's settings count.
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}
    try:
        process = await asyncio.create_subprocess_exec(
            "go", "env", name, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd="/", env=env
        )
    except OSError:
        raise GoEnvError(
            "upstream.goproxy is not set and there is no go command to ask: set upstream.goproxy, or install Go"
        ) from None
    try:
        out, err = await asyncio.wait_for(process.communicate(), timeout=20)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise GoEnvError(f"`go env {name}` did not end within 20 s: set upstream.goproxy") from None
    if process.returncode:
        last = err.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise GoEnvError(f"`go env {name}` failed: {last[0]}: set upstream.goproxy")
    return out.decode(errors="replace").strip()
