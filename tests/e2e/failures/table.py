"""All failures, and the page about them: `python -m tests.e2e.failures.table` prints docs/troubleshooting.md."""

from __future__ import annotations

from collections import defaultdict

from goproxy_operator.reconcile.decide.remedies import advice_about, reasons
from tests.e2e.failures.access import ACCESS
from tests.e2e.failures.classes import CLASSES
from tests.e2e.failures.objects import OBJECTS
from tests.e2e.failures.others import OTHERS, Row
from tests.e2e.failures.pods import PODS
from tests.e2e.failures.servers import SERVERS

SIDE_BY_SIDE = [*PODS, *SERVERS, *OBJECTS, *ACCESS]
"""Each of them concerns its own namespace."""
FAILURES = [*SIDE_BY_SIDE, *CLASSES]

_HEAD = """\
# Troubleshooting

`kubectl get gop` shows in one word why a fleet does not serve, and `kubectl describe gop NAME` says in its conditions
what is wrong, where, and what to do. This page is the list of those words. The end-to-end tests make every failure of
the tables on a real cluster, and read the object; the page is written from them by `make generate`. `status.help` of an
object links to the parts that concern it. Who sees an error of the go command looks at [when go fails](symptoms.md).

A fleet whose condition `Ready` is True serves. Conditions beside it may say that something else needs somebody.
"""


def page() -> str:
    """The page."""
    sections = [_section(reason, found) for reason, found in sorted(by_reason().items())]
    return "\n".join([_HEAD, *(line for section in sections for line in section)])


def by_reason() -> dict[str, list[Row]]:
    """The rows of the page, by their reasons."""
    found: dict[str, list[Row]] = defaultdict(list)
    for failure in FAILURES:
        for reason in failure.reason.split("|"):
            found[reason].append(Row(reason, failure.symptom, failure.condition, failure.remedy))
    for row in OTHERS:
        found[row.reason].append(row)
    for reason in reasons():
        found[reason] += [Row(reason, "", "Ready|Reconciling", advice) for advice in advice_about(reason)]
    return found


def _section(reason: str, found: list[Row]) -> list[str]:
    lines = [f"## {reason}", ""]
    if made := [row for row in found if row.symptom]:
        rows = [f"| {one.symptom} | `{'` or `'.join(one.condition.split('|'))}` | {one.remedy} |" for one in made]
        lines += ["| what is wrong | condition | what to do |", "|---|---|---|", *rows, ""]
    if advice := [row.remedy for row in found if not row.symptom]:
        lines += ["By the words of the kubelet, the scheduler or the API server, the message of `Ready` advises:", ""]
        lines += [*(f"- {one}" for one in advice), ""]
    return lines


if __name__ == "__main__":
    print(page(), end="")
