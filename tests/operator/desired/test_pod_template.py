"""The pod of a replica."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.pod_template import pod_template
from modproxy.contract.config import parse_config
from tests.operator.desired.fleet_children import EVERYTHING, TLS, Object, pod_of, spec_of
from tests.operator.objects import goproxy


@pytest.mark.parametrize("spec", [EVERYTHING, {"replicas": 7}, {"modules": {"deny": ["a.example.com"]}}])
def test_a_change_of_config_rolls_no_pod(spec: Object) -> None:
    assert pod_of(goproxy(**spec)) == pod_of(goproxy())


def test_pods_pass_the_restricted_pod_security_standard() -> None:
    pod = pod_of(goproxy())["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_config_is_mounted_as_a_folder_so_that_it_changes_in_place() -> None:
    (container,) = pod_of(goproxy())["spec"]["containers"]
    assert all("subPath" not in mount for mount in container["volumeMounts"])
    assert container["command"] == ["modproxy"]
    assert container["args"] == ["--config", "/etc/modproxy/config.json"]


def test_a_replica_has_the_time_it_needs_to_drain() -> None:
    shutdown = parse_config(documents(goproxy(), 1, None).config).shutdown
    assert pod_of(goproxy())["spec"]["terminationGracePeriodSeconds"] > shutdown.delay + shutdown.timeout


def test_what_the_user_says_of_pods_is_there_in_canonical_form() -> None:
    fleet = goproxy(
        image="modproxy:2",
        pod={
            "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}, "limits": {"cpu": 2}},
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"key": "build", "operator": "Exists", "effect": "NoSchedule"}],
            "labels": {"team": "a"},
            "annotations": {"note": "x"},
            "priorityClassName": "high",
            "imagePullSecrets": [{"name": "pull"}],
        },
    )
    template = pod_of(fleet)
    assert template["metadata"]["labels"]["team"] == "a"
    assert template["metadata"]["annotations"] == {"note": "x"}
    spec = template["spec"]
    assert spec["containers"][0]["image"] == "modproxy:2"
    assert spec["containers"][0]["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"cpu": "2"},
    }
    assert spec["nodeSelector"] == {"disk": "ssd"}
    assert spec["tolerations"] == [{"key": "build", "operator": "Exists", "effect": "NoSchedule"}]
    assert spec["priorityClassName"] == "high"
    assert spec["imagePullSecrets"] == [{"name": "pull"}]


def test_switching_tls_rolls_the_pods() -> None:
    used_already = {"upstream": {"trustedCASecretName": "edge"}}
    for rest in ({}, used_already):
        without, with_tls = goproxy(**rest), goproxy(**rest, expose={"tls": TLS})
        assert spec_of(without, "StatefulSet")["template"] != spec_of(with_tls, "StatefulSet")["template"]


def test_replicas_are_spread_as_the_object_says() -> None:
    def spread(**pod: Any) -> list[Object]:
        found: list[Object] = pod_of(goproxy(pod=pod))["spec"].get("topologySpreadConstraints", [])
        return found

    assert [one["topologyKey"] for one in spread()] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert spread(topologySpreadConstraints=[]) == []
    (one,) = spread(topologySpreadConstraints=[{"topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}])
    assert one == {
        "topologyKey": "rack",
        "maxSkew": 1,
        "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": "Honor",
        "labelSelector": {"matchLabels": {"goproxy-operator.dev/fleet": "team-a"}},
    }


def test_a_cluster_that_assigns_users_is_told_none() -> None:
    told = pod_template(goproxy(), "modproxy:1", assigned_user=True)["spec"]["securityContext"]
    assert told == {
        "runAsNonRoot": True,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def test_what_a_replica_may_take_where_the_object_says_nothing() -> None:
    (container,) = pod_of(goproxy())["spec"]["containers"]
    assert container["resources"] == {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}
    assert container["startupProbe"]["httpGet"]["path"] == container["livenessProbe"]["httpGet"]["path"]
    (tmp,) = (volume for volume in pod_of(goproxy())["spec"]["volumes"] if volume["name"] == "tmp")
    assert tmp["emptyDir"]["sizeLimit"]
