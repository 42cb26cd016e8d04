"""Hostile requests against the live program: each ends in a lawful answer or a closed connection, and has no other
effect.

`MODPROXY_FUZZ_CASES` says how many connections there are. Without it, the sample is the same in every run.
"""

import asyncio
import hashlib
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.hostile_requests import connections
from tests.modproxy.proxy_process import ProxyProcess

CASES = int(os.environ.get("MODPROXY_FUZZ_CASES", "3000"))
AT_ONCE = 20
"""How many connections are open at the same time. Together they are one example of hypothesis."""
QUIET = 0.05
"""After so many seconds without a byte, the client says that it has sent all."""
LONGEST = 5.0
"""How many seconds later the server must have closed the connection."""

M = "example.com/!mixed"
HELD = f"{M}/@v/v1.0.0.mod"
KEYS = [
    HELD, f"{M}/@v/v1.0.0.info", f"{M}/@v/v1.0.0.zip", f"{M}/@v/v1.1.0.zip", f"{M}/@v/list", f"{M}/@latest",
    f"{M}/@v/main.info", "example.com/absent/@v/list", "example.com/absent/v2/@v/v2.0.0+incompatible.zip",
    "sumdb/x/latest", "sumdb/sum.golang.org/lookup/example.com/!mixed@v1.0.0",
    "sumdb/sum.golang.org/tile/8/0/x001/067.p/5", "-/report", "metrics", ".modproxy/canary", "../canary", "",
]  # fmt: skip
CANARY = b"a file that nobody may see"
UNEXPECTED = re.compile(r"unexpected|never retrieved|Unhandled|Fatal|Error in ")
"""Matches lines of the log that tell of an unforeseen exception."""
STATUS = re.compile(rb"HTTP/\d.\d (\d\d\d) ")


@pytest.mark.timeout(120 + CASES // 20)
@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
async def test_hostile_requests(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    for place in ("canary", "canary.info", "list", "cache/.modproxy/canary"):
        (proxy.folder / place).write_bytes(CANARY)
    for key in KEYS[:6]:
        assert (await proxy.get(key, Connection="close")).status == 200
    before = surroundings(proxy)
    # Behind the answers files of the cache are still being published and taken up.
    files = [file for file in open_files(proxy) if not file.startswith(str(proxy.cache))]
    loop = asyncio.get_running_loop()

    @settings(
        max_examples=-(-CASES // AT_ONCE),
        deadline=None,
        database=None,
        derandomize="MODPROXY_FUZZ_CASES" not in os.environ,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(connections([key.encode() for key in KEYS[:6] * 3 + KEYS]), min_size=AT_ONCE, max_size=AT_ONCE))
    def check(sent: list[bytes]) -> None:
        asyncio.run_coroutine_threadsafe(check_at_once(proxy, upstream, sent), loop).result()

    # Hypothesis blocks, so it runs in a thread beside the event loop, which serves upstream and the connections.
    await asyncio.to_thread(check)

    await eventually(lambda: not client_connections(proxy), "every connection is closed")
    await eventually(lambda: open_files(proxy) == files, "no file was left open")
    assert surroundings(proxy) == before
    for key in await proxy.held():
        if not key.endswith(".ziphash"):
            assert (proxy.cache / key).read_bytes() == upstream.files[key], key
    assert 'code="5' not in await proxy.metrics()
    unexpected = [line for line in proxy.log().splitlines() if UNEXPECTED.search(line)]
    assert not unexpected[:5]


async def check_at_once(proxy: ProxyProcess, upstream: FakeUpstream, sent: list[bytes]) -> None:
    """Send each over a connection of its own, and check that another client is served meanwhile."""
    meanwhile = asyncio.create_task(proxy.get(HELD, Connection="close"))
    answers = await asyncio.gather(*(exchange(proxy.url, data) for data in sent))
    bystander = await meanwhile
    assert (bystander.status, bystander.body) == (200, upstream.files[HELD])
    for data, answer in zip(sent, answers, strict=True):
        assert not answer or STATUS.match(answer), (data, answer)
        assert not any(status.startswith(b"5") for status in STATUS.findall(answer)), (data, answer)
        assert CANARY not in answer, data


async def exchange(url: str, data: bytes) -> bytes:
    """Send all bytes, and then read until the server closes the connection, which it must do in time."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    answer = bytearray()
    try:
        writer.write(data)
        while piece := await asyncio.wait_for(reader.read(1 << 16), QUIET):
            answer += piece
    except TimeoutError:
        writer.write_eof()
        try:
            answer += await asyncio.wait_for(reader.read(), LONGEST)
        except TimeoutError:
            raise AssertionError(f"neither answered nor closed in {LONGEST} s: {data!r}") from None
        except ConnectionError:
            pass
    except ConnectionError:
        pass  # the server closed the connection before it had read all bytes
    finally:
        writer.transport.abort()
    return bytes(answer)


def surroundings(proxy: ProxyProcess) -> dict[str, str]:
    """Hash every file that the proxy must not write: those around its cache, and unknown ones in its cache."""
    files = [path for path in proxy.folder.rglob("*") if path.is_file() and path.name != "log"]
    foreign = [path for path in files if proxy.cache not in path.parents or path.name == "canary"]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in foreign}


def open_files(proxy: ProxyProcess) -> list[str]:
    """Return what the program has open, except connections."""
    targets = (str(entry.readlink()) for entry in descriptors(proxy))
    return sorted(target for target in targets if not target.startswith("socket:"))


def descriptors(proxy: ProxyProcess) -> list[Path]:
    assert proxy.process is not None
    return list(Path(f"/proc/{proxy.process.pid}/fd").iterdir())


def client_connections(proxy: ProxyProcess) -> list[str]:
    """Return the addresses of the clients that the program has a connection with."""
    port = f":{urlsplit(proxy.url).port:04X}"
    own = {str(entry.readlink()).removeprefix("socket:[").rstrip("]") for entry in descriptors(proxy)}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [row[2] for row in rows if row[9] in own and row[1].endswith(port) and row[3] != "0A"]
