"""Fixtures of the tests that run the operator against a real API server, installed as a user installs it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from goproxy_operator.api.crd.definitions import DEFINITIONS
from goproxy_operator.api.goproxy import API_VERSION, parse_goproxy
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.kubectl import Kubectl
from tests.operator.live import stand_in_apis
from tests.operator.live.account import SPEC, Account
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import OperatorProcess
from tests.operator.objects import document

ROOT = Path(__file__).parents[3]
ALLOWED = {"images": ["modproxy:*", "registry.example.com/modproxy:*"], "serviceAccounts": ["default"]}
"""What the tests of this folder need, as an installation allows it."""
StartOperator = Callable[..., OperatorProcess]
ApplyClass = Callable[..., Awaitable[None]]
Install = Callable[[], Awaitable[None]]
OPTIONAL = "httproutes,certificates,servicemonitors,prometheusrules"


def admission(account: str = "goproxy-operator:goproxy-operator", /, **lists: list[str]) -> str:
    """The policy of deploy/ as an installation sets it: for another account, with other lists."""
    policy, binding = yaml.safe_load_all((ROOT / "deploy" / "admission.yaml").read_text())
    name = account.partition(":")[0]
    policy["metadata"]["name"] = binding["metadata"]["name"] = binding["spec"]["policyName"] = name
    (condition,) = policy["spec"]["matchConditions"]
    condition["expression"] = f"request.userInfo.username == 'system:serviceaccount:{account}'"
    for variable in policy["spec"]["variables"]:
        if variable["name"] in lists:
            variable["expression"] = json.dumps(lists[variable["name"]])
    return yaml.safe_dump_all([policy, binding])


@pytest.fixture(scope="session")
def installed(control_plane: ControlPlane) -> Path:
    """The CRDs and the operator's rights are there, and what binds them; the kubeconfig of its service account."""
    control_plane.kubectl("apply", "-k", ROOT / "crds")
    control_plane.kubectl("apply", "-f", ROOT / "deploy" / "rbac.yaml")
    control_plane.kubectl("apply", "-f", "-", stdin=admission(**ALLOWED))
    definitions = [f"crd/{name}.goproxy-operator.dev" for name in DEFINITIONS]
    control_plane.until_established(*definitions)
    return control_plane.service_account_kubeconfig("goproxy-operator", "goproxy-operator")


@pytest.fixture
def new_operator(installed: Path, namespace: str, tmp_path: Path) -> Iterator[StartOperator]:
    """Makes an operator, not started, that looks after the test's namespace; more arguments may be given."""
    made: list[OperatorProcess] = []

    def make(*arguments: str) -> OperatorProcess:
        log = tmp_path / f"operator-{len(made)}.log"
        made.append(OperatorProcess(installed, log, f"--namespace={namespace}", *arguments))
        return made[-1]

    yield make


@pytest.fixture
async def operator(new_operator: StartOperator) -> AsyncIterator[OperatorProcess]:
    """An operator that leads; replicas are scraped twice a second."""
    async with AsyncExitStack() as stack:
        process = await stack.enter_async_context(new_operator("--scrape-interval=500ms"))
        await process.leading()
        yield process


@pytest.fixture
def fleet(kubectl: Kubectl) -> Fleet:
    """The GoProxy `team-a` of the test's namespace."""
    return Fleet(kubectl)


@pytest.fixture
async def apply_class(fleet: Fleet) -> AsyncIterator[ApplyClass]:
    """Applies a class, for the test's namespace only unless told otherwise. None is left behind: they concern all."""
    own = {"matchLabels": {"kubernetes.io/metadata.name": fleet.kubectl.namespace}}

    async def apply(name: str = "standard", /, **spec: Any) -> None:
        manifest = {
            "apiVersion": "goproxy-operator.dev/v1alpha1",
            "kind": "GoProxyClass",
            "metadata": {"name": name},
            "spec": {"namespaceSelector": own, "default": True} | spec,
        }
        await fleet.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    yield apply
    await fleet.kubectl("delete", "goproxyclasses", "--all")


@pytest.fixture
async def account(
    control_plane: ControlPlane, installed: Path, namespace: str, api: aiohttp.ClientSession
) -> AsyncIterator[Account]:
    item = document(**SPEC)
    path = f"/apis/{API_VERSION}/namespaces/{namespace}/goproxies"
    async with api.post(path, json=item) as response:
        held = await response.json()
        assert response.status == 201, held
    token = control_plane.service_account_token("goproxy-operator", "goproxy-operator")
    async with control_plane.session(token) as session:
        made = Account(session, parse_goproxy({key: held[key] for key in ("apiVersion", "kind", "metadata", "spec")}))

        async def bound() -> bool:
            """The API server reads a new policy some moments after it was applied."""
            other = made.manifest("ConfigMap")
            other["metadata"]["labels"] = {}
            return "labels of a fleet" in await made.apply(other)

        await eventually(bound, "the policy is in force")
        yield made
    assert installed


@pytest.fixture
def install(control_plane: ControlPlane) -> Iterator[Install]:
    """Installs the optional APIs, once a test wants them; they are removed after it."""

    async def now() -> None:
        apply = ("apply", "--server-side", "-f", "-")
        await asyncio.to_thread(control_plane.kubectl, *apply, stdin=stand_in_apis.MANIFEST)

        async def served() -> bool:
            # The API server tells of the kinds of one group one after the other.
            asked = await asyncio.to_thread(control_plane.kubectl, "get", OPTIONAL, "--all-namespaces", check=False)
            return asked.returncode == 0

        await eventually(served, "the optional APIs are served")

    yield now
    control_plane.kubectl("delete", "crd", *stand_in_apis.NAMES, "--ignore-not-found", "--timeout=60s")
