"""Each query in LogQL of the documents finds, in a real Loki, the lines of a real replica that it is meant to find."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.modproxy.fake_upstream import FakeUpstream, status
from tests.modproxy.proxy_process import ProxyProcess
from tests.neighbours.chosen import only_when_chosen
from tests.neighbours.loki_server import Loki

pytestmark = [only_when_chosen("loki"), pytest.mark.timeout(300, func_only=True)]
Line = dict[str, Any]
DOCS = Path(__file__).parents[2] / "docs"
TRACE, REQUEST = "4bf92f3577b34da6a3ce929d0e0e4736", "ci-4711"
"""Those that the documents have."""
SELECTOR = '{namespace="build", container="modproxy"}'

LINES: dict[str, Callable[[Line], str | None]] = {
    f'|= "{TRACE}"': lambda line: line["text"] if TRACE in line["text"] else None,
    f'| json | trace_id="{TRACE}"': lambda line: line["text"] if line.get("trace_id") == TRACE else None,
    f'| json | req_id="{REQUEST}"': lambda line: line["text"] if line.get("req_id") == REQUEST else None,
    f'| json | decision!="" | trace_id="{TRACE}"': lambda line: (
        line["text"] if "decision" in line and line.get("trace_id") == TRACE else None
    ),
    '| json | decision="refused" | trace_id!="" | line_format "{{.module}} {{.rule}} {{.trace_id}}"': lambda line: (
        f"{line['module']} {line['rule']} {line['trace_id']}"
        if line.get("decision") == "refused" and "trace_id" in line
        else None
    ),
    '| json | level="WARNING" | message=~"not fetched.*" | trace_id!="" | line_format "{{.target}} {{.trace_id}}"': (
        lambda line: (
            f"{line['target']} {line['trace_id']}"
            if line.get("level") == "WARNING" and line["message"].startswith("not fetched") and "trace_id" in line
            else None
        )
    ),
    '| json | level=~"WARNING|ERROR|CRITICAL"': lambda line: (
        line["text"] if line.get("level") in {"WARNING", "ERROR", "CRITICAL"} else None
    ),
    '| json | module="github.com/acme/lib" | decision!=""': lambda line: (
        line["text"] if line.get("module") == "github.com/acme/lib" and "decision" in line else None
    ),
}
"""What a query that finds lines means: what it gives of a line, or None of one that it must not find."""

FIGURES: dict[str, Callable[[Line], tuple[str, float] | None]] = {
    'sum by (rule) (count_over_time(SELECTOR | json | decision="refused" [24h]))': lambda line: (
        (line["rule"], 1) if line.get("decision") == "refused" else None
    ),
    'sum by (user_principal) (sum_over_time(SELECTOR | json | decision="allowed" | unwrap bytes [24h]))': lambda line: (
        (line["user_principal"], line["bytes"]) if line.get("decision") == "allowed" else None
    ),
}
"""What a query of figures means: what a line adds to which figure."""


def taught() -> dict[str, Path]:
    """All queries of the documents, on one line each."""
    found = {}
    for file in sorted(DOCS.rglob("*.md")):
        for block in re.findall(r"^```text\n(.*?)^```", file.read_text(), re.MULTILINE | re.DOTALL):
            if SELECTOR in block:
                found[" ".join(block.split())] = file
    return found


async def write_lines(folder: Path) -> list[str]:
    """The lines of a replica of whose requests one succeeds, one is absent, two are refused, and two fail."""
    async with FakeUpstream() as upstream:
        for module in ("example.com/Mixed", "github.com/acme/lib"):
            upstream.add(module, "v1.0.0")
        upstream.behaviours["example.com/broken/@v/list"] = status(500)
        config = {
            "fleet": "build/team-a",
            "upstream": {"goproxy": upstream.url, "gosumdb": "off"},
            "modules": {"deny": ["example.com/evil"]},
            "audit": {"to": ["Stdout"]},
        }
        async with ProxyProcess(folder, config, arguments=("--log-format", "json")) as replica:
            asked = [
                ("example.com/!mixed/@v/v1.0.0.zip", TRACE, REQUEST),
                ("github.com/acme/lib/@v/v1.0.0.mod", "", ""),
                ("example.com/absent/@v/list", TRACE, ""),
                ("example.com/evil/@v/list", TRACE, ""),
                ("example.com/evil/@v/v1.0.0.info", "", ""),
                ("example.com/broken/@v/list", "0" * 31 + "1", "of-another"),
                ("example.com/broken/@v/list", "", ""),
            ]
            for path, trace, request in asked:
                headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"} if trace else {}
                await replica.get(path, **headers, **({"X_Request_Id": request} if request else {}))
            output = folder / "output"
            async with asyncio.timeout(10):
                while output.read_text().count("\n") < len(asked):
                    await asyncio.sleep(0.1)
            return [*replica.log().splitlines(), *output.read_text().splitlines()]


def read(text: str) -> Line:
    return {**json.loads(text), "text": text}


async def test_each_query_of_the_documents_finds_what_it_means(tmp_path: Path) -> None:
    meant = {f"{SELECTOR} {rest}" for rest in LINES} | {query.replace("SELECTOR", SELECTOR) for query in FIGURES}
    assert set(taught()) == meant
    texts = await write_lines(tmp_path / "replica")
    lines = [read(text) for text in texts]
    async with Loki(tmp_path / "loki") as loki:
        await loki.push({"namespace": "build", "container": "modproxy", "pod": "team-a-0"}, texts)
        # Those of others are found by no query; lines that are no JSON spoil none.
        for labels in ({"namespace": "other", "container": "modproxy"}, {"namespace": "build", "container": "go"}):
            await loki.push({**labels, "pod": "other-0"}, texts)
        plain = ["2026-11-27 18:00:00,000 INFO modproxy: serving http", "Traceback (most recent call last):"]
        await loki.push({"namespace": "build", "container": "modproxy", "pod": "team-a-1"}, plain)
        for rest, gives in LINES.items():
            expected = [said for line in lines if (said := gives(line)) is not None]
            assert expected, rest
            assert len(expected) < len(lines), rest
            assert await loki.lines(f"{SELECTOR} {rest}") == expected, rest
        for query, adds in FIGURES.items():
            figures: Counter[str] = Counter()
            for line in lines:
                if (added := adds(line)) is not None:
                    figures[added[0]] += added[1]  # type: ignore[assignment]  # a Counter may hold fractions
            assert figures, query
            assert await loki.figures(query.replace("SELECTOR", SELECTOR)) == dict(figures), query
