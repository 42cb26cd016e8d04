"""`goproxy-operator prefetch [go.mod|go.sum ...] --to URL`."""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from goproxy_operator.client.arguments import add_fleet_arguments, asking_of
from goproxy_operator.client.failure import EXIT_DONE, EXIT_FAILED, EXIT_HELP, ClientError, UsageError, run_command
from goproxy_operator.client.fleet_client import FleetClient
from goproxy_operator.client.progress import Progress, progress
from modproxy.contract.report_fields import plain_text

_LARGEST_FILE = 4 << 20
"""In bytes: what a fleet takes of a go.mod or a go.sum file."""
_HELP = """\
Have a fleet fetch all modules that go.mod or go.sum files name, so that no build waits for them. You need the verb
fetch. What the fleet holds already is passed quickly, so a prefetch that broke off is simply run again.

go.sum names all that a build may need, with hashes, which the fleet compares. go.mod names the modules of the build.

examples:
  goproxy-operator prefetch --to https://goproxy.example.com
      what ./go.sum names
  goproxy-operator prefetch */go.sum --to https://goproxy.example.com
      of several modules
  goproxy-operator prefetch go.mod --to "$GOPROXY" --token-file /run/secrets/token --json
      in a CI job, with a line of JSON for each file
"""


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `prefetch`. Returns the exit status."""
    command.description = _HELP
    command.epilog = EXIT_HELP
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="go.sum and go.mod files (default: ./go.sum, else ./go.mod)"
    )
    add_fleet_arguments(command, "--to", "the fleet, as GOPROXY names it")
    command.add_argument("--json", action="store_true", help="print what the fleet tells, a JSON object a line")
    command.add_argument("--quiet", action="store_true", help="show no progress")
    return run_command(_prefetch(parser.parse_args(arguments)))


async def _prefetch(arguments: argparse.Namespace) -> int:
    bodies = [(file, _read(file)) for file in arguments.files or [_default()]]
    complete = True
    async with FleetClient(asking_of(arguments)) as client:
        for file, body in bodies:
            shown = progress(str(file), in_bytes=False, quiet=arguments.quiet or arguments.json)
            with shown:
                complete &= await _one(client, body, shown, as_json=arguments.json)
    return EXIT_DONE if complete else EXIT_FAILED


def _default() -> Path:
    found = next((path for path in (Path("go.sum"), Path("go.mod")) if path.exists()), None)
    if found is None:
        raise UsageError("here is neither a go.sum nor a go.mod: name a file")
    return found


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            body = opened.read(_LARGEST_FILE + 1)
    except OSError as e:
        raise UsageError(f"{file}: {e.strerror}") from None
    if len(body) > _LARGEST_FILE:
        raise UsageError(f"{file} has more than {_LARGEST_FILE} bytes, which is the most: send it in parts")
    return body


async def _one(client: FleetClient, body: bytes, shown: Progress, *, as_json: bool) -> bool:
    """Send one file. Returns whether the fleet has all that it names."""
    begun, done = time.monotonic(), 0
    async with client.request("POST", "-/prefetch", body=body) as response:
        async for text in response.content:
            line = _event(text)
            if as_json:
                print(json.dumps(line), flush=True)
            match line.get("event"):
                case "start":
                    shown.total(_number(line, "files"))
                case "skipped":
                    _tell(shown, line, "skipped", as_json=as_json)
                case "file":
                    done += _number(line, "files") or 1
                    shown.at(done)
                    if line.get("outcome") not in ("held", "fetched"):
                        _tell(shown, line, str(line.get("outcome")), as_json=as_json)
                case "progress":
                    rate = _number(line, "bytes") / max(time.monotonic() - begun, 0.001) / (1 << 20)
                    shown.at(done, f"{rate:.1f} MiB/s")
                case "end":
                    if not as_json:
                        shown.tell(_summary(line))
                    return line.get("complete") is True
    raise ClientError(f"{client.url} has broken off: run the command again, and it goes on where it was")


def _event(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ClientError("the answer is not that of a prefetch: is the URL that of a fleet?")
    return found


def _number(line: dict[str, Any], name: str) -> int:
    found = line.get(name)
    return found if isinstance(found, int) else 0


def _tell(shown: Progress, line: dict[str, Any], outcome: str, *, as_json: bool) -> None:
    if as_json:
        return
    reason = plain_text(str(line.get("reason", "")).partition("\n")[0])
    what = plain_text(f"{line.get('module')}@{line.get('version')} {line.get('file', '')}".rstrip())
    shown.tell(f"{outcome}: {what}: {reason}")


def _summary(line: dict[str, Any]) -> str:
    names = ("fetched", "held", "refused", "absent", "failed", "mismatch")
    counts = ", ".join(f"{number} {name}" for name in names if (number := _number(line, name)))
    reason = f"; {plain_text(str(line['reason']))}" if "reason" in line else ""
    return f"{counts or 'nothing to fetch'}; {_number(line, 'bytes') / (1 << 20):.1f} MiB{reason}"
