"""A fake upstream, which is a process of its own: it serves made modules with zips of real sizes, with a delay.

    python -m bench.upstream --modules N --delay SECONDS

It prints its URL. Modules are example.com/bench/m0, m1, ..., each with v1.0.0; example.com/stalled/... never answers.
"""

import argparse
import asyncio
import random

from aiohttp import web

from modproxy.mod.path import escape
from tests.modproxy.fake_upstream import FakeUpstream

_MEDIAN_PAYLOAD = 130_000
_SPREAD = 1.0
_LARGEST_PAYLOAD = 4_000_000


def keys(number: int) -> list[str]:
    """Name the files of a module in the order in which a go command asks for them."""
    return [f"{module(number)}/@v/v1.0.0.{suffix}" for suffix in ("info", "mod", "zip")]


def module(number: int) -> str:
    """Name a module."""
    return f"example.com/bench/m{number}"


class DistantUpstream(FakeUpstream):
    """Answers everything after a delay, but never answers what is called stalled."""

    def __init__(self, delay: float) -> None:
        super().__init__()
        self._delay = delay

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(3600 if request.path.startswith("/example.com/stalled/") else self._delay)
        self.headers.clear()
        return await super()._handle(request)


async def serve(modules: int, delay: float) -> None:
    """Serve until killed."""
    chance = random.Random(1)
    async with DistantUpstream(delay) as upstream:
        for number in range(modules):
            size = min(int(_MEDIAN_PAYLOAD * chance.lognormvariate(0, _SPREAD)), _LARGEST_PAYLOAD)
            upstream.add(escape(module(number)), "v1.0.0", payload=chance.randbytes(size))
        upstream.add("example.com/large", "v1.0.0", payload=chance.randbytes(16 << 20))
        print(upstream.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--modules", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.modules, arguments.delay))
