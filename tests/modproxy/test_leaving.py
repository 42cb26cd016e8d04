"""A process in which obstore has run ends with the exit code that it wants."""

import asyncio
import sys

from tests.modproxy.bucket.fake_s3 import FakeS3

PROCESSES, AT_ONCE = 20, 4
"""Of so many that end as usual, a third was aborted: the busier the machine is, the more of them."""
SCRIPT = """
import asyncio, sys
from obstore import get_async
from obstore.store import S3Store
from modproxy.leaving import leave

async def main():
    store = S3Store(
        "mods", endpoint=sys.argv[1], access_key_id="a", secret_access_key="b", client_options={"allow_http": True}
    )
    async for _ in (await get_async(store, "zip")).stream(min_chunk_size=1 << 16):
        pass

asyncio.run(main())
print("done")
END
"""


async def end(url: str, how: str) -> tuple[int | None, bytes]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT.replace("END", how), url, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return process.returncode, said


async def test_it_ends_well_and_flushes_what_it_has_said() -> None:
    async with FakeS3() as s3:
        s3.objects["zip"] = bytes(4 << 20), {}
        ends: list[tuple[int | None, bytes]] = []
        while len(ends) < PROCESSES:
            ends += await asyncio.gather(*(end(s3.url, "leave(3)") for _ in range(AT_ONCE)))
    assert ends == [(3, b"done\n")] * PROCESSES


async def test_it_ends_as_usual_without_obstore() -> None:
    script = "import atexit; from modproxy.leaving import leave; atexit.register(print, 'at exit'); leave(2)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert (process.returncode, said) == (2, b"at exit\n")
