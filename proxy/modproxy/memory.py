"""How little memory the process keeps: settings of the C library's allocator.

By default, glibc gives threads heaps of their own, and what one of them frees stays with it. Other C libraries have
none of these settings, and need none.
"""

import ctypes

_ARENA_MAX = -8
_MMAP_THRESHOLD = -3
"""The parameters M_ARENA_MAX and M_MMAP_THRESHOLD of mallopt(3), whose numbers only the C header has."""
_ARENAS = 1
"""One thread at a time holds Python's own lock, so that more heaps would save little time."""
_MAPPED_BYTES = 512 << 10
"""Larger pieces are mapped, and given back when they are freed. The pieces of a zip under way are smaller: to map each
anew takes a third of the time of its check. Without a setting, glibc raises this bound by itself.
"""


def keep_little() -> None:
    """Let all threads share one heap. Call it before there are threads."""
    try:
        set_parameter = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    set_parameter(_ARENA_MAX, _ARENAS)
    set_parameter(_MMAP_THRESHOLD, _MAPPED_BYTES)
