"""How a command ends that asks a fleet: what went wrong, in a sentence, and the exit status."""

import asyncio
import sys
from collections.abc import Coroutine

EXIT_DONE = 0
EXIT_FAILED = 1
"""Something was refused, is missing, or failed."""
EXIT_USAGE = 2
"""The command was called in a way that cannot work."""
EXIT_INTERRUPTED = 130
"""Ctrl-C, as shells count it."""

EXIT_HELP = "exit status: 0 done, 1 something was refused or failed (a line says what), 2 wrong usage"


class ClientError(Exception):
    """The command cannot be carried out; the message says what is wrong, where, and what to do."""

    status = EXIT_FAILED


class UsageError(ClientError):
    """An argument cannot be used."""

    status = EXIT_USAGE


def run_command(work: Coroutine[object, object, int]) -> int:
    """Run a command to its end. Returns the exit status; a failure is told in one line on standard error."""
    try:
        return asyncio.run(work)
    except ClientError as e:
        print(f"goproxy-operator: {e}", file=sys.stderr)
        return e.status
    except BrokenPipeError:
        return EXIT_FAILED  # whoever reads the output has enough of it
    except KeyboardInterrupt:
        print("goproxy-operator: stopped", file=sys.stderr)
        return EXIT_INTERRUPTED
