"""Runs the README's quick start for a cluster, word for word, and looks at what it made."""

from __future__ import annotations

import re
import shlex

from goproxy_operator.figures import fleet_figures
from goproxy_operator.quantity import format_bytes
from tests.e2e.pods import go_mod_download
from tests.e2e.release import Release
from tests.e2e.space import Space
from tests.e2e.upstream import Upstream
from tests.e2e.waiting import until
from tests.kubernetes.background import ROOT


def test_quick_start(operator: Release, space: Space, upstream: Upstream) -> None:
    helm_line, apply_line, wait_line, get_line = quick_start((ROOT / "README.md").read_text())
    assert helm_line.startswith("helm install ")
    # The README's command runs over what the fixture installed; only the place of the images differs.
    operator.helm("upgrade", "--install", *shlex.split(helm_line)[2:], *operator.settings())
    for line in (apply_line, wait_line):
        space.kubectl(*shlex.split(line)[1:], seconds=330)
    assert "Serving" in space.kubectl(*shlex.split(get_line)[1:])

    # The cluster of the test has no way to the modules' usual home, nor to the checksum database.
    merge = f'{{"spec": {{"upstream": {{"goproxy": "{upstream.url}", "gosumdb": "off"}}}}}}'
    space.kubectl("patch", "goproxy", "team-a", "--type=merge", f"--patch={merge}")
    until(lambda: space.condition("team-a", "ConfigSynced")["status"] == "True", "the upstream is in force", 90)
    endpoint = space.get("goproxy", "team-a")["status"]["endpoint"]

    well, said = go_mod_download(space, "cold", operator.images.proxy, endpoint)
    assert well, said
    upstream.cut = True
    well, said = go_mod_download(space, "warm", operator.images.proxy, endpoint)
    assert well, said

    until(lambda: agree(space), "the object's figures are those of its pods", seconds=150, every=3)


def quick_start(readme: str) -> list[str]:
    """The commands of the README's section about clusters, up to the first look at the objects."""
    section = readme.split("## In a cluster", 1)[1].split("\n## ", 1)[0]
    commands = re.findall(r"^    ((?:helm|kubectl) (?:.*\\\n)*.*)$", section, re.MULTILINE)
    return [re.sub(r"\s*\\\n\s*", " ", command).split("   #")[0].strip() for command in commands[:4]]


def agree(space: Space) -> bool:
    """Whether the status says what the replicas' reports and metrics do."""
    status = space.get("goproxy", "team-a")["status"]
    pods = [pod["metadata"]["name"] for pod in space.pods("team-a")]
    reports = [space.report(pod) for pod in pods]
    figures = fleet_figures(reports)
    assert figures.hit_rate_percent is not None and figures.storage is not None
    # A second download of the same is all hits, so half of all are.
    assert 40 <= figures.hit_rate_percent <= 60, figures
    assert status.get("hitRatePercent") == figures.hit_rate_percent, status
    assert status["storage"]["used"] == format_bytes(figures.storage.used_bytes), status
    for pod, report in zip(pods, reports, strict=True):
        told = space.metrics(pod)
        answers = re.findall(r'^http_requests_total{.*cache="(\w+)".*} (\S+)$', told, re.MULTILINE)
        counted = {cache: sum(int(float(count)) for of, count in answers if of == cache) for cache in ("hit", "miss")}
        assert counted == {cache: report.requests[cache] for cache in counted}, told
    return True
