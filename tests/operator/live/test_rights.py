"""The operator's rights are the least that works: the audit log of all other tests beside deploy/.

The conftest of tests/operator puts this last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import yaml

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.operator.live.conftest import ROOT
from tests.operator.live.operator_process import USER

HERE = Path(__file__).parent
FILES = ("rbac.yaml", "external-metrics/rbac.yaml")


class Right(NamedTuple):
    """`resource` is resource/subresource where a subresource is meant."""

    group: str
    resource: str
    verb: str


def documents() -> list[dict[str, Any]]:
    """All that says who may do what."""
    return [item for file in FILES for item in yaml.safe_load_all((ROOT / "deploy" / file).read_text())]


def granted(items: Sequence[dict[str, Any]], namespace: str, name: str) -> frozenset[Right]:
    """What these roles grant that are bound to a service account, wherever they are bound. Paths that are no resources
    are looked at by test_service_accounts.
    """
    bound = {
        (item["roleRef"]["kind"], item["roleRef"]["name"])
        for item in items
        if item["kind"].endswith("Binding")
        and {"kind": "ServiceAccount", "name": name, "namespace": namespace} in item["subjects"]
    }
    return frozenset(
        Right(group, resource, verb)
        for item in items
        if (item["kind"], item["metadata"]["name"]) in bound
        for rule in item["rules"]
        if "resources" in rule
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    )


def used(call: audit.Call) -> set[Right]:
    """The rights that a call needs; that of reading what the API server serves everybody has."""
    if not call.resource:
        return set()
    resource = f"{call.resource}/{call.subresource}" if call.subresource else call.resource
    # An apply is a patch, and creates what is not there.
    verbs = {call.verb, "create"} if call.verb == "patch" and call.code == 201 else {call.verb}
    return {Right(call.group, resource, verb) for verb in verbs}


def missing(call: audit.Call) -> Right | None:
    """The right for want of which a call was refused."""
    found = re.search(r' cannot (\w+) resource "([^"]+)" in API group "([^"]*)"', call.refused)
    return Right(found[3], found[2], found[1]) if found else None


def whole(session: pytest.Session) -> bool:
    """Whether every test of this folder was chosen: only then is a right that nobody used one too many."""
    chosen: dict[ModuleType, set[str]] = {}
    for item in session.items:
        if isinstance(item, pytest.Function) and item.path.is_relative_to(HERE):
            chosen.setdefault(item.module, set()).add(item.originalname)
    files = {Path(str(module.__file__)).name for module in chosen}
    return files == {file.name for file in HERE.glob("test_*.py")} and all(
        {name for name in vars(module) if name.startswith("test_")} <= names for module, names in chosen.items()
    )


def test_each_right_is_granted_and_none_that_nobody_uses(
    control_plane: ControlPlane, installed: Path, request: pytest.FixtureRequest
) -> None:
    assert installed
    calls = audit.matching(control_plane.audit.since(audit.START), user=USER)
    refused = {(right, call.namespace) for call in calls if (right := missing(call))}
    made = {(right, call.namespace) for call in calls if not call.refused for right in used(call)}
    # An API server that has just started refuses everybody, until it has read the roles.
    assert sorted(refused - made) == []
    rights = granted(documents(), "goproxy-operator", "goproxy-operator")
    needed = {right for right, _ in made}
    assert sorted(needed - rights) == []
    if whole(request.session):
        assert sorted(rights - needed) == []
