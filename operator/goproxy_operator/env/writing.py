"""`go env -w`, by the real go command, and whether what was written is in force."""

import subprocess
from collections.abc import Mapping

from goproxy_operator.client.failure import ClientError
from goproxy_operator.go_env.finding import without_logins
from goproxy_operator.go_env.machine import go_program, quiet_environment, read_go_env
from goproxy_operator.go_env.settings import GoEnv, Origin
from modproxy.contract.report_fields import plain_text

_SECONDS = 20.0


def write(values: Mapping[str, str]) -> list[str]:
    """Write variables. Returns why some are not in force afterwards, each with what to do. Raises `ClientError`."""
    program = go_program()
    if program is None:
        raise ClientError("there is no go command on the PATH, which would write: install Go, or paste the lines")
    before = read_go_env()
    if before.off:
        raise ClientError("GOENV=off: the go command neither reads nor writes its file: unset GOENV, and try again")
    try:
        said = subprocess.run(
            [program, "env", "-w", *(f"{name}={value}" for name, value in values.items())],
            env=quiet_environment(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            text=True,
        )
    except (OSError, subprocess.SubprocessError, ValueError) as e:
        raise ClientError(f"`go env -w` fails: {plain_text(str(e))}") from None
    if said.returncode != 0:
        where = f" ({before.env_file})" if before.env_file else ""
        last = said.stderr.strip().split("\n")[-1].strip()
        remedy = "make it writable, or paste the lines" if where and _is_of_file(last) else "paste the lines"
        raise ClientError(f"`go env -w` fails{where}: {without_logins(last)}: {remedy}")
    return hidden(read_go_env(), values)


def _is_of_file(words: str) -> bool:
    return any(one in words.lower() for one in ("permission denied", "read-only file system"))


def hidden(env: GoEnv, values: Mapping[str, str]) -> list[str]:
    """Return why values that were written are not in force."""
    found = []
    for name, value in values.items():
        one = env.settings[name]
        if one.value == value:
            continue
        if one.origin is Origin.ENVIRONMENT:
            found.append(
                f"{name} is written, and the exported {name}={without_logins(one.value)} hides it: unset {name}, and "
                "remove it from the profile of the shell"
            )
        else:
            found.append(f"{name} is written, and {one.origin} says {without_logins(one.value)}")
    return found
