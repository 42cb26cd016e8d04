"""wrk as the load of hits: a script for it, and what it found."""

import asyncio
import json
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path

from bench.machine.cores import CORES, bound
from bench.programs.http_client import GO_HEADERS
from bench.servers.system_programs import NotInstalledError, find

_MARK = "bench: "
_TIMEOUT = "--timeout=60s"
"""A machine that does other work may let a request wait, which is no failure."""
_SCRIPT = """\
local heads, at = {}, 0
local after = " HTTP/1.1\\r\\nHost: " .. wrk.host .. ":" .. wrk.port .. "\\r\\n" .. %(headers)s
for path in io.lines(%(paths)s) do
  heads[#heads + 1] = "GET " .. path .. after
end
%(request)s
function done(summary, latency, requests)
  local failed = {}
  for _, kind in ipairs({"connect", "read", "write", "status", "timeout"}) do
    failed[#failed + 1] = string.format('"%%s": %%d', kind, summary.errors[kind])
  end
  io.write(string.format('%(mark)s{"requests": %%d, "failed": {%%s}}\\n', summary.requests, table.concat(failed, ", ")))
end
"""
_PLAIN = """\
for n = 1, #heads do heads[n] = heads[n] .. "\\r\\n" end
function request()
  at = at % #heads + 1
  return heads[at]
end"""
_FRESH = """\
local fresh = 0
function request()
  at = at % #heads + 1
  fresh = fresh + 1
  return heads[at] .. string.format("X-Request-Id: %024x%08x\\r\\n\\r\\n", os.time(), fresh)
end"""


@dataclass(frozen=True, slots=True)
class Found:
    """Holds what wrk found: whole answers, and how many requests failed, by the kinds of wrk's own."""

    requests: int
    failed: dict[str, int]


def script(paths: Path, *, fresh: bool) -> str:
    """Write the Lua script that asks for the paths of a file in turn; `fresh` gives each request an own header."""
    return _SCRIPT % {
        "paths": _lua(str(paths)),
        "headers": _lua(GO_HEADERS),
        "request": _FRESH if fresh else _PLAIN,
        "mark": _MARK,
    }


def _lua(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n")
    return f'"{escaped}"'


def parse(said: str) -> Found:
    """Read what wrk and its script printed. Raises `ValueError` when the script's line is not there."""
    for line in said.splitlines():
        if line.startswith(_MARK):
            found = json.loads(line.removeprefix(_MARK))
            return Found(found["requests"], {kind: count for kind, count in found["failed"].items() if count})
    raise ValueError(f"wrk did not say what it found: {said.strip()[-500:]}")


async def ask(url: str, lua: Path, seconds: float, connections: int) -> Found:
    """Run wrk on the core of the clients. Raises `RuntimeError` when a request failed."""
    program = find("wrk")
    if program is None:
        raise NotInstalledError("wrk cannot be found")
    with bound(CORES.load):
        process = await asyncio.create_subprocess_exec(
            program, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", _TIMEOUT, "-s", str(lua), url,
            stdout=PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    found = parse(said.decode())
    if found.failed or not found.requests:
        raise RuntimeError(f"{url}: of {found.requests} requests failed: {found.failed or 'all'}")
    return found
