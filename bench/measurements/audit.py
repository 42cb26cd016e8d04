"""What does a record of the audit log cost, on the way of a hit and off it, and what do ten minutes of them take?"""

import asyncio
import time
from pathlib import Path
from statistics import median
from typing import cast

from bench.figures.result import Figure, Result
from bench.run import Run
from modproxy.audit.auditor import FLUSH_SECONDS, Auditor
from modproxy.audit.record import Entry, LineMaker, Verdict, document
from modproxy.contract.config import parse_config
from modproxy.identity.principal import ANONYMOUS
from modproxy.server.hit.connection import HitConnection
from modproxy.server.hit.hit import Hit
from modproxy.source.way_out.connections import Connections

HITS, QUICK_HITS = 200_000, 20_000
ON_THE_HIT_PATH = 3.0
"""Microseconds that the goal allows."""
_BATCH = 500
"""Entries between two turns of the loop: fewer than are written at once."""


class _Quick:
    endpoint = "info"


class _Hit:
    module, version, quick = "example.com/module/with/a/usual/path", "v1.2.3", _Quick()


class _Memo:
    def __init__(self, auditor: Auditor) -> None:
        self.auditor = auditor


class _Connection:
    """Has what `HitConnection._record` reads."""

    def __init__(self, auditor: Auditor) -> None:
        self._hits = _Memo(auditor)
        self._client = "192.0.2.1"


async def measure(run: Run) -> Result:
    """Time the code that a hit runs, and that of the thread which writes."""
    number = QUICK_HITS if run.quick else HITS
    hit_path, lines = [], []
    for at in run.each_round("audit records"):
        taken = await _on_the_hit_path(run.scratch / f"audit-{at}", number)
        made = _lines(number)
        if at > 0:
            hit_path.append(1e6 * taken / number)
            lines.append(1e6 * made / number)
    size = len(document(LineMaker("build/team-a", "team-a-0").line(_entry())))
    return Result(
        "The audit log: what a record costs",
        figures=[
            Figure("a record on the way of a hit", median(hit_path), "µs", limit=ON_THE_HIT_PATH),
            Figure("a line, in the thread that writes", median(lines), "µs"),
            Figure("a document in the spool", size, "bytes"),
            Figure("ten minutes without a receiver, at 400 requests a second", 240_000 * size / 2**20, "MiB"),
        ],
        notes=[f"medians of {run.rounds} rounds of {number:,} hits; entries are written every {FLUSH_SECONDS} s"],
    )


async def _on_the_hit_path(folder: Path, number: int) -> float:
    connections = Connections()
    auditor = Auditor(folder, lambda: 1 << 40, connections)
    auditor.begin(parse_config('{"audit": {"to": ["File"]}}'))
    connection, hit = cast(HitConnection, _Connection(auditor)), cast(Hit, _Hit())
    taken = 0.0
    for _ in range(number // _BATCH):
        begun = time.perf_counter()
        for _ in range(_BATCH):
            HitConnection._record(connection, hit, None, b"id", code=200, seconds=0.0001, sent=120)
        taken += time.perf_counter() - begun
        auditor.flush()
        while auditor.unwritten:
            await asyncio.sleep(0.001)
    await auditor.close()
    await connections.close()
    return taken


def _lines(number: int) -> float:
    maker, entry = LineMaker("build/team-a", "team-a-0"), _entry()
    begun = time.perf_counter()
    for _ in range(number):
        maker.line(entry)
    return time.perf_counter() - begun


def _entry() -> Entry:
    return Entry(
        1764211144.0, b"01234567-89ab-8cde-8f01-0123456789ab", ANONYMOUS, "192.0.2.1", "read", _Hit.module,
        _Hit.version, "info", Verdict.ALLOWED, "", 200, "hit", 120, 0.0001, "",
    )  # fmt: skip
