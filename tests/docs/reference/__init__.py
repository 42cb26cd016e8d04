"""The reference pages, written from what the programs themselves read: `python -m tests.docs.reference FOLDER`."""

from collections.abc import Callable

from tests.docs.reference.alerts import alerts
from tests.docs.reference.chart_values import chart_values
from tests.docs.reference.conditions import conditions
from tests.docs.reference.metrics import metrics
from tests.docs.reference.objects import goproxy, goproxyclass

PAGES: dict[str, Callable[[], str]] = {
    "goproxy.md": goproxy,
    "goproxyclass.md": goproxyclass,
    "conditions.md": conditions,
    "metrics.md": metrics,
    "alerts.md": alerts,
    "chart-values.md": chart_values,
}
"""Each page of docs/reference, and what writes it."""
