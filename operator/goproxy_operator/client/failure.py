"""How a command ends that asks a fleet: what went wrong, in a sentence, and the exit status."""

import asyncio
import contextlib
import io
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

EXIT_DONE = 0
EXIT_FAILED = 1
"""Something was refused, is missing, or failed."""
EXIT_USAGE = 2
"""The command was called in a way that cannot work."""
EXIT_INTERRUPTED = 130
"""Ctrl-C, as shells count it."""

TRACE = "GOPROXY_OPERATOR_TRACE"
"""The environment variable that shows the stack trace of a fault of the program itself."""
_LONGEST = 300
"""Characters of the words of such a fault."""

EXIT_HELP = "exit status: 0 done, 1 something was refused or failed (a line says what), 2 wrong usage"


def program() -> str:
    """Return the name by which the user has called this program. Messages begin with it."""
    return "kubectl goproxy" if Path(sys.argv[0]).name == "kubectl-goproxy" else "goproxy-operator"


class ClientError(Exception):
    """The command cannot be carried out; the message says what is wrong, where, and what to do."""

    status = EXIT_FAILED


class UsageError(ClientError):
    """An argument cannot be used."""

    status = EXIT_USAGE


def run_command(work: Coroutine[object, object, int]) -> int:
    """Run a command to its end. Returns the exit status; a failure is told in one line on standard error."""
    return guarded(lambda: asyncio.run(work))


def guarded(work: Callable[[], int]) -> int:
    """Do something to its end, with no stack trace whatever happens. Returns the exit status."""
    _prepare_streams()
    try:
        status = work()
        sys.stdout.flush()
    except ClientError as e:
        return _tell(str(e), e.status)
    except BrokenPipeError:
        # Whoever reads the output has enough of it. Python would complain once more when it closes the output.
        with contextlib.suppress(OSError):  # where it is no file at all
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        return _tell("stopped", EXIT_INTERRUPTED)
    except ModuleNotFoundError as e:
        # The image of the operator has only what the operator itself needs.
        return _tell(f"{e.name} is not installed here: pip install 'goproxy-operator[kubectl]'", EXIT_FAILED)
    except OSError as e:
        return _tell(f"{e.filename or 'the system'}: {e.strerror or e}", EXIT_FAILED)
    except Exception as e:
        if os.environ.get(TRACE):
            raise
        said = " ".join(str(e).split())[:_LONGEST]
        return _tell(
            f"a fault of this program, {type(e).__name__}: {said}; run it with {TRACE}=1, and report what it says",
            EXIT_FAILED,
        )
    return status


def _prepare_streams() -> None:
    """Make the standard streams usable: some that are closed are None, and others do not write all characters.

    Whatever the locale is, UTF-8 is written, as the programs of Kubernetes and Go do: JSON is nothing else (RFC 8259).
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open to the end
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _tell(text: str, status: int) -> int:
    """Write a message of one line or a few. A plugin or a server may have put anything into it."""
    shown = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    with contextlib.suppress(OSError):  # whoever reads the errors has gone
        print(f"{program()}: {shown}", file=sys.stderr, flush=True)
    return status
