"""`slo check`: the gate for a pipeline."""

import argparse
import asyncio
import datetime
import re
import time
from collections.abc import Sequence

from goproxy_operator.api.monitoring import ObjectivesSpec
from goproxy_operator.client.arguments import add_fleet_arguments, asking_of
from goproxy_operator.client.failure import EXIT_DONE, EXIT_FAILED, EXIT_HELP, UsageError, run_command
from goproxy_operator.client.fleet_client import FleetClient
from goproxy_operator.client.spans import span_between
from goproxy_operator.completion.names import complete_names
from goproxy_operator.desired.monitoring.objectives import DEFAULTS, HIGH_WATERMARK_PERCENT, Objective, made_objectives
from goproxy_operator.output import Format, add_output, print_document, show
from goproxy_operator.reach.arguments import object_name
from goproxy_operator.slo.judging import Judgement, failing, judge
from goproxy_operator.slo.measuring import measure
from goproxy_operator.slo.view import check_document, check_view
from modproxy.contract.duration import parse_duration

_LEAST_SECONDS = 60
_MOST_SECONDS = 30 * 86400
_PERCENT = re.compile(r"([1-9]|[1-9][0-9])([.][0-9]{1,3})?|0")
_HELP = f"""\
Compare what a Prometheus measured of a fleet before a release with what it has measured since, and fail where an
objective is missed that was met before, or is missed by more than before. Chance is allowed for: two shares have to
differ by more than one of a hundred comparisons would show. With fewer than a hundred events nothing is said.

The objectives are those of the object's spec.monitoring.objectives. Their defaults count unless --objective says
otherwise: {", ".join(f"{name}={percent}" for name, percent in DEFAULTS.items())}.

examples:
  goproxy-operator slo check team-a -n build --prometheus https://prometheus.example.com --since 30m
      the last half hour, compared with the day before it
  goproxy-operator slo check team-a -n build --prometheus https://prometheus.example.com \\
    --since 2026-03-01T12:00:00Z --objective availability=99.95 --objective storage=0 -o json
      since a moment, with an objective of one's own and without one
"""


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `slo`. Returns the exit status: 1 where a release made an objective worse."""
    command.description = _HELP
    command.epilog = f"{EXIT_HELP}; 1 too where an objective became worse"
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("what", choices=["check"], help="what to do with the objectives")
    command.add_argument("name", type=object_name, metavar="NAME", help="the fleet")
    command.add_argument(
        "-n", "--namespace", type=object_name, metavar="NS", default="default", help="its namespace (default: default)"
    )
    command.add_argument(
        "--since", type=_moment, required=True, metavar="TIME", help="when the release was: a time, or how long ago"
    )
    command.add_argument(
        "--baseline",
        type=span_between(_LEAST_SECONDS, _MOST_SECONDS, "has to be between 1m and 720h"),
        default="24h",
        metavar="DURATION",
        help="how much before it counts (default: 24h)",
    )
    command.add_argument(
        "--objective",
        action="append",
        type=_objective,
        default=[],
        metavar="NAME=PERCENT",
        help="an objective that is not the default; 0 for none; several may be given",
    )
    command.add_argument("--high-watermark", type=_watermark, default=HIGH_WATERMARK_PERCENT, metavar="PERCENT",
                         help="the fleet's cache.highWatermarkPercent (default: %(default)s)")  # fmt: skip
    command.add_argument("--require-data", action="store_true", help="fail too where there are too few events")
    add_output(command, Format.TABLE, Format.JSON, Format.YAML)
    add_fleet_arguments(command, "--prometheus", "the Prometheus that scrapes the fleet")
    complete_names(command)
    return run_command(_check(parser.parse_args(arguments)))


async def _check(arguments: argparse.Namespace) -> int:
    now = time.time()
    seconds = int(now - arguments.since)
    if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:
        raise UsageError("--since has to be between a minute and 30 days ago")
    spec = ObjectivesSpec.model_validate(dict(arguments.objective))
    objectives = made_objectives(spec, arguments.high_watermark)
    matchers = (f'job="{arguments.name}"', f'namespace="{arguments.namespace}"')
    async with FleetClient(asking_of(arguments)) as client:

        async def judged(objective: Objective) -> Judgement:
            before = await measure(client, objective, matchers, arguments.since, int(arguments.baseline))
            return judge(objective, before, await measure(client, objective, matchers, now, seconds))

        judgements = await asyncio.gather(*(judged(objective) for objective in objectives))
    fails = failing(judgements, needs_data=arguments.require_data)
    fleet = f"{arguments.namespace}/{arguments.name}"
    if arguments.output == Format.TABLE:
        show(check_view(fleet, judgements, fails=fails))
    else:
        print_document(check_document(fleet, judgements, fails=fails), arguments.output)
    return EXIT_FAILED if fails else EXIT_DONE


def _moment(text: str) -> float:
    """Read a time such as `2026-03-01T12:00:00Z`, or a span such as `30m`: how long ago. Seconds since the epoch."""
    try:
        return time.time() - parse_duration(text)
    except ValueError:
        pass
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: write for example 30m, or 2026-03-01T12:00:00Z"
        ) from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no time zone: write for example {text}Z")
    return moment.timestamp()


def _objective(text: str) -> tuple[str, str]:
    name, _, percent = text.partition("=")
    if name not in DEFAULTS or _PERCENT.fullmatch(percent) is None:
        names = ", ".join(DEFAULTS)
        raise argparse.ArgumentTypeError(f"{text!r} is no objective: write one of {names}, such as availability=99.9")
    return name, percent


def _watermark(text: str) -> int:
    if re.fullmatch("[1-9][0-9]?", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage: write a whole number from 1 to 99")
    return int(text)
