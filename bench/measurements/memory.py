"""How much memory does a server take at rest, after work, and a minute later?"""

import asyncio
from contextlib import AsyncExitStack

from bench.figures.result import Goal, Result, compare
from bench.programs.http_client import connect, request
from bench.run import Run
from bench.servers.nginx import nginx
from bench.servers.ours import Ours
from bench.servers.server import Contender, Server
from bench.servers.warm import until_on_disk
from bench.upstream.made import MadeModules, keys
from bench.upstream.run import upstream

MODULES = 50
REQUESTS = 1000
REST, QUICK_REST = 60, 5


async def measure(run: Run) -> Result:
    """Look at the resident memory after the last of a thousand requests, cold ones first."""
    made = MadeModules()
    made.add_real_sizes(MODULES)
    made.write(run.scratch / "upstream")
    rest = QUICK_REST if run.quick else REST
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(upstream(run.scratch / "upstream", made.gosumdb))
        contenders: list[Contender] = [Ours(), *run.peers]
        servers: list[Server] = []
        for contender in contenders:
            folder = run.scratch / contender.name
            servers.append(await stack.enter_async_context(contender.serve(folder, source)))
        servers.append(await stack.enter_async_context(nginx(servers[0].store, run.scratch / "nginx")))
        fresh = {server.name: [server.rss_mib] for server in servers}
        for server in servers:
            run.say(f"{REQUESTS} requests, {server.name}")
            await _work(server)
            if server is servers[0]:
                await until_on_disk(server, _wanted())  # nginx serves them next
        busy = {server.name: [server.rss_mib] for server in servers}
        peak = {server.name: server.peak_mib for server in servers}
        run.say(f"resting for {rest} s")
        await asyncio.sleep(rest)
        resting = {server.name: [server.rss_mib] for server in servers}
        # A process that has ended meanwhile counts, too.
        most = {server.name: [max(peak[server.name], server.peak_mib)] for server in servers}
    return Result(
        "Memory of the whole process tree",
        comparisons=[
            compare("after the start", fresh, "MiB"),
            compare(f"right after {REQUESTS} requests", busy, "MiB"),
            compare(f"{rest} s after {REQUESTS} requests", resting, "MiB", Goal(55)),
            compare("most it ever had", most, "MiB"),
        ],
        notes=[f"{3 * MODULES} files are held; nginx serves those of modproxy's cache"],
    )


def _wanted() -> list[str]:
    return [key for number in range(MODULES) for key in keys(number)]


async def _work(server: Server) -> None:
    wanted = _wanted()
    (connection,) = await connect(server.url, 1)
    for number in range(REQUESTS):
        if not await connection.get(request(server.url, f"/{wanted[number % len(wanted)]}")):
            raise AssertionError(f"{server.name} does not give {wanted[number % len(wanted)]}")
    connection.close()
