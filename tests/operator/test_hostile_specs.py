"""Whatever a spec says, reading it ends in a fleet or in one line that says what is wrong; soon, never in a fault."""

from __future__ import annotations

import json
import time

import pytest

from goproxy_operator.api.goproxy import InvalidGoProxyError, parse_goproxy
from goproxy_operator.api.goproxyclass import parse_class
from goproxy_operator.reconcile.decide.classes import Admitted, admit
from goproxy_operator.reconcile.decide.intent import IntentFacts, intend
from goproxy_operator.reconcile.decide.plan import make_plan
from goproxy_operator.reconcile.decide.problem import Problem
from modproxy.contract.config import parse_config
from tests.operator.hostile_specs import hostile_specs
from tests.operator.objects import UID, document

LIMITS = {
    "maxReplicas": 3,
    "maxStorage": "1Gi",
    "upstreams": ["https://a.example.com"],
    "images": ["a/*"],
    "exposure": [],
}
STRICT = parse_class({"metadata": {"name": "strict"}, "spec": {"default": True, "limits": LIMITS}})
LONGEST = 0.5  # seconds; most take a millisecond


@pytest.mark.parametrize("seed", range(8))
def test_reading_judging_and_building(seed: int) -> None:
    fleets = 0
    for spec in hostile_specs(seed, 500):
        item = document(**spec)
        item["metadata"] |= {"namespace": "build", "uid": UID, "generation": 1}
        begun = time.monotonic()
        try:
            fleet = parse_goproxy(item)
        except InvalidGoProxyError as e:
            assert "\n" not in str(e)
        else:
            fleets += 1
            intent = intend(fleet, IntentFacts(default_image="modproxy:1"))
            make_plan("team-a", UID, intent.children, {})
            json.dumps(list(intent.children), allow_nan=False)
            (config,) = [c["data"]["config.json"] for c in intent.children if "config.json" in c.get("data", {})]
            parse_config(config)
        assert isinstance(admit(item, {"strict": STRICT}, {}), Admitted | Problem)
        took = time.monotonic() - begun
        assert took < LONGEST, f"{took:.1f} s for {json.dumps(spec)}"
    assert fleets > 50, "the specs are so bad that nothing is tried but the refusal"


@pytest.mark.parametrize("seed", range(4))
def test_a_class_with_such_defaults(seed: int) -> None:
    for spec in hostile_specs(seed, 250):
        made = parse_class({"metadata": {"name": "odd"}, "spec": {"default": True, "defaults": spec}})
        item = document()
        item["metadata"] |= {"namespace": "build", "uid": UID, "generation": 1}
        assert isinstance(admit(item, {"odd": made}, {}), Admitted | Problem)
