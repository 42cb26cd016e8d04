"""An alert, as the Prometheus operator's PrometheusRule has it. Pure."""

from dataclasses import dataclass

from goproxy_operator.desired.manifest import Manifest, without_empty

WARNING = "warning"
CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Alert:
    """Tells what a figure means for people, and what to look at. `lasting` is how long the expression has to hold."""

    name: str
    expression: str
    lasting: str | None
    severity: str
    summary: str
    description: str
    window: str = ""
    """The span of which the alert tells, where alerts of one name differ by it."""

    def manifest(self, docs: str) -> Manifest:
        """Return the rule. `docs` is where people read the folder docs, which has a page for each alert."""
        return without_empty(
            {
                "alert": self.name,
                "expr": self.expression,
                "for": self.lasting,
                "labels": {"severity": self.severity} | ({"window": self.window} if self.window else {}),
                "annotations": {
                    "summary": self.summary,
                    "description": self.description,
                    "runbook_url": f"{docs}/runbooks/{self.name}.md",
                },
            }
        )
