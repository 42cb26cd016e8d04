"""What the chart renders from each file of values; `python -m tests.chart.rendering` writes the golden files anew."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.kubernetes import programs
from tests.kubernetes.background import ROOT

CHART = ROOT / "charts" / "goproxy-operator"
HERE = Path(__file__).resolve().parent
VALUES = sorted((HERE / "values").glob("*.yaml"))
NAME = "goproxy-operator"  # of the release and of its namespace, as in deploy/

Object = dict[str, Any]


class HelmError(Exception):
    """helm refused; the message has its words."""


def helm(*arguments: str | Path) -> str:
    """What helm prints. Raises HelmError."""
    done = subprocess.run([programs.helm(), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HelmError(done.stderr)
    return done.stdout


def render(values: Path, *settings: str) -> list[Object]:
    """The objects of an installation with a file of values and `--set` settings over it. Raises HelmError."""
    over = [word for setting in settings for word in ("--set", setting)]
    text = helm("template", NAME, CHART, "--namespace", NAME, "--values", values, *over)
    return [item for item in yaml.safe_load_all(text) if item]


def golden(values: Path) -> Path:
    """The file that holds what these values have to render."""
    return HERE / "golden" / values.name


def as_golden(objects: list[Object]) -> str:
    """Objects as a golden file holds them, without what is stated elsewhere: in crds/ and in deploy/."""
    return yaml.safe_dump_all([_head(item) for item in objects], sort_keys=False, width=120)


def _head(item: Object) -> Object:
    if item["kind"] == "CustomResourceDefinition":
        return item | {"spec": "..."}
    if item["kind"] == "ValidatingAdmissionPolicy":
        return item | {"spec": item["spec"] | {"validations": "..."}}
    if item["kind"] in ("ConfigMap", "PrometheusRule"):  # dashboards and alerts, as deploy/monitoring has them
        return {key: value if key in ("apiVersion", "kind", "metadata") else "..." for key, value in item.items()}
    return item | {"rules": "..."} if "rules" in item else item


if __name__ == "__main__":
    for one in VALUES:
        golden(one).write_text(as_golden(render(one)))
