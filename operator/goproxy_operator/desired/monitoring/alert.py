"""An alert, as the Prometheus operator's PrometheusRule has it. Pure."""

from dataclasses import dataclass

from goproxy_operator.desired.manifest import Manifest, without_empty

WARNING = "warning"
CRITICAL = "critical"
RUNBOOKS = "docs/runbooks"
"""Where this repository has a page for each alert, named after the alert."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Tells what a figure means for people, and what to look at. `lasting` is how long the expression has to hold."""

    name: str
    expression: str
    lasting: str | None
    severity: str
    summary: str
    description: str

    def manifest(self, runbooks: str) -> Manifest:
        """Return the rule. `runbooks` is where people read the pages of `RUNBOOKS`; "" names the file there."""
        return without_empty(
            {
                "alert": self.name,
                "expr": self.expression,
                "for": self.lasting,
                "labels": {"severity": self.severity},
                "annotations": {
                    "summary": self.summary,
                    "description": self.description,
                    "runbook_url": f"{runbooks.rstrip('/') or RUNBOOKS}/{self.name}.md",
                },
            }
        )
