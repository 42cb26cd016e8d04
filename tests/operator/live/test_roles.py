"""What the cluster's own roles let people do with fleets, once the operator is installed: nothing of it is special."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from goproxy_operator.api.goproxy import API_VERSION
from goproxy_operator.api.goproxyclass import CLASS_KIND
from tests.kubernetes.control_plane import ControlPlane, KubectlError
from tests.kubernetes.eventually import eventually
from tests.kubernetes.kubectl import Kubectl
from tests.operator.objects import document

pytestmark = pytest.mark.usefixtures("installed")
CLASS = {
    "apiVersion": API_VERSION,
    "kind": CLASS_KIND,
    "metadata": {"name": "mine"},
    "spec": {},
}


class Person:
    """Somebody with a role of the cluster in the test's namespace."""

    def __init__(self, kubectl: Kubectl, kubeconfig: Path) -> None:
        self._kubectl = kubectl
        self._kubeconfig = kubeconfig

    async def __call__(self, *arguments: str, stdin: str | None = None, namespace: str | None = None) -> str:
        kubectl = self._kubectl if namespace is None else replace(self._kubectl, namespace=namespace)
        return await kubectl(*arguments, stdin=stdin, kubeconfig=self._kubeconfig)

    async def may(self, verb: str, resource: str) -> bool:
        try:
            return (await self("auth", "can-i", verb, resource)).strip() == "yes"
        except KubectlError:
            return False

    async def refused(self, *arguments: str, stdin: str | None = None, namespace: str | None = None) -> str:
        with pytest.raises(KubectlError) as error:
            await self(*arguments, stdin=stdin, namespace=namespace)
        return str(error.value)


@pytest.fixture(params=["view", "edit", "admin"])
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def person(control_plane: ControlPlane, kubectl: Kubectl, role: str) -> AsyncIterator[Person]:
    user = f"{role}-of-{kubectl.namespace}"
    await kubectl("create", "rolebinding", role, f"--clusterrole={role}", f"--user={user}")
    somebody = Person(kubectl, control_plane.user_kubeconfig(user))
    # The controller that aggregates roles takes a moment.
    await eventually(lambda: somebody.may("list", "goproxies.goproxy-operator.dev"), f"{role} may list goproxies")
    yield somebody


async def test_in_the_own_namespace(person: Person, kubectl: Kubectl, role: str) -> None:
    fleet = json.dumps(document(replicas=1))
    if role == "view":
        assert "forbidden" in await person.refused("apply", "-f", "-", stdin=fleet)
        await kubectl("apply", "-f", "-", stdin=fleet)
    else:
        await person("apply", "-f", "-", stdin=fleet)
        await person("scale", "goproxy/team-a", "--replicas=3")
        await person("patch", "goproxy/team-a", "--type=merge", "-p", '{"spec": {"cache": {"listTTL": "5s"}}}')
    assert "team-a" in await person("get", "goproxies")
    status = ("patch", "goproxy/team-a", "--subresource=status", "--type=merge", "-p", '{"status": {"replicas": 9}}')
    assert "forbidden" in await person.refused(*status)
    if role == "view":
        assert "forbidden" in await person.refused("delete", "goproxy/team-a")
    else:
        await person("delete", "goproxy/team-a")


async def test_elsewhere_and_of_the_platform(person: Person) -> None:
    fleet = json.dumps(document())
    assert "forbidden" in await person.refused("apply", "-f", "-", stdin=fleet, namespace="default")
    assert "forbidden" in await person.refused("get", "goproxies", namespace="default")
    await person("get", "goproxyclasses")
    assert "forbidden" in await person.refused("apply", "-f", "-", stdin=json.dumps(CLASS))
    for verb in ("create", "update", "patch", "delete"):
        assert not await person.may(verb, "goproxyclasses.goproxy-operator.dev")
