"""The parts of the tutorials that need a cluster, typed into a real shell as a reader does."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import DOCS, blocks
from tests.docs.tutorial import Reader, steps
from tests.e2e.release import Release
from tests.e2e.space import Space
from tests.kubernetes import kube_binary

BIN = Path(sys.executable).parent
LISTEN = "127.0.0.1:8080"


def kubeconfig(space: Space, folder: Path) -> Path:
    """The cluster's kubeconfig, with the namespace of the test as a reader's own."""
    file = folder / "kubeconfig"
    document = yaml.safe_load(Path(space.cluster.kubeconfig).read_text())
    for context in document["contexts"]:
        context["context"]["namespace"] = space.name
    file.write_text(yaml.safe_dump(document))
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("page", ["first-fleet.md", "ci-with-tokens.md"])
async def test_the_part_for_a_cluster(page: str, space: Space, operator: Release, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    environment = {
        "KUBECONFIG": str(kubeconfig(space, tmp_path)),
        "PATH": f"{kube_binary.ensure()}:{BIN}:{os.environ['PATH']}",
    }
    replaced = {LISTEN: f"127.0.0.1:{port}", "8080:8080": f"{port}:8080"}
    path = DOCS / "tutorials" / page
    (tmp_path / "clone").mkdir()
    async with Reader(tmp_path / "clone", replaced, environment, patience=300.0) as reader:
        # The reader has the last state of each file of the first part.
        reader.keep(blocks(path))
        await reader.follow(steps(path, cluster=True))
