"""A plain static file server of aiohttp's: the yardstick of hits that needs no package of the system.

    python -m bench.programs.plain_server FOLDER

It prints its URL.
"""

import asyncio
import sys

import uvloop
from aiohttp import web


async def serve(folder: str) -> None:
    """Serve until killed."""
    app = web.Application()
    app.router.add_static("/", folder)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
