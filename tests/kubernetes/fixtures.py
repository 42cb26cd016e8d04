"""Fixtures of the tests that need a real API server: one control plane for all, a namespace and nodes for each test.

They are a plugin of pytest because several folders of tests share one control plane.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.kubernetes import kube_binary
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.node_stand_in import NodeStandIn


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a time-out count the test only: the first that needs the programs may have to wait until they are built."""
    for item in items:
        if "programs" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(120, func_only=True))


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder with Kubernetes, kubectl and etcd."""
    return kube_binary.ensure()


@pytest.fixture(scope="session")
def control_plane(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The control plane of this session. A test that stops, pauses or restarts a part of it puts it right again."""
    with ControlPlane(programs, tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture
def namespace(control_plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[str]:
    """A new namespace, in which pods may be made. It is deleted in the background when the test has ended."""
    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
    name = f"{stem}-{secrets.token_hex(4)}"
    control_plane.kubectl("create", "namespace", name)
    control_plane.kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={name}", "--timeout=30s")
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def kubectl(control_plane: ControlPlane, namespace: str) -> Kubectl:
    """Kubectl in the test's namespace, to be awaited."""
    return Kubectl(control_plane, namespace)


@pytest.fixture
async def api(control_plane: ControlPlane) -> AsyncIterator[aiohttp.ClientSession]:
    """A session of the API server as its admin."""
    async with control_plane.session() as session:
        yield session


@pytest.fixture
async def nodes(control_plane: ControlPlane) -> AsyncIterator[NodeStandIn]:
    """Nodes and volumes. They act in the test's event loop: a test that blocks the loop stops them."""
    async with control_plane.session(control_plane.nodes_token) as session, NodeStandIn(session) as stand_in:
        yield stand_in
