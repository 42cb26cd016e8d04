"""Threads share one heap, so that a replica with many threads keeps little memory."""

import ctypes
import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
from modproxy.memory import keep_little
if sys.argv[1] == "little":
    keep_little()
gate = threading.Barrier(9)
def work():
    kept = [bytes(50_000) for _ in range(10)]
    gate.wait(); gate.wait()
for _ in range(8):
    threading.Thread(target=work).start()
gate.wait()
# glibc reserves 64 MiB for each heap of a thread, and makes a part of them accessible.
print(sum(line.split()[1] == "---p" and size(line) > 50 << 20 for line in open("/proc/self/maps"))
      if (size := lambda line: int(line.split()[0].split("-")[1], 16) - int(line.split("-")[0], 16)) else 0)
gate.wait()
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="the C library is not glibc")
def test_threads_share_a_heap() -> None:
    heaps = {
        word: int(subprocess.run([sys.executable, "-c", PROGRAM, word], capture_output=True, check=True).stdout)
        for word in ("much", "little")
    }
    assert heaps["little"] == 0 < heaps["much"]
