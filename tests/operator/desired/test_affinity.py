"""Where replicas are scheduled."""

from __future__ import annotations

from tests.operator.desired.fleet_children import spec_of
from tests.operator.objects import goproxy


def test_affinity_is_passed_on_in_the_form_that_is_kept() -> None:
    term = {"labelSelector": {}, "namespaceSelector": {"matchLabels": {"a": ""}}, "namespaces": [], "topologyKey": "b"}
    fleet = goproxy(
        pod={
            "affinity": {
                "podAffinity": {},
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [term],
                    "preferredDuringSchedulingIgnoredDuringExecution": [],
                },
            }
        }
    )
    assert spec_of(fleet, "StatefulSet")["template"]["spec"]["affinity"] == {
        "podAffinity": {},
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": {}, "namespaceSelector": {"matchLabels": {"a": ""}}, "topologyKey": "b"}
            ]
        },
    }
