"""Version control as a source, read by the go command: `direct` of a GOPROXY.

Each fetch has a workspace and a process group of its own, and a bounded number of fetches runs at once.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modproxy.mod.target import Kind, Target
from modproxy.request import Request
from modproxy.source.file_tree import read_file
from modproxy.source.protocol import Fetched, NotFound, Unavailable
from modproxy.source.vcs.failure import explain_failure
from modproxy.source.vcs.workspace import Workspace, workspace
from modproxy.source.way_out.credentials import CredentialError, Credentials
from modproxy.source.way_out.outbound import Outbound

_AT_ONCE = 8
_ORIGIN = "version control"


@dataclass(frozen=True, slots=True)
class DirectSettings:
    """Carries what a fetch from version control needs of the config."""

    folder: Path
    """Where workspaces are made."""
    timeout: float
    """How many seconds the go command may run for one fetch."""
    goprivate: str
    """The variable GOPRIVATE: it decides which version control systems the go command may use (GOVCS)."""
    credentials: Credentials
    outbound: Outbound


class Direct:
    """Fetches modules from their version control systems."""

    def __init__(self, settings: DirectSettings) -> None:
        self._settings = settings
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the file. Raises `NotFound` when version control says that there is none, else `Unavailable`."""
        target = request.target
        if not isinstance(target, Target):
            raise NotFound(f"{target}: not in version control")
        settings = self._settings
        async with self._slots:
            try:
                credentials = await asyncio.to_thread(settings.credentials.read)
                way_out = await asyncio.to_thread(settings.outbound.environment)
            except (CredentialError, OSError) as e:
                raise Unavailable(f"{target}: {e}") from None
            async with workspace(settings.folder, settings.goprivate, credentials, way_out) as place:
                answer = await self._run(target, place, bool(credentials))
                file = _answer_file(target, answer, place)
                yield Fetched(read_file(file), (await asyncio.to_thread(file.stat)).st_size, _ORIGIN)

    async def _run(self, target: Target, place: Workspace, had_credentials: bool) -> dict[str, Any]:
        try:
            process = await asyncio.create_subprocess_exec(
                "go", *_arguments(target), cwd=place.folder, env=dict(place.env), start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        except OSError:
            raise Unavailable(f"{target}: no go command here to ask version control with", 503) from None
        try:
            out, err = await asyncio.wait_for(process.communicate(), self._settings.timeout)
        except TimeoutError:
            raise Unavailable(
                f"{target}: version control did not answer within {self._settings.timeout:.0f} s", 504
            ) from None
        finally:
            _end_group(process.pid)
            await process.wait()
        answer = _parse(out)
        reason = answer.get("Error") or ""
        if isinstance(reason, dict):
            reason = reason.get("Err", "")
        if process.returncode or reason:
            said = (reason or err.decode(errors="replace")).replace(str(place.folder.parent), "")
            raise explain_failure(target, said, had_credentials)
        return answer


def _arguments(target: Target) -> Sequence[str]:
    name = f"{target.path}@{target.version or 'latest'}"
    match target.kind:
        case Kind.ZIP:
            return ("mod", "download", "-json", name)
        case Kind.LIST:
            return ("list", "-m", "-versions", "-retracted", "-json", str(target.path))
        case _:
            return ("list", "-m", "-json", name)


def _answer_file(target: Target, answer: dict[str, Any], place: Workspace) -> Path:
    """Return the file with the answer. An answer that the go command only prints is written to a file first."""
    if target.kind is Kind.ZIP:
        return Path(answer["Zip"])
    if target.kind is Kind.MOD:
        return Path(answer["GoMod"])
    file = place.folder / "answer"
    if target.kind is Kind.LIST:
        file.write_text("".join(f"{version}\n" for version in answer.get("Versions") or ()))
    else:
        info = {key: answer[key] for key in ("Version", "Time", "Origin") if key in answer}
        file.write_text(json.dumps(info, separators=(",", ":")))
    return file


def _parse(out: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(out)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _end_group(pid: int) -> None:
    """Kill the go command if it still runs, and the programs that it has started (git, ssh)."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
