"""Replicas that are peers of each other: what the fleet fetches once, and what happens when replicas come and go."""

import asyncio
import io
import signal
from pathlib import Path

import aiohttp

from modproxy.mod.archive import check_carefully, go_mod_hash
from modproxy.mod.path import check_path
from modproxy.mod.version import Version
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream, Gate
from tests.modproxy.proxy_process import ProxyProcess, Reply
from tests.modproxy.replica_fleet import Fleet

MODULES = 20
ZIP_BYTES = 200_000


def add_modules(upstream: FakeUpstream, count: int = MODULES) -> list[str]:
    """Add modules, and return the keys of their files."""
    for number in range(count):
        upstream.add(f"example.com/m{number}", "v1.0.0", payload=b"x" * ZIP_BYTES)
    return [key for key in upstream.files if "/m" in key and not key.endswith("@latest")]


def asked_more_than_once(upstream: FakeUpstream) -> dict[str, int]:
    return {key: count for key, count in upstream.requests.items() if count > 1}


async def right(replica: ProxyProcess, upstream: FakeUpstream, key: str) -> Reply:
    """Ask for a file as a client does, and compare it with that of upstream."""
    reply = await replica.get(key)
    assert (reply.status, reply.body == upstream.files[key]) == (200, True), (key, reply.status, reply.body[:300])
    return reply


