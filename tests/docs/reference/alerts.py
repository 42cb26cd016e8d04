"""docs/reference/alerts.md: every alert, from the code that makes the rules."""

import re

from goproxy_operator.api.goproxy import API_VERSION, KIND, parse_goproxy
from goproxy_operator.desired.monitoring.operator_alerts import operator_rules
from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from tests.docs.reference.table import code, prose, table

_HEAD = """\
# Alerts

This page is generated (`make generate`) from the code that makes the rules. Each alert has a page of what to do. The
operator makes those about a fleet where the Prometheus operator is installed; the chart's `metrics.rules` makes those
about the operator itself. Here the fleet is `team-a` in the namespace `build`. [Objectives](../objectives.md) explains
those whose name ends in `Burn`.
"""
_EVERYTHING = {
    "audit": {"enabled": True, "elasticsearch": {"url": "https://search.example.com", "index": "goproxy"}},
    "cache": {"objectStore": {"url": "s3://modules"}},
    "expose": {"tls": {"secretName": "team-a-tls"}},
    "monitoring": {"objectives": {}},
}


def alerts() -> str:
    """The page."""
    fleet = parse_goproxy(
        {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": "team-a", "namespace": "build"},
            "spec": _EVERYTHING,
        }
    )
    return "\n".join(
        [
            _HEAD,
            "## About a fleet\n",
            _table(prometheus_rule(fleet, "..")),
            "## About the operator\n",
            _table(operator_rules()),
        ]
    )


def _plain(summary: str) -> str:
    """Return the text with a word in the place of each label and figure."""
    return re.sub(r"\{\{ \$(?:labels\.(\w+)|value).*?\}\}", lambda found: (found[1] or "N").upper(), summary)


def _table(rules: dict[str, object]) -> str:
    spec = rules["spec"]
    assert isinstance(spec, dict)
    rows: dict[tuple[str, str], tuple[str, ...]] = {}
    for rule in (rule for group in spec["groups"] for rule in group["rules"] if "alert" in rule):
        name, severity = rule["alert"], rule["labels"]["severity"]
        link = f"[{name}](../runbooks/{name}.md)"
        lasting = "at once" if rule.get("for") is None else f"after {code(rule['for'])}"
        rows.setdefault((name, severity), (link, severity, lasting, prose(_plain(rule["annotations"]["summary"]))))
    return table(("alert", "severity", "fires", "says"), rows.values())
