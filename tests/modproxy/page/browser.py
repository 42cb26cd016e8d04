"""A real browser for the tests of the pages: Debian's chromium-headless-shell, driven by playwright.

Root on a machine with apt installs it once. Elsewhere the tests are skipped, and say why; BROWSER=required makes its
absence a failure.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

PROGRAM = "chromium-headless-shell"
_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", PROGRAM)
_SECONDS = 300.0
_ARGUMENTS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""Without them the browser asks servers of its maker, which no test may."""


async def _program() -> str:
    found = shutil.which(PROGRAM)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (_INSTALL, ("apt-get", "update"), _INSTALL):
            process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )  # fmt: skip
            async with asyncio.timeout(_SECONDS):
                await process.wait()
            found = shutil.which(PROGRAM)
            if found is not None:
                break
    if found is not None:
        return found
    reason = f"{PROGRAM} is not installed: {' '.join(_INSTALL)}"
    if os.environ.get("BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Start the browser, and end it."""
    program = await _program()
    arguments = [*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield started
        finally:
            await started.close()
