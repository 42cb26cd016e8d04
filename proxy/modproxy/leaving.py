"""The end of a process in which obstore has run.

obstore's threads may take the interpreter's lock while the interpreter goes down, and the process is then aborted
(SIGABRT, exit code 134) after all its work is done. Therefore such a process ends without that: what it has written to
its standard streams is flushed, and the system closes the rest.
"""

import contextlib
import logging
import os
import sys
from typing import NoReturn

_LIBRARY = "obstore"


def leave(code: int) -> NoReturn:
    """End the process with an exit code: at once where obstore was imported, and as usual elsewhere."""
    if _LIBRARY not in sys.modules:
        sys.exit(code)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
