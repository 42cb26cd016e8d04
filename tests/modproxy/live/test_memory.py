"""Many slow clients of large files need little memory."""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess

READERS = 120
MIB = 1 << 20
KEY = "example.com/!mixed/@v/v1.0.0.mod"


def peak(proxy: ProxyProcess) -> int:
    """The most memory that the program has had so far, in bytes."""
    assert proxy.process is not None
    status = Path(f"/proc/{proxy.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) << 10


async def ask_and_read_little(proxy: ProxyProcess) -> asyncio.StreamWriter:
    """Ask for the file, and read no more than the head of the answer."""
    address = urlsplit(proxy.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1024)
    writer.write(f"GET /{KEY} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    return writer


async def test_slow_readers_of_a_large_go_mod(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.files[KEY] = b"module example.com/Mixed\n" + b"// a comment\n" * (15 * MIB // 13)
    before = peak(proxy)
    for _ in ("fetched", "stored"):
        readers = await asyncio.gather(*(ask_and_read_little(proxy) for _ in range(READERS)))
        assert (await proxy.get("example.com/!mixed/@v/list")).status == 200
        for writer in readers:
            writer.transport.abort()
    assert (await proxy.get(KEY)).body == upstream.files[KEY]
    assert upstream.requests[KEY] == 1
    assert (peak(proxy) - before) // MIB < 200, "each reader would need 15 MiB of its own"
