"""docs/reference/conditions.md: the conditions of a fleet, and the reasons that ask for somebody."""

from goproxy_operator.reconcile.status.conditions import TYPES
from goproxy_operator.reconcile.status.help_links import DOCUMENTED, GOOD_WHEN_FALSE
from tests.docs.reference.table import code, table
from tests.e2e.failures.table import by_reason

_HEAD = """\
# Conditions and reasons

This page is generated (`make generate`) from the operator's own tables. [Operations](../operations.md#conditions) says
what each condition is about and when it is there; [troubleshooting](../troubleshooting.md) says of each reason what is
wrong and what to do.

## Conditions
"""


def conditions() -> str:
    """The page."""
    kinds = [(code(kind), "False" if kind in GOOD_WHEN_FALSE else "True") for kind in sorted(TYPES)]
    found = by_reason()
    reasons = [
        (
            f"[{reason}](../troubleshooting.md#{reason.lower()})",
            ", ".join(
                code(kind) for kind in sorted({kind for row in found[reason] for kind in row.condition.split("|")})
            ),
        )
        for reason in sorted(DOCUMENTED)
    ]
    return "\n".join(
        [
            _HEAD,
            table(("condition", "all is well when it is"), kinds),
            "## Reasons that ask for somebody\n",
            table(("reason", "of the condition"), reasons),
        ]
    )
