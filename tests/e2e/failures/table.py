"""All failures, and the page about them: `python -m tests.e2e.failures.table` prints docs/troubleshooting.md."""

from __future__ import annotations

from collections import defaultdict

from tests.e2e.failures.classes import CLASSES
from tests.e2e.failures.failure import Failure
from tests.e2e.failures.objects import OBJECTS
from tests.e2e.failures.pods import PODS
from tests.e2e.failures.servers import SERVERS

SIDE_BY_SIDE = [*PODS, *SERVERS, *OBJECTS]
"""Each of them concerns its own namespace."""
FAILURES = [*SIDE_BY_SIDE, *CLASSES]

_HEAD = """\
# Troubleshooting

`kubectl get gop` shows in one word why a fleet does not serve, and `kubectl describe gop NAME` says in its conditions
what is wrong, where, and what to do. This page is the list of those words. The end-to-end tests make every failure of
the tables on a real cluster, and read the object; the page is written from them by `make generate`.

A fleet whose condition `Ready` is True serves. Conditions beside it may say that something else needs somebody.
"""


def page() -> str:
    """The page."""
    return "\n".join(
        [_HEAD, *(line for reason, found in sorted(_by_reason().items()) for line in _section(reason, found))]
    )


def _by_reason() -> dict[str, list[Failure]]:
    found: dict[str, list[Failure]] = defaultdict(list)
    for failure in FAILURES:
        for reason in failure.reason.split("|"):
            found[reason].append(failure)
    return found


def _section(reason: str, found: list[Failure]) -> list[str]:
    rows = [f"| {one.symptom} | `{'` or `'.join(one.condition.split('|'))}` | {one.remedy} |" for one in found]
    return [f"## {reason}", "", "| what is wrong | condition | what to do |", "|---|---|---|", *rows, ""]


if __name__ == "__main__":
    print(page(), end="")
