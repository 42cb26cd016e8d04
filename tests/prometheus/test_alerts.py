"""Every alert, by Prometheus' own program for the tests of rules: when it is made, and when it is not."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from goproxy_operator.desired.monitoring.operator_alerts import operator_rules
from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from tests.operator.objects import goproxy
from tests.prometheus import programs
from tests.prometheus.alert_cases import OF_FLEETS, OF_OPERATOR, Case, healthy

FLEET = goproxy(
    replicas=2,
    expose={"tls": {"secretName": "edge"}},
    cache={"objectStore": {"url": "s3://go-modules"}},
    audit={"enabled": True, "elasticsearch": {"url": "https://es.example.com", "index": "goproxy-audit"}},
)
"""It has every alert that there is."""
_DAY = 24 * 60


def _groups(manifest: Any) -> list[Any]:
    groups: list[Any] = manifest["spec"]["groups"]
    return groups


def all_groups() -> list[Any]:
    return [*_groups(prometheus_rule(FLEET, "docs")), *_groups(operator_rules())]


def _test_of(case: Case) -> dict[str, Any]:
    series = {key: values for key, values in healthy(case.minutes).items() if key not in case.absent}
    series |= case.series
    expected = []
    for one in sorted(case.fires):
        severity, _, window = one.partition(" ")
        labels = f'severity="{severity}"' + (f',window="{window}"' if window else "")
        expected.append({"labels": f"{{{labels}}}", "value": 1})
    fired = f'ALERTS{{alertname="{case.alert}",alertstate="firing"}}'
    return {
        "name": f"{case.alert}: {case.says}",
        "interval": "1m",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"count by (severity, window) ({fired})",
                "eval_time": f"{case.minutes}m",
                "exp_samples": expected,
            }
        ],
    }


def _rules_about(alert: str) -> list[Any]:
    """The alert, and what is recorded for its objective."""
    everything = [rule for group in all_groups() for rule in group["rules"]]
    alerts = [rule for rule in everything if rule.get("alert") == alert]
    named = {name for rule in alerts for name in re.findall('objective="([a-zA-Z]+)"', rule["expr"])}
    return [*(rule for rule in everything if rule.get("labels", {}).get("objective") in named), *alerts]


def judge(cases: Sequence[Case], folder: Path) -> str:
    """What promtool says of these cases of one alert; empty when all is as they say."""
    rules = _rules_about(cases[0].alert)
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    said = ""
    for name, every, chosen in (
        ("hours.yaml", "1m", [case for case in cases if case.minutes < _DAY]),
        # Days are looked at by fewer evaluations, so that they take seconds.
        ("days.yaml", "5m", [case for case in cases if case.minutes >= _DAY]),
    ):
        tests = [_test_of(case) for case in chosen]
        document = {"rule_files": ["rules.yaml"], "evaluation_interval": every, "tests": tests}
        (folder / name).write_text(yaml.safe_dump(document))
        command = [str(programs.find("promtool")), "test", "rules", name]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=250)
        said += "" if done.returncode == 0 else done.stdout + done.stderr
    return said


CASES = [*OF_FLEETS, *OF_OPERATOR]


@pytest.mark.parametrize("alert", dict.fromkeys(case.alert for case in CASES))
def test_each_alert_is_made_when_it_should_be(alert: str, tmp_path: Path) -> None:
    said = judge([case for case in CASES if case.alert == alert], tmp_path)
    assert not said, said


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    alerts = {rule["alert"] for group in all_groups() for rule in group["rules"] if "alert" in rule}
    assert {case.alert for case in CASES if case.fires} == alerts
    assert {case.alert for case in CASES if not case.fires} == alerts


def test_a_wrong_case_is_noticed(tmp_path: Path) -> None:
    right = next(case for case in OF_FLEETS if case.fires)
    wrong = Case(right.alert, right.says, right.minutes, right.series, absent=right.absent)
    assert "FAILED" in judge([wrong], tmp_path)


def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": all_groups()}))
    command = [str(programs.find("promtool")), "check", "rules", "--lint-fatal", str(tmp_path / "rules.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
