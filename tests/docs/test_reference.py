"""The reference pages say what the programs read and serve."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from goproxy_operator.desired.monitoring.service_monitor import KEPT_LABELS, KEPT_NAMES
from tests.docs.reference import PAGES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_make_generate_writes(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name](), "it is stale: run `make generate`"


def test_no_page_is_without_a_writer() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(PAGES)


@pytest.mark.parametrize(("page", "crd"), [("goproxy.md", "goproxies"), ("goproxyclass.md", "goproxyclasses")])
def test_every_field_of_the_definition_is_told(page: str, crd: str) -> None:
    definition = yaml.safe_load((ROOT / "crds" / f"{crd}.yaml").read_text())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    text = PAGES[page]()
    for part in ("spec", "status"):
        for name in schema["properties"][part]["properties"]:
            assert f"| `{name}` |" in text, f"{part}.{name}"


def test_every_metric_has_a_text_and_only_labels_that_prometheus_keeps() -> None:
    replica = PAGES["metrics.md"]().partition("## Of the operator")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ?(.*?) ?\| (.+) \|$", replica, re.MULTILINE)
    assert len(rows) > 40
    for name, _, labels, text in rows:
        assert text.endswith("."), name
        assert set(re.findall(r"`(\w+)`", labels)) <= set(KEPT_LABELS.split("|")), name


def test_every_runbook_is_of_an_alert() -> None:
    linked = set(re.findall(r"\(\.\./runbooks/(\w+)\.md\)", PAGES["alerts.md"]()))
    assert linked == {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")}


def test_prometheus_keeps_every_series_of_a_replica() -> None:
    replica = PAGES["metrics.md"]().partition("## Of the operator")[0]
    for name, kind in re.findall(r"^\| `(\w+)` \| (\w+) \|", replica, re.MULTILINE):
        assert re.fullmatch(KEPT_NAMES, f"{name}_bucket" if kind == "histogram" else name), name
