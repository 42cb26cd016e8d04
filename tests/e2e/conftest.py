"""Fixtures of the end-to-end tests: one cluster, one installation of the chart, a namespace for each test.

A new scenario is a file `test_NN_....py`, whose tests take `space` (a namespace), `upstream`, and what else is below.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import evidence, module_tree, release
from tests.e2e.release import Release
from tests.e2e.space import Object, Space
from tests.e2e.upstream import Upstream
from tests.kubernetes import images, kind_cluster
from tests.kubernetes.images import Images
from tests.kubernetes.kind_cluster import Cluster, CommandError, NoClusterError
from tests.kubernetes.progress import step

HERE = Path(__file__).parent
SECONDS = 600  # that a test may take, without the fixtures that bring all up
NOT_RUN = pytest.StashKey[str]()
CLUSTER = pytest.StashKey[Cluster]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a time-out count the test only: the first has to wait until the cluster is up."""
    for item in items:
        if item.path.is_relative_to(HERE) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SECONDS, func_only=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """When a test here fails, keep what may explain it."""
    report = yield
    cluster = item.config.stash.get(CLUSTER, None)
    if report.failed and cluster is not None and item.path.is_relative_to(HERE):
        spaces = [value.name for value in getattr(item, "funcargs", {}).values() if isinstance(value, Space)]
        folder = evidence.keep(cluster, item.name, [*spaces, release.NAME])
        report.sections.append(("evidence", f"logs, events and objects are in {folder}"))
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say plainly when nothing was tried."""
    if reason := config.stash.get(NOT_RUN, ""):
        terminalreporter.write_line(f"E2E NOT RUN: {reason}")


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """The cluster, which is removed in the end unless it was there before.

    Its absence is a failure where E2E=required is set; elsewhere the tests are skipped, and say why.
    """
    was_there = kind_cluster.is_there()
    try:
        found = kind_cluster.up()
    except NoClusterError as failure:
        if os.environ.get("E2E") == "required":
            raise
        pytestconfig.stash[NOT_RUN] = str(failure)
        pytest.skip(str(failure))
    pytestconfig.stash[CLUSTER] = found
    yield found
    if not was_there:
        kind_cluster.down(everything=True)


@pytest.fixture(scope="session")
def our_images(cluster: Cluster) -> Images:
    """The images of this checkout, on every node; of a cluster that was given, those that E2E_IMAGES names."""
    if cluster.docker is None:
        return images.given(os.environ.get("E2E_IMAGES", ""))
    made = images.ensure(cluster.docker)
    with step("bringing the images onto the nodes"):
        cluster.load(made.proxy, made.operator)
    return made


@pytest.fixture(scope="session")
def operator(cluster: Cluster, our_images: Images) -> Iterator[Release]:
    """The operator, installed by the chart; all of it is removed in the end."""
    installed = Release(cluster, our_images)
    with step("installing the chart"):
        installed.install()
    yield installed
    with suppress(CommandError):
        cluster.kubectl("delete", "goproxies", "--all", "--all-namespaces")
    with suppress(CommandError):
        installed.helm("uninstall", release.NAME, "--ignore-not-found", "--wait")
        cluster.kubectl("delete", "namespace", release.NAME, "--ignore-not-found")
    definitions = [f"{name}.goproxy-operator.dev" for name in ("goproxies", "goproxyclasses")]
    cluster.kubectl("delete", "crd", *definitions, "--ignore-not-found")


@pytest.fixture(scope="session")
def tree() -> Path:
    """The modules of a real project, as a GOPROXY tree on this machine."""
    return module_tree.ensure()


@pytest.fixture
def upstream(cluster: Cluster, tree: Path) -> Iterator[Upstream]:
    """An upstream with the modules of a real project."""
    with Upstream(cluster.gateway(), tree) as serving:
        yield serving


@pytest.fixture
def new_space(cluster: Cluster, operator: Release, request: pytest.FixtureRequest) -> Iterator[Callable[[], Space]]:
    """Makes namespaces in which nothing may run that breaks the restricted Pod Security Standard."""
    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))[:40].strip("-")
    made: list[Space] = []

    def make() -> Space:
        space = Space(cluster, f"{stem}-{secrets.token_hex(2)}")
        cluster.kubectl("create", "namespace", space.name)
        made.append(space)
        cluster.kubectl("label", "namespace", space.name, "pod-security.kubernetes.io/enforce=restricted")
        space.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
        return space

    yield make
    for space in made:
        cluster.kubectl("delete", "namespace", space.name, "--wait=false", "--ignore-not-found")


@pytest.fixture
def space(new_space: Callable[[], Space]) -> Space:
    """A namespace for the test alone."""
    return new_space()


@pytest.fixture
def goproxy(upstream: Upstream) -> Callable[..., Object]:
    """Builds a GoProxy that asks the upstream of the test; arguments are further fields of its spec."""

    def build(name: str, **spec: Any) -> Object:
        fields = {
            # The test's upstream does not pass the checksum database on, and the cluster has no way to it.
            "upstream": {"goproxy": upstream.url, "gosumdb": "off"},
            "cache": {"storage": {"size": "1Gi", "whenDeleted": "Delete"}},
        }
        return {
            "apiVersion": "goproxy-operator.dev/v1alpha1",
            "kind": "GoProxy",
            "metadata": {"name": name},
            "spec": fields | spec,
        }

    return build
