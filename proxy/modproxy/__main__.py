"""The program: reads the config, opens the listeners, serves until it is told to stop."""

import argparse
import asyncio
import contextlib
import logging
import resource
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import uvloop
from aiohttp import web

from modproxy.config_file import Loaded, load
from modproxy.contract.config import ConfigError
from modproxy.contract.log_lines import FORMAT_HELP, FORMATS, TEXT, set_up_logging, tell_end
from modproxy.leaving import leave
from modproxy.memory import keep_little
from modproxy.replica import Replica
from modproxy.server.admin import admin_app
from modproxy.server.listener import ClientListener, address_of, open_listener
from modproxy.source.configured import UpstreamError

EXIT_STOPPED = 0
EXIT_FAILED = 1
EXIT_BAD_CONFIG = 2

_THREADS = 64
log = logging.getLogger("modproxy")


def main() -> None:
    """Run `modproxy`. The exit code is 0 after a signal, 1 when the program cannot run, 2 for bad usage or config."""
    args = _parser().parse_args()
    keep_little()
    set_up_logging(args.log_format, verbose=args.verbose)
    _allow_many_descriptors()
    try:
        loaded = load(args.config)
        set_up_logging(args.log_format, verbose=args.verbose, fields=_fleet_fields(loaded.config.fleet))
        if args.check:
            print(f"{args.config}: good, config {loaded.hash}")
            sys.exit(EXIT_STOPPED)
        uvloop.run(serve(args.config, loaded))
    except ConfigError as e:
        tell_end("modproxy", str(e))
        leave(EXIT_BAD_CONFIG)
    except (UpstreamError, OSError) as e:  # the machine is at fault, not the config: the next start may succeed
        tell_end("modproxy", str(e))
        leave(EXIT_FAILED)
    except Exception:
        log.exception("the end comes from a fault of this program")
        leave(EXIT_FAILED)
    leave(EXIT_STOPPED)


def _fleet_fields(fleet: str | None) -> dict[str, str]:
    namespace, _, name = (fleet or "").rpartition("/")
    return {field: value for field, value in (("namespace", namespace), ("fleet", name)) if value}


def _allow_many_descriptors() -> None:
    """Raise the limit of this process to what the machine allows: each client takes one or two descriptors."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="modproxy",
        description="A caching Go module proxy. Point go at it with GOPROXY=http://HOST:PORT.",
        epilog="The config file is JSON and is watched: a change takes effect within a second, without a restart. "
        "{} is a good one: all defaults. SIGTERM lets requests in flight finish.",
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the config file")
    parser.add_argument("--check", action="store_true", help="only say whether the config is good (exit 0 or 2)")
    parser.add_argument("--log-format", choices=FORMATS, default=TEXT, help=FORMAT_HELP)
    parser.add_argument("--verbose", action="store_true", help="log more")
    parser.add_argument("--version", action="version", version=f"modproxy {version('goproxy-operator')}")
    return parser


async def serve(path: Path, loaded: Loaded) -> None:
    """Serve until SIGTERM or SIGINT. Raises `OSError` and `UpstreamError` when the replica cannot start."""
    # The loop's own threads do short work of many kinds. Six of them, as on a small machine, would be taken by a few
    # long fetches.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="short"))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clients = open_listener(loaded.config.listen, "listen")
    admin = open_listener(loaded.config.admin, "admin")
    peers = open_listener(loaded.config.peers.listen, "peers.listen") if loaded.config.peers else None
    replica = Replica(loaded, [address_of(clients)])
    try:
        await replica.meet_peers()
        # Replicas that start together greet each other before they serve clients.
        peer_listener = (
            ClientListener(peers, replica.peer_handler.handle, None) if peers and replica.peer_handler else None
        )
        if peer_listener is not None:
            await peer_listener.start()
        await replica.start()
        admin_runner = web.AppRunner(
            admin_app(
                replica.reporter.report,
                replica.metrics,
                replica.traffic.modules.top,
                replica.background.dead,
                lambda: replica.in_force.rules.hosts,
                why=replica.tell_why,
                probe=replica.probing.keepers,
            ),
            access_log=None,
        )
        await admin_runner.setup()
        await web.SockSite(admin_runner, admin).start()
        context = replica.certificates.context if replica.certificates else None
        listener = ClientListener(clients, replica.handler.handle, context, replica.handler.hits)
        await listener.start()
        log.info("serving %s on %s, admin on %s", listener.scheme, address_of(clients), address_of(admin))
        replica.follow(path)
        await stop.wait()
        await _drain(replica, listener, peer_listener)
        await admin_runner.cleanup()
    finally:
        await replica.close()


async def _drain(replica: Replica, listener: ClientListener, peers: ClientListener | None) -> None:
    """Turn readiness off, give load balancers time to notice, and give requests in flight time to finish."""
    shutdown = replica.config.shutdown
    log.info("stopping: requests in flight have %.0f s", shutdown.timeout)
    await replica.leave()
    await asyncio.sleep(shutdown.delay)
    until = time.monotonic() + shutdown.timeout
    await listener.drain(shutdown.timeout)
    if peers is not None:  # clients of other replicas may still read what this one sends
        await peers.drain(max(0.0, until - time.monotonic()))
    log.info("stopped")


if __name__ == "__main__":
    main()
