"""What processes have used, read from /proc by process id: a server is counted with all its descendants."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """Holds a line of /proc/PID/stat, as far as it counts here.

    `ticks` are those of the process and of its children that have ended and were waited for, in user and system mode.
    """

    pid: int
    parent: int
    ticks: int


def parse_stat(text: str) -> Process:
    """Read the text of /proc/PID/stat (proc_pid_stat(5)). A program's name may have spaces and parentheses."""
    pid, _, rest = text.partition(" ")
    fields = rest.rpartition(")")[2].split()
    return Process(int(pid), int(fields[1]), sum(map(int, fields[11:15])))


def descendants(root: int, processes: Iterable[Process]) -> list[Process]:
    """Return the process `root` and all that descend from it."""
    children: dict[int, list[Process]] = {}
    found: list[Process] = []
    for process in processes:
        children.setdefault(process.parent, []).append(process)
        if process.pid == root:
            found.append(process)
    for process in found:
        found += children.get(process.pid, [])
    return found


def tree(root: int) -> list[Process]:
    """Look at a process and its descendants as they are now. The list is empty when the process has ended."""
    seen = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                seen.append(parse_stat((entry / "stat").read_text()))
            except (FileNotFoundError, ProcessLookupError):
                continue  # the process has ended meanwhile
    return descendants(root, seen)


def cpu_seconds(root: int) -> float:
    """Return the processor time that a process and its descendants have used, their own and the system's for them."""
    return sum(process.ticks for process in tree(root)) / _TICKS


def rss_mib(root: int, what: str = "VmRSS") -> float:
    """Return the resident memory of a process and its descendants (`VmHWM`: the sum of the most that each had)."""
    return sum(_memory(process.pid, what) for process in tree(root))


def _memory(pid: int, what: str) -> float:
    try:
        found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(found[1]) / 1024 if found else 0.0  # a process that has just ended has no memory


def memory_by_name(meminfo: str) -> Mapping[str, int]:
    """Read the text of /proc/meminfo: kibibytes by name."""
    return {name: int(number) for name, number in re.findall(r"^(\w+):\s+(\d+)", meminfo, re.MULTILINE)}
