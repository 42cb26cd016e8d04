"""What a class imposes reaches a fleet of which nothing else is carried out: in tables."""

from __future__ import annotations

import copy
import json
import tracemalloc
from typing import Any

import pytest

from goproxy_operator.api.goproxyclass import FleetClass, parse_class
from goproxy_operator.desired.config_map import config_map, documents
from goproxy_operator.desired.names import ALLOWLIST_SOURCE_ANNOTATION
from goproxy_operator.reconcile.decide.classes import imposed_by
from goproxy_operator.reconcile.decide.difference import stamp_of, stamped, subset
from goproxy_operator.reconcile.decide.imposed import imposing
from tests.operator.objects import UID, document, goproxy

Object = dict[str, Any]
BUILD = {"tier": "build"}
OWN = {"deny": ["github.com/own"], "contact": "#go"}


def a_class(name: str, /, **spec: Any) -> FleetClass:
    return parse_class({"metadata": {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": spec})


def denying(name: str, *deny: str, default: bool = False) -> FleetClass:
    return a_class(name, modules={"deny": list(deny)}, default=default)


def item(**spec: Any) -> Object:
    made = document(**spec)
    made["metadata"] |= {"namespace": "build", "uid": UID, "generation": 3}
    return made


def live(by: FleetClass | None, allowlist: str | None = None) -> Object:
    """The ConfigMap as the API server holds it, with what others wrote on it."""
    named = {"allowlistConfigMapName": "shared"} if allowlist is not None else {}
    fleet = goproxy(modules=OWN | named)
    made = copy.deepcopy(stamped(config_map(fleet, documents(fleet, 1, allowlist, imposed_by(by) if by else None))))
    made["metadata"] |= {"uid": "uid-of-the-map", "resourceVersion": "7"}
    made["metadata"]["labels"]["of"] = "another"
    made["data"]["more"] = "of another"
    return made


def modules_of(manifest: Object) -> Object:
    found: Object = json.loads(manifest["data"]["config.json"]).get("modules", {})
    return found


OLD = denying("standard", "github.com/evil", default=True)
NEW = denying("standard", "github.com/evil", "github.com/worse", default=True)
LAX = a_class("standard", default=True)
OTHER = denying("other", "github.com/other")
BROKEN = a_class("standard", default=True, limits={"maxStorage": "much"}, modules={"deny": ["github.com/worse"]})
ELSEWHERE = a_class(
    "standard", namespaceSelector={"matchLabels": {"tier": "test"}}, modules={"deny": ["a.example", "b.example"]}
)
TIGHT = a_class("standard", default=True, limits={"maxReplicas": 1}, modules={"deny": ["github.com/worse"]})

CHANGED: list[tuple[str, FleetClass | None, list[FleetClass], Object, list[str] | None]] = [
    ("a suspended fleet", OLD, [NEW], {"suspend": True}, ["github.com/evil", "github.com/worse"]),
    ("one that passes a limit", OLD, [TIGHT], {"replicas": 9}, ["github.com/worse"]),
    (
        "one that cannot be read",
        OLD,
        [NEW],
        {"modules": {"deny": ["a/[z-a]"]}},
        ["github.com/evil", "github.com/worse"],
    ),
    ("one that names another class", OLD, [NEW, OTHER], {"className": "other"}, ["github.com/other"]),
    ("one that names no class there is", OLD, [NEW], {"className": "x"}, ["github.com/evil", "github.com/worse"]),
    ("one whose class admits it no more", OLD, [ELSEWHERE], {}, ["a.example", "b.example"]),
    ("one whose former class is gone", OTHER, [NEW], {"className": "other"}, ["github.com/evil", "github.com/worse"]),
    ("one on which nothing was imposed", None, [NEW], {"className": "x"}, ["github.com/evil", "github.com/worse"]),
    ("rules that were taken back", OLD, [LAX], {"suspend": True}, None),
    ("no class any more", OLD, [], {"suspend": True}, None),
]


@pytest.mark.parametrize(("before", "classes", "spec", "deny"), [c[1:] for c in CHANGED], ids=[c[0] for c in CHANGED])
def test_changed(before: FleetClass | None, classes: list[FleetClass], spec: Object, deny: list[str] | None) -> None:
    held = live(before)
    sent = imposing(item(**spec), held, {one.name: one for one in classes}, BUILD)
    assert sent is not None
    assert modules_of(sent).get("imposed", {}).get("deny") == deny
    assert {key: value for key, value in modules_of(sent).items() if key != "imposed"} == OWN, "its own rules stay"
    now, then = (json.loads(one["data"]["config.json"]) for one in (sent, held))
    assert now | {"modules": OWN} == then | {"modules": OWN}, "so does the rest"


SAME: list[tuple[str, FleetClass | None, list[FleetClass], Object]] = [
    ("the same rules", NEW, [NEW], {"suspend": True}),
    ("no rules", None, [LAX], {"suspend": True}),
    ("no classes", None, [], {"modules": {"deny": ["a/[z-a]"]}}),
    ("a class that cannot be used", OLD, [BROKEN], {"suspend": True}),
    ("the only class is gone", OLD, [], {"className": "standard"}),
]


@pytest.mark.parametrize(("before", "classes", "spec"), [c[1:] for c in SAME], ids=[c[0] for c in SAME])
def test_left_as_it_is(before: FleetClass | None, classes: list[FleetClass], spec: Object) -> None:
    assert imposing(item(**spec), live(before), {one.name: one for one in classes}, BUILD) is None


def test_what_is_sent_is_what_is_always_sent() -> None:
    """The same fields under the same manager, so that none is lost and nothing is sent again once the fleet goes on."""
    held = live(OLD, allowlist="example.com")
    sent = imposing(item(suspend=True), held, {"standard": NEW}, BUILD)
    assert sent is not None
    assert sent["metadata"].pop("uid") == "uid-of-the-map"
    fleet = goproxy(modules=OWN | {"allowlistConfigMapName": "shared"})
    assert sent == stamped(config_map(fleet, documents(fleet, 1, "example.com", imposed_by(NEW))))
    assert sent["metadata"]["annotations"][ALLOWLIST_SOURCE_ANNOTATION] == "shared"
    assert stamp_of(sent) != stamp_of(held)
    answer = copy.deepcopy(held)
    answer["metadata"]["annotations"] |= sent["metadata"]["annotations"]
    answer["data"] |= sent["data"]
    assert subset(sent, answer)
    assert imposing(item(suspend=True), answer, {"standard": NEW}, BUILD) is None, "once"


@pytest.mark.parametrize(
    "config",
    ["", "no JSON", "[]", '{"modules": []}', '{"modules": {"imposed": 1}}', "[" * 100_000, '{"a":' * 100_000, "NaN"],
    ids=lambda config: config[:30],
)
def test_a_config_that_no_replica_takes_is_left_alone(config: str) -> None:
    held = live(OLD)
    held["data"]["config.json"] = config
    assert imposing(item(suspend=True), held, {"standard": NEW}, BUILD) is None


@pytest.mark.parametrize("depth", [9, 90, 300, 600, 900])
def test_what_is_written_is_about_as_large_as_what_is_read(depth: int) -> None:
    held = live(OLD)
    config = json.loads(held["data"]["config.json"])
    nested = "[" * depth + "]" * depth
    config["more"] = "MARK"
    lists = f"[{','.join([nested] * (100_000 // depth))}]"
    held["data"]["config.json"] = json.dumps(config).replace('"MARK"', lists)
    tracemalloc.start()
    try:
        sent = imposing(item(suspend=True), held, {"standard": NEW}, BUILD)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * 2**20
    assert sent is None or len(sent["data"]["config.json"]) <= max(2**20, len(held["data"]["config.json"]) + 1000)


@pytest.mark.parametrize("source", ["", "No Name", "../x", "\x00\n", "x" * 9999], ids=lambda source: source[:9])
def test_what_others_annotate_does_not_keep_the_rules_away(source: str) -> None:
    held = live(OLD, allowlist="example.com")
    held["metadata"]["annotations"][ALLOWLIST_SOURCE_ANNOTATION] = source
    sent = imposing(item(suspend=True), held, {"standard": NEW}, BUILD)
    assert sent is not None
    assert modules_of(sent)["imposed"]["deny"] == ["github.com/evil", "github.com/worse"]
    assert sent["metadata"]["annotations"][ALLOWLIST_SOURCE_ANNOTATION] == source


@pytest.mark.parametrize("spec", ["text", [], 7, {"className": {"a": 1}}, {"className": ["standard"]}], ids=repr)
@pytest.mark.parametrize("name", ["team-a", "n" * 63, "Team_A"])
def test_an_object_of_an_older_definition_gets_the_rules(spec: object, name: str) -> None:
    one = {**item(), "spec": spec}
    one["metadata"]["name"] = name
    sent = imposing(one, live(OLD), {"standard": NEW}, BUILD)
    assert sent is not None
    assert modules_of(sent)["imposed"]["deny"] == ["github.com/evil", "github.com/worse"]


def test_a_map_that_is_not_ours_or_goes_is_left_alone() -> None:
    assert imposing(item(suspend=True), None, {"standard": NEW}, BUILD) is None
    going, foreign = live(OLD), live(OLD)
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    foreign["metadata"]["ownerReferences"][0]["uid"] = "another"
    for held in (going, foreign):
        assert imposing(item(suspend=True), held, {"standard": NEW}, BUILD) is None


def test_where_classes_do_not_count_nothing_is_imposed() -> None:
    sent = imposing(item(suspend=True), live(OLD), None, {})
    assert sent is not None
    assert "imposed" not in modules_of(sent)
