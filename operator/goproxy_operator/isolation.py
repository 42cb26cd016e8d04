"""Keeps a fault with one object, or of one task, from ending what serves all the others.

Whoever may write a GoProxy, a ConfigMap or a pod decides what the operator reads. A fault of ours with such content
must cost nobody else anything: `isolated` confines it to the object, and `supervised` to a while without the task. Both
log the fault and count it. No liveness probe fails for it, because the next process would meet the same content.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from goproxy_operator.metrics import FAULTS

_log = logging.getLogger(__name__)
FIRST_PAUSE = 1.0
"""Seconds before a task that failed begins again. Each further failure doubles it, up to LONGEST_PAUSE."""
LONGEST_PAUSE = 60.0
CALM = 300.0
"""Seconds: a task that ran so long before it failed begins again as if it had never failed."""


@contextmanager
def isolated(what: str) -> Iterator[None]:
    """Go on after the block, whatever it raises. `what` names the object that the block is about."""
    try:
        yield
    except Exception:
        FAULTS.inc()
        _log.exception("%s: a fault of the operator; the others are looked after", what)


async def supervised(
    what: str, run: Callable[[], Awaitable[object]], fatal: tuple[type[Exception], ...] = (), pause: float = FIRST_PAUSE
) -> None:
    """Run a task that serves many fleets, and run it again when it fails, after a `pause` in seconds.

    What it raises by design, to end the operator, is `fatal`. Returns when the task does.
    """
    clock = asyncio.get_running_loop().time
    wait = pause
    while True:
        begun = clock()
        try:
            await run()
        except fatal:
            raise
        except Exception:
            FAULTS.inc()
            wait = pause if clock() - begun > CALM else wait
            _log.exception("%s: a fault of the operator; it begins again in %.0f s", what, wait)
        else:
            return
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_PAUSE)