async def test_a_thousand_cold_clients_cost_upstream_one_get_a_file(tmp_path: Path, upstream: FakeUpstream) -> None:
    keys = add_modules(upstream)
    async with Fleet(tmp_path, {"upstream": {"goproxy": upstream.url}}) as fleet:
        asking = [
            right(fleet.replicas[client % 3], upstream, keys[(client // 3 + client) % len(keys)])
            for client in range(1000)
        ]
        await asyncio.gather(*asking)
        assert asked_more_than_once(upstream) == {}
        absent = await asyncio.gather(*(replica.get("example.com/none/@v/list") for replica in fleet.replicas * 20))
        assert {reply.status for reply in absent} == {404}
        assert upstream.requests["example.com/none/@v/list"] == 1
        # Each replica holds a copy of what its clients have asked for: the owner is not asked for it again.
        before = [await asked(replica) for replica in fleet.replicas]
        await asyncio.gather(*(right(replica, upstream, key) for replica in fleet.replicas for key in keys))
        await asyncio.gather(*(right(replica, upstream, key) for replica in fleet.replicas for key in keys))
        once_more = [await asked(replica) for replica in fleet.replicas]
        assert all(after - ahead <= len(keys) for ahead, after in zip(before, once_more, strict=True))
        await asyncio.gather(*(right(replica, upstream, key) for replica in fleet.replicas for key in keys))
        assert [await asked(replica) for replica in fleet.replicas] == once_more
        assert asked_more_than_once(upstream) == {}
        counted = [(await replica.report()).requests for replica in fleet.replicas]
        assert sum(one["peer"] for one in counted) > 0
        # What one replica asks another one for is no request of a client.
        assert sum(sum(one.values()) for one in counted) == 1000 + 60 + 9 * len(keys)


async def asked(replica: ProxyProcess) -> float:
    """Return how often a replica has asked another one."""
    lines = [
        line for line in (await replica.metrics()).splitlines() if line.startswith("modproxy_peer_requests_total{")
    ]
    return sum(float(line.rpartition(" ")[2]) for line in lines if 'direction="asked"' in line)


async def test_an_empty_replica_gets_all_from_the_fleet(tmp_path: Path, upstream: FakeUpstream) -> None:
    keys = add_modules(upstream)
    async with Fleet(tmp_path, {"upstream": {"goproxy": upstream.url}}, spare=1) as fleet:
        await asyncio.gather(*(right(fleet.replicas[n % 3], upstream, key) for n, key in enumerate(keys)))
        ended = asyncio.Event()

        async def load() -> None:
            while not ended.is_set():
                await asyncio.gather(*(right(fleet.replicas[n % 3], upstream, key) for n, key in enumerate(keys)))

        loading = asyncio.create_task(load())
        upstream.requests.clear()
        newcomer = await fleet.start(3)
        await asyncio.gather(*(right(newcomer, upstream, key) for key in keys))
        ended.set()
        await loading
        assert upstream.requests == {}
        assert (await newcomer.report()).requests["peer"] == len(keys)


async def test_a_list_costs_one_get_until_it_is_old(tmp_path: Path, upstream: FakeUpstream) -> None:
    key = "example.com/!mixed/@v/list"
    cache = {"listTTL": "2s", "staleWhileRevalidate": "0s"}
    async with Fleet(tmp_path, {"upstream": {"goproxy": upstream.url}, "cache": cache}) as fleet:
        for _ in range(3):
            await asyncio.gather(*(right(replica, upstream, key) for replica in fleet.replicas))
        assert upstream.requests[key] == 1
        upstream.files[key] = b"v1.0.0\nv1.1.0\nv1.2.0\n"
        for replica in fleet.replicas:
            async with asyncio.timeout(10):
                while (await replica.get(key)).body != upstream.files[key]:
                    await asyncio.sleep(0.05)
        assert upstream.requests[key] <= 3


async def test_the_checksum_database_is_asked_once(tmp_path: Path, upstream: FakeUpstream) -> None:
    keys = add_modules(upstream, 6)
    database = FakeSumdb()
    database.pad(600)
    for number in range(6):
        module = f"example.com/m{number}"
        content = io.BytesIO(upstream.files[f"{module}/@v/v1.0.0.zip"])
        zip_hash = check_carefully(content, check_path(module), Version("v1.0.0"))
        database.record(module, "v1.0.0", zip_hash, go_mod_hash(upstream.files[f"{module}/@v/v1.0.0.mod"]))
        database.pad(50)
    database.publish(upstream.files)
    lookups = [f"sumdb/{database.name}/lookup/example.com/m{number}@v1.0.0" for number in range(6)]
    config = {"upstream": {"goproxy": upstream.url, "gosumdb": database.verifier_key}}
    async with Fleet(tmp_path, config) as fleet:
        wanted = [*keys, *lookups]
        await asyncio.gather(*(right(replica, upstream, key) for replica in fleet.replicas for key in wanted))
        more = asked_more_than_once(upstream)
        assert {key: count for key, count in more.items() if not key.endswith("/supported")} == {}
        upstream.requests.clear()
        latest = f"sumdb/{database.name}/latest"
        await asyncio.gather(*(right(replica, upstream, latest) for replica in fleet.replicas))
        assert upstream.requests[latest] <= 1


async def test_an_owner_that_is_killed_in_the_middle_of_a_zip(tmp_path: Path, upstream: FakeUpstream) -> None:
    key = "example.com/large/@v/v1.0.0.zip"
    upstream.add("example.com/large", "v1.0.0", payload=bytes(range(256)) * 8000)
    data = upstream.files[key]
    gate = Gate(data, len(data) // 2)
    upstream.behaviours[key] = gate
    async with Fleet(tmp_path, {"upstream": {"goproxy": upstream.url}}) as fleet:
        owner = fleet.owner(key)
        others = [number for number in range(3) if number != owner]
        asking = [asyncio.create_task(right(fleet.replicas[n], upstream, key)) for n in others for _ in range(10)]
        await gate.begun.wait()
        await asyncio.sleep(0.3)  # so that clients have a part of it
        del upstream.behaviours[key]
        await fleet.replicas[owner].kill()
        await asyncio.gather(*asking)
        assert upstream.requests[key] <= 3


async def test_an_owner_that_stands_still_holds_up_no_client(tmp_path: Path, upstream: FakeUpstream) -> None:
    keys = add_modules(upstream, 9)
    async with Fleet(tmp_path, {"upstream": {"goproxy": upstream.url}}) as fleet:
        owner = fleet.owner(keys[0])
        others = [replica for number, replica in enumerate(fleet.replicas) if number != owner]
        stopped = fleet.replicas[owner].process
        assert stopped is not None
        stopped.send_signal(signal.SIGSTOP)
        try:
            async with asyncio.timeout(20):
                await asyncio.gather(*(right(replica, upstream, key) for replica in others for key in keys))
        finally:
            stopped.send_signal(signal.SIGCONT)
        assert max(upstream.requests.values()) <= 2
        await fleet.together()


async def test_a_restart_of_all_replicas_fails_no_request(tmp_path: Path, upstream: FakeUpstream) -> None:
    keys = add_modules(upstream, 10)
    # While a replica is about to end, it asks clients to close their connections with the next answer.
    config = {"upstream": {"goproxy": upstream.url}, "shutdown": {"delay": "0.5s", "timeout": "5s"}}
    async with Fleet(tmp_path, config) as fleet:
        await asyncio.gather(*(right(replica, upstream, key) for replica in fleet.replicas for key in keys))
        upstream.requests.clear()
        ended, served = asyncio.Event(), 0

        async def client(number: int) -> None:
            nonlocal served
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
                while not ended.is_set():
                    served += 1
                    key = keys[served % len(keys)]
                    assert await balanced(session, fleet, key, number + served) == upstream.files[key]

        clients = [asyncio.create_task(client(number)) for number in range(12)]
        for number, replica in enumerate(fleet.replicas):
            await asyncio.sleep(0.2)
            assert await replica.kill(signal.SIGTERM) == 0
            await fleet.start(number)
            await fleet.together()
        ended.set()
        await asyncio.gather(*clients)
        assert served > 100
        assert upstream.requests == {}


async def balanced(session: aiohttp.ClientSession, fleet: Fleet, key: str, number: int) -> bytes:
    """Ask as through a load balancer, which sends a request elsewhere only where a connection is refused."""
    for attempt in range(len(fleet.replicas)):
        replica = fleet.replicas[(number + attempt) % len(fleet.replicas)]
        try:
            async with session.get(f"{replica.url}/{key}") as answer:
                assert answer.status == 200, (key, answer.status, await answer.text())
                return await answer.read()
        except aiohttp.ClientConnectorError:
            continue
    raise AssertionError("no replica takes a connection")


async def test_a_partition_costs_one_get_a_replica(tmp_path: Path, upstream: FakeUpstream) -> None:
    keys = add_modules(upstream, 6)
    async with Fleet(tmp_path, {"upstream": {"goproxy": upstream.url}}, relays=True) as fleet:
        for relay in fleet.relays:
            relay.cut = True
        async with asyncio.timeout(30):
            await asyncio.gather(*(right(r, upstream, key) for r in fleet.replicas for key in keys for _ in range(5)))
        assert max(upstream.requests.values()) <= 3
        for relay in fleet.relays:
            relay.cut = False
        await fleet.together()
