"""nginx as the yardstick of hits: it serves the very files that our cache holds, in one process."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.machine.cores import CORES, bound
from bench.servers.listening import free_port, until_listening
from bench.servers.server import Server
from bench.servers.system_programs import NotInstalledError, find

NAME = "nginx"
_CONFIG = """\
daemon off; master_process off; pid {scratch}/nginx.pid; error_log {scratch}/nginx.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  client_body_temp_path {scratch}/body; proxy_temp_path {scratch}/proxy; fastcgi_temp_path {scratch}/fastcgi;
  uwsgi_temp_path {scratch}/uwsgi; scgi_temp_path {scratch}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


@asynccontextmanager
async def nginx(folder: Path, scratch: Path) -> AsyncIterator[Server]:
    """Serve a folder until the context is left. Raises `NotInstalledError`, and `RuntimeError` if it does not start."""
    program = find(NAME)
    if program is None:
        raise NotInstalledError("nginx cannot be found")
    scratch.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = scratch / "nginx.conf"
    config.write_text(_CONFIG.format(scratch=scratch, port=port, folder=folder))
    with bound(CORES.server):
        process = await asyncio.create_subprocess_exec(
            program, "-p", str(scratch), "-e", str(scratch / "nginx.log"), "-c", str(config)
        )
    try:
        if not await until_listening(port, process):
            raise RuntimeError(f"nginx does not start: {(scratch / 'nginx.log').read_text()[-1000:]}")
        yield Server(NAME, f"http://127.0.0.1:{port}", process.pid, folder)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()
