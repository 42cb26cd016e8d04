"""What Argo CD and Flux make of an object: by our health.lua, run by Lua itself, and by the algorithm of kstatus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa import lua51

from goproxy_operator.api.status import UNSEEN
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.trouble import Trouble
from goproxy_operator.reconcile.status.status import compute_status, refused_status
from tests.operator.kstatus import kstatus
from tests.operator.objects import document, goproxy
from tests.operator.reconcile.status.status_facts import NOW, facts, stateful_set

ROOT = Path(__file__).parents[2]
HEALTH = ROOT / "docs" / "argocd" / "health.lua"
LIMIT = (
    "spec.replicas 5 is more than limits.maxReplicas of GoProxyClass standard 3"
    "; write what the class allows, or ask whoever keeps it for more"
)

SERVING = compute_status(facts(), {}, NOW)
ROLLING = compute_status(facts(stateful_set=stateful_set(updatedReplicas=1)), {}, NOW)
UNREADY = compute_status(facts(stateful_set=stateful_set(readyReplicas=0)), {}, NOW)
UNSEEN_BY_CONTROLLER = compute_status(facts(stateful_set=stateful_set(seen=False)), {}, NOW)
TROUBLE = Trouble("ImagePullBackOff", "team-a-0: ImagePullBackOff: no; push it")
TROUBLED = compute_status(facts(stateful_set=stateful_set(readyReplicas=0), trouble=TROUBLE), {}, NOW)
PARTLY = compute_status(facts(stateful_set=stateful_set(readyReplicas=1), trouble=TROUBLE), {}, NOW)
CONFLICT = compute_status(facts(stalled=Problem("NameConflict", "Service team-a exists")), {}, NOW)
BREACH = refused_status(facts(stalled=Problem("ClassLimitExceeded", LIMIT), refused=True), SERVING, NOW)
SUSPENDED = compute_status(facts(suspended=True), {}, NOW)
NONE = stateful_set(wanted=0, replicas=0, readyReplicas=0, updatedReplicas=0)
AT_ZERO = compute_status(facts(goproxy=goproxy(replicas=0), stateful_set=NONE, replicas=[]), {}, NOW)

# A status, what Argo CD is to show of it, words of its message, what kstatus makes of it.
READ: dict[str, tuple[dict[str, Any] | None, str, str, str]] = {
    "serving": (SERVING, "Healthy", "2 of 2 replicas are ready", "Current"),
    # What the API server gives a new object: an operator that is down is not taken for one that is done.
    "new": (dict(UNSEEN), "Progressing", "has not looked at this generation", "InProgress"),
    "behind": ({**SERVING, "observedGeneration": 2}, "Progressing", "has not looked at this generation", "InProgress"),
    "behind in failing": ({**BREACH, "observedGeneration": 2}, "Progressing", "has not looked", "InProgress"),
    "rolling out": (ROLLING, "Progressing", "1 of 2 replicas run what is asked for", "InProgress"),
    "no replica ready": (UNREADY, "Progressing", "0 of 2 replicas are ready", "InProgress"),
    "no image": (TROUBLED, "Progressing", TROUBLE.message, "InProgress"),
    "no image for one": (PARTLY, "Progressing", TROUBLE.message, "InProgress"),
    "applied just now": (UNSEEN_BY_CONTROLLER, "Progressing", "waiting for the StatefulSet", "InProgress"),
    "in the way": (CONFLICT, "Degraded", "NameConflict: Service team-a exists", "Failed"),
    "a limit": (BREACH, "Degraded", f"ClassLimitExceeded: {LIMIT}", "Failed"),
    "suspended": (SUSPENDED, "Suspended", "spec.suspend is true", "Current"),
    "scaled to zero": (AT_ZERO, "Suspended", "no replica is asked for", "InProgress"),
    "no conditions": ({"observedGeneration": 3}, "Progressing", "has not said yet", "Current"),
}


def health(item: dict[str, Any]) -> tuple[str, str]:
    """What the script says, with no more of Lua's libraries than Argo CD gives it."""
    lua = lua51.LuaRuntime(unpack_returned_tuples=True)
    lua.execute("string, io, os, math, debug, coroutine = nil, nil, nil, nil, nil, nil")
    lua.globals().obj = lua.table_from(item, recursive=True)
    found = lua.execute(HEALTH.read_text())
    return found["status"], found["message"]


def item(status: dict[str, Any] | None) -> dict[str, Any]:
    made = document()
    made["metadata"] |= {"generation": 3}
    return made if status is None else made | {"status": status}


@pytest.mark.parametrize("name", READ)
def test_argo_cd(name: str) -> None:
    status, shown, words, _ = READ[name]
    verdict, message = health(item(status))
    assert verdict == shown
    assert words in message


def test_argo_cd_before_there_is_any_status() -> None:
    assert health(item(None))[0] == "Progressing"


@pytest.mark.parametrize("name", READ)
def test_kstatus(name: str) -> None:
    status, _, _, found = READ[name]
    assert kstatus(item(status)) == found


def test_reconciling_and_stalled_are_never_said_together() -> None:
    for status, *_ in READ.values():
        kinds = {condition["type"] for condition in (status or {}).get("conditions", ())}
        assert not {"Reconciling", "Stalled"} <= kinds


def test_the_config_map_to_paste_has_the_script_as_it_is() -> None:
    patch = yaml.safe_load((ROOT / "docs" / "argocd" / "argocd-cm.yaml").read_text())
    assert patch["data"] == {"resource.customizations.health.goproxy-operator.dev_GoProxy": HEALTH.read_text()}
