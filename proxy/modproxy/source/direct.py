"""Version control, read by the go command itself: `GOPROXY=direct`.

Each fetch has a workspace and a process group of its own; a bounded number runs at once, apart from everything else.
"""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modproxy.mod.target import Kind, Target
from modproxy.source import Fetched, NotFound, SourceError, Unavailable, Wanted
from modproxy.source.credentials import CredentialError, Credentials
from modproxy.source.file_tree import read_file
from modproxy.source.go_workspace import Workspace, workspace
from modproxy.source.outbound import Outbound

_AT_ONCE = 8
_ORIGIN = "version control"
_REASON_LINES = 6
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")

_ABSENT = re.compile(
    r"unknown revision|invalid version:|no matching versions|404 Not Found|410 Gone|does not contain package|"
    r"[Rr]epository not found|repository .* not found|not a known revision|could not find|"
    r"missing go-import|no go-import meta tags|unrecognized import path|is not a valid|"
    r"does not appear to be a git repository"
)
_OUTAGE = re.compile(
    r"dial tcp|connection refused|connection reset|i/o timeout|TLS handshake|timed out|Could not resolve host|"
    r"Failed to connect|server misbehaving|no such host|unexpected EOF|50[0-9] |early EOF|hung up unexpectedly|"
    r"Temporary failure|Connection closed|x509:|certificate"
)
_NO_CREDENTIALS = re.compile(r"could not read Username|terminal prompts disabled")
_NO_ACCESS = re.compile(
    r"Authentication failed|Permission denied|Host key verification failed|\b40[13]\b|returned error: 40[13]"
)


@dataclass(frozen=True, slots=True)
class DirectSettings:
    """What a fetch from version control needs. `timeout` is in seconds, for the whole of one fetch; `goprivate` is Go's
    variable: on it depends which version control systems the go command uses (GOVCS).
    """

    folder: Path
    timeout: float
    goprivate: str
    credentials: Credentials
    outbound: Outbound


class Direct:
    """Fetches modules from their version control systems."""

    def __init__(self, settings: DirectSettings) -> None:
        self._settings = settings
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def fetch(self, target: Wanted, via: str = "") -> AsyncIterator[Fetched]:
        """Give the file, or raise `SourceError`; an outage or a refusal is never taken for an absence."""
        if not isinstance(target, Target):
            raise NotFound(f"{target}: not in version control")
        settings = self._settings
        async with self._slots:
            try:
                credentials = await asyncio.to_thread(settings.credentials.read)
                way_out = await asyncio.to_thread(settings.outbound.environment)
            except (CredentialError, OSError) as e:
                raise Unavailable(f"{target}: {e}") from None
            with workspace(settings.folder, settings.goprivate, credentials, way_out) as place:
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
        answer = _parse(out)
        reason = answer.get("Error") or ""
        if isinstance(reason, dict):
            reason = reason.get("Err", "")
        if process.returncode or reason:
            said = (reason or err.decode(errors="replace")).replace(str(place.folder.parent), "")
            raise explain(target, said, had_credentials)
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
    """Name the file with what was asked for, written first where the go command only prints it."""
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
    """End what the go command started (git, ssh) and is still there, whether it ended itself or not."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def explain(target: Target, said: str, had_credentials: bool) -> SourceError:
    """Turn what the go command said into an error that keeps its meaning: absent, or not to be had now.

    Hosts ask for a login where there is nothing, as they do where there is something private: without any credentials
    that is an absence to us, and the client may have better luck elsewhere. With them it is trouble that must be seen.
    """
    lines = [line.strip() for line in _USERINFO.sub("", said).splitlines() if line.strip()]
    reason = f"{target}: version control: " + (
        "\n".join(lines[:_REASON_LINES]) or "the go command failed without a word"
    )
    if _NO_CREDENTIALS.search(said) and not had_credentials:
        return NotFound(f"{reason}\nIf it exists, the fleet needs credentials for it: upstream.credentials")
    if _NO_ACCESS.search(said) or _NO_CREDENTIALS.search(said):
        return Unavailable(f"{reason}\nThe fleet's credentials for it are refused: see upstream.credentials")
    if _OUTAGE.search(said):
        return Unavailable(reason, 502)
    if _ABSENT.search(said):
        return NotFound(reason)
    return Unavailable(reason, 502)
