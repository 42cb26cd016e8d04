"""`python -m bench.simulation`: simulates, draws `docs/scaling.svg`, and prints the table of `docs/scaling.md`."""

import argparse
import json
from pathlib import Path

from bench.simulation.drawing import draw
from bench.simulation.scenarios import ARRANGEMENTS, REPLICAS, Figures, joined, simulate
from bench.simulation.workload import Workload

CLIENTS, MODULES, NEEDED = 100_000, 20_000, 10
DISK_BYTES = 5_000_000_000
_FEW = 50
"""By how many times `--quick` has fewer clients."""
_HEAD = (
    "| replicas | arrangement | upstream, of 1000 | GB between replicas | busiest / mean | GB sent at a release "
    "| its upstream requests | µs for an owner |\n|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Run all scenarios, which takes ten minutes."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"simulate {_FEW} times fewer clients")
    parser.add_argument("--draw", type=Path, metavar="FILE", help="where the picture goes; none without it")
    parser.add_argument("--write", type=Path, metavar="FILE", help="where the figures go, as JSON; none without it")
    args = parser.parse_args()
    workload = Workload(CLIENTS // (_FEW if args.quick else 1), MODULES, NEEDED)
    print(f"{workload.total_bytes / 1e9:.1f} GB of files, {DISK_BYTES / 1e9:.0f} GB of disk for each replica\n")
    asks = list(workload.asks())
    figures = []
    print(_HEAD)
    for count in REPLICAS:
        for arrangement in ARRANGEMENTS:
            figures.append(simulate(arrangement, count, DISK_BYTES, asks))
            print(_row(figures[-1]), flush=True)
    more, files = joined(3, workload.total_bytes * 2, Workload(CLIENTS // _FEW, MODULES, NEEDED))
    print(f"\na fourth replica joins, and {files} requests come again: {more} of them reach upstream")
    if args.write:
        args.write.write_text(json.dumps([one.row() for one in figures], indent=1) + "\n")
    if args.draw:
        draw(figures, args.draw)


def _row(one: Figures) -> str:
    cells: tuple[object, ...] = (
        one.replicas,
        one.arrangement,
        f"{1000 * one.upstream_requests / one.requests:.1f}",
        f"{one.between_bytes / 1e9:.1f}",
        f"{one.balance:.2f}",
        f"{one.release_bytes / 1e9:.2f}",
        one.release_upstream,
        f"{one.owner_microseconds:.0f}" if one.owner_microseconds else "",
    )
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
