"""docs/reference/chart-values.md: every value of the chart, with its default and comment, from values.yaml itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.docs.reference.table import code, prose, table

CHART = Path(__file__).parents[3] / "charts" / "goproxy-operator"
_HEAD = """\
# Values of the chart

This page is generated (`make generate`) from `charts/goproxy-operator/values.yaml`. Helm refuses a value
that is not here, or has another type.
"""
_WHOLE = frozenset({"resources", "podSecurityContext", "securityContext", "dashboards.labels"})
"""Values of Kubernetes' own types."""
_KEY = re.compile(r"^( *)([A-Za-z]\w*):")


def chart_values() -> str:
    """The page."""
    text = (CHART / "values.yaml").read_text()
    comments = _comments(text)
    rows = [
        (code(path), "" if value is None else code(json.dumps(value)), prose(comments.get(path, "")))
        for path, value in _values(yaml.safe_load(text), "")
        if value is not None or comments.get(path)
    ]
    return f"{_HEAD}\n{table(('value', 'default', 'meaning'), rows)}"


def _values(section: dict[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    """Yield each value with its path; a section of several values as None, before them."""
    for key, value in section.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and value and path not in _WHOLE:
            yield path, None
            yield from _values(value, f"{path}.")
        else:
            yield path, value


def _comments(text: str) -> dict[str, str]:
    """Return what values.yaml says of each value: above it, and at the end of its line."""
    found: dict[str, str] = {}
    above: list[str] = []
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            above.append(line.strip().lstrip("# "))
        elif match := _KEY.match(line):
            indent = len(match[1])
            path = [(deep, key) for deep, key in path if deep < indent] + [(indent, match[2])]
            beside = line.partition(" # ")[2].strip()
            found[".".join(key for _, key in path)] = " ".join([*above, beside]).strip()
            above = []
        else:
            above = []
    return found
