"""What clients ask for when all of it is held."""

import random
from dataclasses import dataclass
from pathlib import Path

from bench.upstream.made import MIB, MadeModules, keys, keys_of, module

MODULES = 200
MIX = {".info": 40, ".mod": 25, "/list": 20, ".zip": 15}
"""Shares of a go command's requests, in percent."""
_MIXED_REQUESTS = 5000


@dataclass(frozen=True, slots=True)
class Workload:
    """Names paths that are asked for in turn. With `fresh` each request has an X-Request-Id of its own."""

    name: str
    title: str
    fresh: bool = False


WORKLOADS = (
    Workload("small", "small bodies"),
    Workload("mixed", "mixed"),
    Workload("zip", "one 1 MiB zip"),
    Workload("fresh", "small bodies, a fresh header in every request", fresh=True),
)


def made_hits() -> MadeModules:
    """Make the modules that the workloads ask for."""
    made = MadeModules()
    made.add_real_sizes(MODULES)
    # The zip's own overhead is small beside a MiB of bytes that cannot be packed.
    made.add(MIB, {"m.go": random.Random(2).randbytes(1 << 20)})
    return made


def held() -> list[str]:
    """Name all files that a server has to hold before the first round."""
    files = [key for number in range(MODULES) for key in [*keys(number), f"{module(number)}/@v/list"]]
    return [*files, *keys_of(MIB)]


def paths(workload: Workload) -> list[str]:
    """Name the paths of a workload in their order."""
    everything = held()
    if workload.name == "zip":
        return [keys_of(MIB)[-1]]
    if workload.name != "mixed":
        return [key for key in everything if key.endswith((".info", ".mod"))]
    chance = random.Random(1)
    by_kind = {suffix: [key for key in everything if key.endswith(suffix) and MIB not in key] for suffix in MIX}
    return [chance.choice(by_kind[kind]) for kind in chance.choices(list(MIX), list(MIX.values()), k=_MIXED_REQUESTS)]


def write(workload: Workload, folder: Path) -> Path:
    """Write the paths of a workload to a file."""
    file = folder / f"{workload.name}.paths"
    file.write_text("".join(f"/{key}\n" for key in paths(workload)))
    return file
