"""What go.sum, the fleet and the checksum database say of a version, and which of them differs. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from goproxy_operator.go_env.finding import Finding, Weight

_SIDES = ("go.sum of this folder", "the checksum database", "the fleet")


@dataclass(frozen=True, slots=True)
class Sums:
    """The `h1:` hashes of one version; an empty text where one is not known."""

    module: str
    version: str
    go_sum_zip: str = ""
    go_sum_mod: str = ""
    database_zip: str = ""
    database_mod: str = ""
    fleet_mod: str = ""
    """Of the go.mod file that the fleet serves."""
    fleet_zip: str = ""
    """Of the zip that the fleet serves; not known of a large one."""


def compare(sums: Sums) -> Iterator[Finding]:
    """Yield what differs, and whose side it is."""
    name = f"{sums.module}@{sums.version}"
    kinds = {
        "go.mod": (sums.go_sum_mod, sums.database_mod, sums.fleet_mod),
        "zip": (sums.go_sum_zip, sums.database_zip, sums.fleet_zip),
    }
    for kind, values in kinds.items():
        known = {side: value for side, value in zip(_SIDES, values, strict=True) if value}
        if len(set(known.values())) > 1:
            yield _differs(name, kind, known)


def _differs(name: str, kind: str, known: dict[str, str]) -> Finding:
    values = list(known.values())
    alone = [side for side, value in known.items() if values.count(value) == 1]
    told = "; ".join(f"{side} has {value}" for side, value in known.items())
    if len(known) > 2 and len(alone) == 1:
        blame = f"{alone[0]} differs from the other two"
    else:
        blame = f"{' and '.join(known)} differ" if len(known) == 2 else "all of them differ"
    text = f"{name}: the checksums of its {kind} differ: {blame} ({told})"
    return Finding("checksum", Weight.WRONG, text, _remedy(blame))


def _remedy(blame: str) -> str:
    if blame.startswith("the fleet differs"):
        return (
            "do not build: the fleet has other bytes than everybody else. Tell its keepers, who delete the version "
            "from the cache and look at its upstream"
        )
    if blame.startswith("go.sum"):
        return (
            "somebody moved the tag, or go.sum was written without the database (GONOSUMDB): compare with the "
            "author's release, and remove the line only when you know why"
        )
    return "do not build until it is known who changed the version: a tag that moved, or an attack"
