"""All children together: their names, their owner, and what users add to them."""

from __future__ import annotations

from goproxy_operator.api.autoscaling import Provider
from goproxy_operator.desired import names
from goproxy_operator.desired.children import ChildFacts, children
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.names import labels
from goproxy_operator.desired.stateful_set import claim_templates
from modproxy.contract.config import SCHEMA_VERSION
from tests.operator.desired.fleet_children import ISSUER, TLS, child, made
from tests.operator.objects import UID, goproxy


def test_names_are_for_ever() -> None:
    names = {
        (item["kind"], item["metadata"]["name"])
        for item in children(
            goproxy(autoscaling={"maxReplicas": 3, "targetRequestsPerSecond": 400}),
            ChildFacts(
                "i", documents(goproxy(), 1, None), claim_templates(goproxy()), None, rate_from=Provider.BUILTIN
            ),
        )
    }
    assert names == {
        ("ServiceAccount", "team-a"),
        ("ConfigMap", f"team-a-config-v{SCHEMA_VERSION}"),
        ("Service", "team-a"),
        ("Service", "team-a-replicas"),
        ("NetworkPolicy", "team-a"),
        ("StatefulSet", "team-a"),
        ("PodDisruptionBudget", "team-a"),
        ("HorizontalPodAutoscaler", "team-a"),
    }
    assert child(goproxy(), "StatefulSet")["spec"]["serviceName"] == "team-a-replicas"
    assert claim_templates(goproxy())[0]["metadata"] == {
        "name": "cache",
        "labels": labels("team-a"),
    }


def test_the_object_is_the_controller_of_every_child() -> None:
    for kind in ("ServiceAccount", "ConfigMap", "Service", "StatefulSet", "PodDisruptionBudget"):
        metadata = child(goproxy(), kind)["metadata"]
        assert metadata["ownerReferences"] == [
            {
                "apiVersion": "goproxy-operator.dev/v1alpha1",
                "kind": "GoProxy",
                "name": "team-a",
                "uid": UID,
                "controller": True,
            }
        ]
        assert metadata["labels"]["goproxy-operator.dev/fleet"] == "team-a"
        assert metadata["annotations"]["argocd.argoproj.io/ignore-resource-updates"] == "true"


def test_every_name_is_known_as_a_childs() -> None:
    everything = goproxy(
        expose={
            "ingress": {"host": "goproxy.example.com"},
            "gateway": {"host": "goproxy.example.com", "parentRef": {"name": "edge"}},
            "tls": {**TLS, "issuerRef": ISSUER},
        },
        autoscaling={"maxReplicas": 3, "targetRequestsPerSecond": 400},
        monitoring={"dashboard": "Enabled"},
    )
    assert names.every_child("team-a") - made(everything).keys() <= {("ScaledObject", "team-a")}
    assert made(everything).keys() <= names.every_child("team-a")


def test_annotations_of_the_user_are_beside_our_own_and_never_over_them() -> None:
    ours = "argocd.argoproj.io/ignore-resource-updates"
    fleet = goproxy(
        expose={
            "service": {"annotations": {"example.com/dns": "a", ours: "false"}},
            "ingress": {"host": "goproxy.example.com", "annotations": {"example.com/backend": "https"}},
        },
        pod={"serviceAccountAnnotations": {"example.com/role": "reader"}},
    )
    found = {at: item["metadata"]["annotations"] for at, item in made(fleet).items()}
    assert found["Service", "team-a"] == {"example.com/dns": "a", ours: "true"}
    assert found["Ingress", "team-a"] == {"example.com/backend": "https", ours: "true"}
    assert found["ServiceAccount", "team-a"] == {"example.com/role": "reader", ours: "true"}
    assert found["Service", "team-a-replicas"] == {ours: "true"}
