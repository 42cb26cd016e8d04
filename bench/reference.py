"""Runs a plain server of the same files on the same machine, so that figures have something to stand beside."""

import asyncio
import contextlib
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.programs import running

_CONFIG = """\
daemon off; master_process off; pid {scratch}/nginx.pid; error_log {scratch}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  client_body_temp_path {scratch}/body; proxy_temp_path {scratch}/proxy; fastcgi_temp_path {scratch}/fastcgi;
  uwsgi_temp_path {scratch}/uwsgi; scgi_temp_path {scratch}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


@dataclass(frozen=True, slots=True)
class Reference:
    """A running server: what it is, where it listens, and its process id."""

    name: str
    url: str
    pid: int


@asynccontextmanager
async def reference(folder: Path, scratch: Path) -> AsyncIterator[Reference]:
    """Serve a folder by nginx, in one process, or by Python where there is no nginx."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin") or shutil.which("nginx")
    if program is None:
        async with running("bench.plain_server", str(folder)) as (process, url):
            yield Reference("aiohttp's FileResponse", url, process.pid)
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = scratch / "nginx.conf"
    config.write_text(_CONFIG.format(scratch=scratch, port=port, folder=folder))
    process = await asyncio.create_subprocess_exec(
        program, "-p", str(scratch), "-e", str(scratch / "nginx.log"), "-c", str(config)
    )
    try:
        await _listening(port)
        yield Reference("nginx", f"http://127.0.0.1:{port}", process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def _listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
