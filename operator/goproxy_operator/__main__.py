"""The composition root: it decides which parts run, and wires those that always do; `control` wires the rest."""

import argparse
import asyncio
import contextlib
import importlib
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from goproxy_operator.arguments import Parser, make_parser, namespaces
from goproxy_operator.client.failure import guarded
from goproxy_operator.completion import answering
from modproxy.contract.log_lines import set_up_logging, tell_end

if TYPE_CHECKING:
    from goproxy_operator.metrics_api.trust import Trust


_OF_CLIENTS = {
    "bundle": "goproxy_operator.bundle.command",
    "completion": "goproxy_operator.completion.command",
    "doctor": "goproxy_operator.doctor.command",
    "env": "goproxy_operator.env.command",
    "events": "goproxy_operator.fleets.events",
    "inventory": "goproxy_operator.inventory.command",
    "list": "goproxy_operator.fleets.listing",
    "prefetch": "goproxy_operator.prefetch.command",
    "publish": "goproxy_operator.publish.command",
    "slo": "goproxy_operator.slo.command",
    "status": "goproxy_operator.fleets.status",
    "top": "goproxy_operator.fleets.top",
    "why": "goproxy_operator.why.command",
}
"""The commands that ask a fleet, and the modules that run them: each loads only what it needs."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["run"] and not answering.asked():
        return dispatch("goproxy-operator", arguments, None)  # a pod's log wants the trace of a fault
    return guarded(lambda: _main("goproxy-operator", arguments))


def kubectl_plugin() -> int:
    """Run a sub-command of `kubectl goproxy`: the same ones under another name."""
    return guarded(lambda: _main("kubectl goproxy", sys.argv[1:]))


def complete_kubectl_plugin() -> int:
    """Answer kubectl, which completes a line of `kubectl goproxy`."""
    return guarded(
        lambda: answering.answer_kubectl(sys.argv[1:], lambda stream: _complete("kubectl goproxy", stream)),
    )


def _complete(prog: str, stream: TextIO | None) -> int:
    with contextlib.suppress(answering.Answered, SystemExit, ImportError, ValueError):
        dispatch(prog, answering.words_before(), lambda parser: answering.answer(parser, stream))
    return 0


def _main(prog: str, arguments: list[str]) -> int:
    return _complete(prog, None) if answering.asked() else dispatch(prog, arguments, None)


def dispatch(prog: str, arguments: list[str], complete: Callable[[Parser], None] | None) -> int:
    """Run a sub-command, or call `complete` once its arguments are known."""
    parser, commands = make_parser(prog)
    parser.complete = complete
    if arguments[:1] == ["local"]:
        # Each mode loads only what it needs: no Kubernetes client on a laptop.
        from goproxy_operator.local import command  # noqa: PLC0415

        command.add_arguments(commands["local"])
        return command.run(parser.parse_args(arguments))
    if arguments[:1] in (["login"], ["goauth"], ["logout"]):
        from goproxy_operator.login import command as login  # noqa: PLC0415

        return login.run(parser, commands, arguments)
    if arguments and arguments[0] in _OF_CLIENTS:
        return _ask_a_fleet(parser, commands[arguments[0]], arguments)
    return _run(parser.parse_args(arguments))


def _ask_a_fleet(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    module = importlib.import_module(_OF_CLIENTS[arguments[0]])
    ended: int = module.run(parser, command, arguments)
    return ended


def _run(arguments: argparse.Namespace) -> int:
    import uvloop  # noqa: PLC0415

    from goproxy_operator.observed.kopf_watch import quiet_kopf  # noqa: PLC0415

    set_up_logging(arguments.log_format, verbose=arguments.verbose)
    quiet_kopf()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_operate(arguments))


async def _operate(arguments: argparse.Namespace) -> int:
    """Hold the Lease and work. Return 0 after a signal, 1 when something fails for good, 2 for wrong usage."""
    from goproxy_operator.control import control  # noqa: PLC0415
    from goproxy_operator.election.fence import Fence  # noqa: PLC0415
    from goproxy_operator.election.lease import Lease, LeaseLostError  # noqa: PLC0415
    from goproxy_operator.health import serve_health  # noqa: PLC0415
    from goproxy_operator.kube.access import load_access  # noqa: PLC0415
    from goproxy_operator.kube.client import ApiClient  # noqa: PLC0415
    from goproxy_operator.kube.credentials import AccessError  # noqa: PLC0415
    from goproxy_operator.kube.resources import Key  # noqa: PLC0415
    from goproxy_operator.kube.service_account import own_namespace  # noqa: PLC0415
    from goproxy_operator.settings import Settings  # noqa: PLC0415

    lease_namespace = arguments.lease_namespace or own_namespace()
    if lease_namespace is None:
        return _fail("not in a pod: say with --lease-namespace NS where the Lease is kept", status=2)
    identity = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    settings = Settings(
        namespaces=namespaces(arguments.namespace),
        default_image=arguments.image,
        operator_namespace=lease_namespace,
        identity=identity,
        resync=arguments.resync,
        scrape_interval=arguments.scrape_interval,
        discovery_interval=arguments.discovery_interval,
        ignore_classes=arguments.ignore_classes,
        rollouts=arguments.rollouts,
        keep_idle_claims=arguments.keep_idle_claims,
        grow_after=arguments.grow_after,
        log_format=arguments.log_format,
        docs=arguments.docs,
    )
    try:
        access = await load_access(arguments.kubeconfig, arguments.context)
    except AccessError as e:
        return _fail(str(e))
    # Each replica serves metrics and stands for election; only the leader does the rest.
    client = ApiClient(access)
    lease = Lease(client, lease_namespace, "goproxy-operator", identity)
    leaders = ApiClient(access, Fence(lease.remaining))

    service = Key(lease_namespace, arguments.external_metrics_service)

    async def lead(trust: "Trust | None") -> None:
        registration = None if trust is None else (trust, service)
        while True:
            try:
                await lease.hold(lambda: control(access, leaders, lease, settings, registration))
            except LeaseLostError as e:
                logging.getLogger(__name__).warning("%s; standing for election again", e)

    try:
        async with serve_health(*arguments.health):
            if arguments.external_metrics is None:
                return await _until_signal(asyncio.ensure_future(lead(None)))
            from goproxy_operator.metrics_api.run import metrics_api  # noqa: PLC0415 - certificates cost eight MiB

            async with metrics_api(client, arguments.external_metrics, service) as trust:
                return await _until_signal(asyncio.ensure_future(lead(trust)))
    except OSError as e:
        return _fail(f"cannot listen: {e}")
    finally:
        await client.close()
        await leaders.close()


async def _until_signal(work: asyncio.Future[None]) -> int:
    """Return 0 once a signal has ended the work in order, 1 when the work has ended by itself."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, work.cancel)
    await asyncio.wait({work})
    if work.cancelled():
        return 0
    logging.getLogger(__name__).critical("what failed", exc_info=work.exception())
    return _fail(f"the operator failed: {work.exception()}")


def _fail(message: str, status: int = 1) -> int:
    tell_end("goproxy-operator", message)
    return status


if __name__ == "__main__":
    sys.exit(main())
