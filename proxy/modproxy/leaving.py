"""The end of a process in which obstore has run, or traces were sent.

obstore's threads may take the interpreter's lock while the interpreter goes down, and the process is then aborted
(SIGABRT, exit code 134) after all its work is done. A thread that sends traces may wait for a collector that hangs, and
the interpreter would wait for the thread. Therefore such a process ends without that: what it has written to its
standard streams is flushed, and the system closes the rest.
"""

import contextlib
import logging
import os
import sys
from typing import NoReturn

_LIBRARIES = frozenset({"obstore", "opentelemetry"})


def leave(code: int) -> NoReturn:
    """End the process with an exit code: at once where a library was imported that has threads, else as usual."""
    if _LIBRARIES.isdisjoint(sys.modules):
        sys.exit(code)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
