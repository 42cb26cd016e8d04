"""The operator's rights are the least that works: the audit log of all tests before this one, beside deploy/rbac.yaml.

The conftest of tests/control puts this last.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import yaml

from tests.cluster import audit
from tests.cluster.control_plane import ControlPlane
from tests.control.live.conftest import ROOT
from tests.control.live.operator_process import USER

HERE = Path(__file__).parent


class Right(NamedTuple):
    """`resource` is resource/subresource where a subresource is meant."""

    group: str
    resource: str
    verb: str


def granted(documents: Iterable[dict[str, Any]], namespace: str, name: str) -> frozenset[Right]:
    """What the roles grant that are bound to a service account, wherever they are bound."""
    items = list(documents)
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
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    )


def used(calls: Iterable[audit.Call]) -> frozenset[Right]:
    """The rights that calls need; that of reading what the API server serves everybody has."""
    return frozenset(
        Right(call.group, f"{call.resource}/{call.subresource}" if call.subresource else call.resource, call.verb)
        for call in calls
        if call.resource
    )


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
    assert [f"{call.verb} {call.uri}" for call in calls if call.refused] == []
    rights = granted(
        yaml.safe_load_all((ROOT / "deploy" / "rbac.yaml").read_text()), "goproxy-operator", "goproxy-operator"
    )
    needed = used(calls)
    assert sorted(needed - rights) == []
    if whole(request.session):
        assert sorted(rights - needed) == []
