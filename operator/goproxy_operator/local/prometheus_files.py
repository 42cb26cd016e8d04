"""What a Prometheus of the user's own needs to watch a local fleet: a config, its targets, and its rules.

Series have the labels that they have in a cluster (`desired.monitoring.service_monitor`), so the dashboard, the alerts
and `slo check` are the same. All but `write_prometheus` is pure.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from goproxy_operator.private_file import write_private

CONFIG = "prometheus.yml"
_TARGETS = "prometheus-targets.json"
_RULES = "prometheus-rules.yml"
_HEAD = "# Written by goproxy-operator local, for prometheus --config.file. Copy it before you change it.\n"


def prometheus_files(goproxy: GoProxy, replicas: Iterable[tuple[str, int]], docs: str) -> dict[str, str]:
    """Return the files by their names, for one folder: Prometheus looks for files beside its config.

    `replicas` are the names of replicas and the ports of their admin listeners. `docs` is where people read the folder
    docs.
    """
    labels = {"namespace": goproxy.metadata.namespace, "job": goproxy.metadata.name}
    targets = [{"targets": [f"127.0.0.1:{port}"], "labels": {**labels, "pod": name}} for name, port in replicas]
    config: dict[str, Any] = {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": [_RULES],
        "scrape_configs": [{"job_name": goproxy.metadata.name, "file_sd_configs": [{"files": [_TARGETS]}]}],
    }
    rules = {"groups": prometheus_rule(goproxy, docs)["spec"]["groups"]}
    return {
        CONFIG: _HEAD + yaml.safe_dump(config, sort_keys=False),
        _TARGETS: json.dumps(targets, indent=2) + "\n",
        _RULES: _HEAD + yaml.safe_dump(rules, sort_keys=False, width=1000),
    }


def write_prometheus(folder: Path, files: dict[str, str]) -> None:
    """Write the files that say something new, each whole or not at all. Raises `OSError`.

    Prometheus sees changed targets by itself, and changed rules when it is told to reload.
    """
    for name, text in files.items():
        write_private(folder / name, text.encode())
