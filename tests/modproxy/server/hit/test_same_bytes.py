"""Whatever the order of requests, reloads, removals, evictions, refreshes and times: an answer from memory is the one
that aiohttp's route gives at that moment, byte for byte but for its Date.

`MODPROXY_SAME_BYTES_SEEDS` says how many random sequences there are.
"""

import os
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.server.hit.two_ways import TwoWays, get, undated

SEEDS = int(os.environ.get("MODPROXY_SAME_BYTES_SEEDS", "4"))
STEPS = 150
FRESH = 3000
"""Seconds for which a list is fresh."""
AHEAD = 100_000
"""Seconds that the clock of the test is ahead of the file system's."""
MODULES = ("example.com/!mixed", "example.com/other", "example.com/denied")
FILES = ("@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip", "@v/v1.1.0.zip", "@v/list", "@latest", "@v/main.info")
HEADERS: tuple[tuple[str, ...], ...] = (
    (), (), (), (), (), (), (), (), ("X-Request-Id: %d",), ("User-Agent: Go-http-client/1.1", "Accept-Encoding: gzip"),
    ("Authorization: Basic eDp5",), ("Range: bytes=0-9",), ('If-None-Match: "x"',), ("If-None-Match: *",),
    ("Disable-Module-Fetch: true",), ("Via: 1.1 example",), ("Connection: close",), ("Host: y",),
)  # fmt: skip
HOSTS: tuple[list[str], ...] = ([], [], [], ["x"], ["x"], ["x", "y"], ["elsewhere"])


class Clock:
    """Stands still between two steps, so that both ways have the same age to tell."""

    def __init__(self) -> None:
        self.begun = time.time()
        self.now = self.begun + AHEAD

    def __call__(self) -> float:
        return self.now


class Driver:
    """Takes random steps."""

    def __init__(self, seed: int, site: TwoWays, upstream: FakeUpstream, clock: Clock) -> None:
        self.chance = random.Random(seed)
        self.site = site
        self.upstream = upstream
        self.clock = clock
        self.asked = self.compared = 0
        self.versions = ["v1.0.0", "v1.1.0"]

    async def step(self) -> None:
        steps: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (60, self.request), (3, self.reload), (4, self.remove), (2, self.evict), (3, self.release), (3, self.fail),
            (12, self.pass_time), (6, self.expire),
        ]  # fmt: skip
        weights, actions = zip(*steps, strict=True)
        await self.chance.choices(actions, weights)[0]()
        await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is under way, and bring what was fetched meanwhile to the time of this test."""
        await self.site.settled()
        for path in self.site.cache.rglob("*"):
            if path.is_file() and path.stat().st_mtime < self.clock.begun + AHEAD / 2:
                os.utime(path, (self.clock.now, self.clock.now))

    async def request(self) -> None:
        """Ask both ways, the one with memory first. Whoever asks first may cause a fetch, and sees another answer."""
        key = f"{self.chance.choice(MODULES)}/{self.chance.choice(FILES)}"
        if self.chance.random() < 0.2:
            key = key.replace("!", "%21")
        headers = [line.replace("%d", str(self.asked)) for line in self.chance.choice(HEADERS)]
        method = self.chance.choice(["GET"] * 9 + ["HEAD"])
        host = self.chance.choice(["x"] * 5 + ["y"])
        await self.compare(get(self.path(key), *headers, method=method, host=host))

    def path(self, key: str) -> str:
        return f"{self.site.replica.config.path_prefix}/{key}".lstrip("/")

    async def compare(self, request: bytes) -> None:
        for _ in range(self.chance.choice([1, 3, 6])):
            quick = await self.ask_quick(request)
            if b"Cache-Status: modproxy; hit\r\n" not in quick:
                await self.settled()
                quick = await self.ask_quick(request)
            plain = await self.site.ask(self.site.plain, request)
            assert undated(quick) == undated(plain), request
            self.compared += 1

    async def ask_quick(self, request: bytes) -> bytes:
        self.asked += 1
        return await self.site.ask(self.site.quick, request)

    async def reload(self) -> None:
        config: dict[str, object] = {
            "pathPrefix": self.chance.choice(["", "", "/go"]),
            "hosts": self.chance.choice(HOSTS),
            "modules": {"deny": self.chance.choice([[], ["example.com/denied"]])},
            "cache": {"listTTL": f"{self.chance.choice([FRESH, FRESH // 2])}s"},
        }
        await self.site.replica.change(self.site.config(config))

    async def remove(self) -> None:
        await self.site.replica.store.delete(f"{self.chance.choice(MODULES)}/{self.chance.choice(FILES)}")

    async def evict(self) -> None:
        store = self.site.replica.store
        store.lacking = self.chance.choice([1, 2000, 1 << 20])
        store.limit = max(store.held_bytes, 1)
        await self.site.replica._janitor.tidy()
        store.limit = None

    async def release(self) -> None:
        """Let upstream have a further version: the next refresh brings another list."""
        self.versions.append(f"v1.{len(self.versions)}.0")
        for module in ("example.com/Mixed", "example.com/other", "example.com/denied"):
            self.upstream.add(module, *self.versions)

    async def fail(self) -> None:
        key = f"{MODULES[0]}/@v/list"
        if self.upstream.behaviours.pop(key, None) is None:
            self.upstream.behaviours[key] = self.chance.choice([fake.status(500), fake.status(404)])

    async def pass_time(self) -> None:
        self.clock.now += self.chance.choice([0.01, 0.3, 0.5, 1, 20, 61, 700, FRESH // 2, FRESH + 1])

    async def expire(self) -> None:
        """Ask for a list in the second in which it is fresh no more."""
        key = f"{self.chance.choice(MODULES)}/@v/list"
        stored = await self.site.replica.store.get(key)
        rules = self.site.replica.in_force.rules
        if stored is None:
            return
        expires = stored.modified + rules.cache.list_ttl
        if self.clock.now < expires - 0.4:
            self.clock.now = expires - 0.4
            for _ in range(3):
                await self.compare(get(self.path(key)))
            self.clock.now += 0.5
            await self.compare(get(self.path(key)))


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_both_ways_answer_the_same(
    seed: int, tmp_path: Path, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    for module in ("example.com/other", "example.com/denied"):
        upstream.add(module, "v1.0.0", "v1.1.0")
    upstream.files[f"{MODULES[1]}/@v/main.info"] = upstream.files[f"{MODULES[1]}/@v/v1.0.0.info"]
    async with TwoWays(tmp_path, upstream, {"cache": {"listTTL": f"{FRESH}s"}}) as site:
        driver = Driver(seed, site, upstream, clock)
        for _ in range(STEPS):
            await driver.step()
        from_memory = driver.asked - site.by_aiohttp.requests
        assert from_memory > driver.compared / 8 > 20, f"{from_memory} from memory, {driver.compared} compared"
