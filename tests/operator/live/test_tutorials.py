"""The parts of the tutorials for a cluster, typed into a real shell, with a real API server and no replica."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import DOCS, blocks
from tests.docs.tutorial import Reader, steps
from tests.kubernetes.control_plane import ControlPlane
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import OperatorProcess


@pytest.mark.usefixtures("nodes")
@pytest.mark.parametrize("page", ["first-fleet.md", "ci-with-tokens.md"])
async def test_the_part_for_a_cluster(
    page: str, control_plane: ControlPlane, fleet: Fleet, operator: OperatorProcess, tmp_path: Path
) -> None:
    document = yaml.safe_load(control_plane.kubeconfig.read_text())
    for context in document["contexts"]:
        context["context"]["namespace"] = fleet.kubectl.namespace
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(document))
    kubeconfig.chmod(0o600)
    path = f"{control_plane._programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    file = DOCS / "tutorials" / page
    (tmp_path / "clone").mkdir()
    async with Reader(tmp_path / "clone", {}, {"KUBECONFIG": str(kubeconfig), "PATH": path}) as reader:
        reader.keep(blocks(file))
        await reader.follow(steps(file, cluster=True, replicas=False))
