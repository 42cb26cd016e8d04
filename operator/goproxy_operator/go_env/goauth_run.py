"""Runs what GOAUTH names, as the go command does: once with nothing, and once with the URL. It changes nothing itself.

The commands are the user's own, which every `go get` from an https server runs.
"""

import asyncio
import base64
import binascii
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from goproxy_operator.go_env.finding import NetrcFile
from goproxy_operator.go_env.goauth import (
    Credentials,
    Given,
    GoAuthError,
    header_for,
    parse_answer,
    parse_git,
    ways_of,
)
from modproxy.contract.report_fields import plain_text
from modproxy.mod.login import UrlLogin
from modproxy.mod.netrc import login_for, parse_netrc

GOAUTH_SECONDS = 10.0
"""For each run of a command. The go command itself would wait for ever."""
_LARGEST_ANSWER = 1 << 18
_ASKED_FOR = b"HTTP/1.1 401 Unauthorized\nWww-Authenticate: Basic\n\n"
"""The head of the answer that go gives to a command with a URL."""


async def given_for(goauth: str, url: str, netrc: NetrcFile | None, seconds: float = GOAUTH_SECONDS) -> list[Given]:
    """Return what each way of GOAUTH gives for an https URL, in its order; nothing for a GOAUTH that go refuses."""
    try:
        ways = ways_of(goauth)
    except GoAuthError:
        return []  # a finding of the settings says so
    if ways == [["off"]]:
        return []
    return list(await asyncio.gather(*(_given(words, url, netrc, seconds) for words in ways)))


async def _given(words: Sequence[str], url: str, netrc: NetrcFile | None, seconds: float) -> Given:
    way = plain_text(Path(words[0]).name)
    try:
        if words == ["netrc"]:
            header = _basic(login_for(parse_netrc((netrc and netrc.text) or ""), url))
        elif words[0] == "git":
            text = await _run(["git", "credential", "fill"], f"url={url}\n".encode(), seconds, folder=words[1])
            header = _basic(parse_git(text))
        else:
            header = header_for(await _answer(words, b"", seconds), url)
            if header is None:
                header = header_for(await _answer([*words, url], _ASKED_FOR, seconds), url)
    except GoAuthError as e:
        return Given(way, problem=plain_text(str(e)))
    return Given(way, kind_of(header), header=header)


async def _answer(words: Sequence[str], stdin: bytes, seconds: float) -> Credentials:
    return parse_answer(await _run(words, stdin, seconds))


async def _run(words: Sequence[str], stdin: bytes, seconds: float, *, folder: str | None = None) -> str:
    """Return the output of a program. Raises `GoAuthError`."""
    environment = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", **os.environ}
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as e:
        raise GoAuthError(f"cannot be run: {getattr(e, 'strerror', None) or 'it is no command'}") from None
    output = bytearray()
    try:
        async with asyncio.timeout(seconds):
            if process.stdin is not None:
                with contextlib.suppress(ConnectionError):
                    process.stdin.write(stdin)
                    await process.stdin.drain()
                process.stdin.close()
            while process.stdout is not None and (piece := await process.stdout.read(1 << 16)):
                output += piece
                if len(output) > _LARGEST_ANSWER:
                    raise GoAuthError(f"its answer has more than {_LARGEST_ANSWER} bytes")
            status = await process.wait()
    except TimeoutError:
        raise GoAuthError(f"does not end within {seconds:g} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        await process.wait()
    if status != 0:
        raise GoAuthError(f"ends with exit status {status}")
    return output.decode(errors="replace")


def _basic(login: UrlLogin | None) -> str | None:
    if login is None:
        return None
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def kind_of(header: str | None) -> str:
    """Return what may be shown of a credential: its scheme, and the user's name of a Basic one."""
    if header is None:
        return ""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return plain_text(scheme[:32]) + " token"
    with contextlib.suppress(ValueError, binascii.Error):
        name = base64.b64decode(rest.strip(), validate=True).decode(errors="replace").partition(":")[0]
        return f"Basic for {plain_text(name)}"
    return "Basic, which is no login"
