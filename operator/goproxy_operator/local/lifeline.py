"""Runs a module as a program that ends with its starter: `python -m goproxy_operator.local.lifeline MODULE ARGS...`.

The starter holds the other end of the pipe on standard input and never writes to it. However the starter ends, kill -9
included, the kernel closes that end, the read here returns, and this process takes it as a SIGTERM. That holds on every
Unix, unlike Linux's PR_SET_PDEATHSIG, and costs a sleeping thread.
"""

import os
import runpy
import signal
import sys
import threading
import time

STDIN = 0
GRACE_SECONDS = 15.0
"""How long the module may take to end by itself after that."""


def _end_with_starter() -> None:
    while os.read(STDIN, 1):
        pass  # nothing is ever written; if something is, it is no end
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


def main() -> None:
    """Run the module named by the first argument, with the others as its own."""
    threading.Thread(target=_end_with_starter, name="lifeline", daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
