"""What the go command of this machine uses as GOPROXY."""

import re
import shutil
import subprocess

from goproxy_operator.client.arguments import FleetUrl, fleet_url
from goproxy_operator.client.failure import UsageError
from goproxy_operator.go_env.machine import quiet_environment

_SECONDS = 20.0
_ASK = "name the fleet with --url URL, or with --of NAME in a cluster or on this machine"


def first_proxy() -> FleetUrl:
    """Return the first entry of `go env GOPROXY` that is a URL. Raises `UsageError`."""
    program = shutil.which("go")
    if program is None:
        raise UsageError(f"there is no go command, whose GOPROXY would tell the fleet: {_ASK}")
    try:
        said = subprocess.run(
            [program, "env", "GOPROXY"],
            env=quiet_environment(),
            capture_output=True,
            timeout=_SECONDS,
            check=True,
            text=True,
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        raise UsageError(f"`go env GOPROXY` fails: run it by hand, or {_ASK}") from None
    url = proxy_of(said.stdout)
    if url is None:
        raise UsageError(f"`go env GOPROXY` names no proxy: {_ASK}")
    try:
        return fleet_url(url)
    except Exception as e:
        raise UsageError(f"`go env GOPROXY`: {e}; or {_ASK}") from None


def proxy_of(setting: str) -> str | None:
    """Return the first entry of a GOPROXY setting that is a URL; None where there is none."""
    entries = (entry.strip() for entry in re.split(r"[,|]", setting))
    return next((entry for entry in entries if entry.startswith(("http://", "https://"))), None)
