"""The children, as their users and Kubernetes see them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goproxy_operator.api.autoscaling import Provider
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.children import ChildFacts, children
from goproxy_operator.desired.config.document import Placement, replica_config, storage_bytes
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.stateful_set import claim_templates
from modproxy.contract.config import SCHEMA_VERSION, Config, HttpProxyConfig, config_hash, parse_config
from tests.operator.objects import UID, goproxy

Object = dict[str, Any]


def child(
    fleet: GoProxy,
    kind: str,
    name: str | None = None,
    allowlist: str | None = None,
    rate_from: Provider = Provider.BUILTIN,
) -> Object:
    files = documents(fleet, 10 * 2**30, allowlist)
    made = children(fleet, ChildFacts("modproxy:1", files, claim_templates(fleet), 2, rate_from=rate_from))
    return next(item for item in made if item["kind"] == kind and name in (None, item["metadata"]["name"]))


def pod_of(fleet: GoProxy) -> Object:
    template: Object = child(fleet, "StatefulSet")["spec"]["template"]
    return template


EVERYTHING: Object = {
    "upstream": {
        "goproxy": "https://goproxy.example.com,direct",
        "gosumdb": "off",
        "goprivate": ["*.corp.example.com"],
        "gonoproxy": ["git.corp.example.com"],
        "gonosumdb": [],
        "httpProxy": {"url": "http://egress.corp.example.com:3128", "noProxy": [".corp.example.com"]},
        "timeout": "10s",
        "directTimeout": "9m",
    },
    "modules": {
        "mode": "DryRun",
        "allow": ["github.com/acme"],
        "deny": ["github.com/evil"],
        "contact": "#go-modules",
    },
    "cache": {
        "storage": {"size": "50Gi"},
        "highWatermarkPercent": 70,
        "lowWatermarkPercent": 60,
        "inactive": "720h",
        "listTTL": "5m",
        "notFoundTTL": "0s",
        "staleIfError": "72h",
    },
    "expose": {"pathPrefix": "/go"},
}


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
        "labels": {"goproxy-operator.dev/fleet": "team-a"},
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


def test_what_the_object_leaves_out_keeps_the_replicas_own_defaults() -> None:
    files = documents(goproxy(), 10 * 2**30, None)
    assert json.loads(files.config) == {
        "id": UID,
        "fleet": "build/team-a",
        "listen": ":8080",
        "admin": ":8081",
        "cache": {"dir": "/var/cache/modproxy/modules", "sizeBytes": 10 * 2**30},
        "shutdown": {"delay": "5s"},
    }
    assert files.allowlist is None
    assert files.hash == config_hash(files.config)


def test_every_field_reaches_the_replicas() -> None:
    config = parse_config(documents(goproxy(**EVERYTHING), 50 * 2**30, None).config)
    assert config.upstream.goproxy == "https://goproxy.example.com,direct"
    assert config.upstream.gosumdb == "off"
    assert config.upstream.goprivate == ("*.corp.example.com",)
    assert config.upstream.gonoproxy == config.upstream.not_proxied == ("git.corp.example.com",)
    assert config.upstream.gonosumdb == config.upstream.not_verified == ()
    assert config.upstream.http_proxy == HttpProxyConfig(
        url="http://egress.corp.example.com:3128", no_proxy=(".corp.example.com",)
    )
    assert config.upstream.timeout == 10
    assert config.upstream.direct_timeout == 540
    assert config.modules.mode == "DryRun"
    assert config.modules.allow == ("github.com/acme",)
    assert config.modules.deny == ("github.com/evil",)
    assert config.modules.allowlist_file is None
    assert config.modules.contact == "#go-modules"
    assert config.cache.size_bytes == 50 * 2**30
    assert (config.cache.high_watermark_percent, config.cache.low_watermark_percent) == (70, 60)
    assert config.cache.inactive == 720 * 3600
    assert config.cache.list_ttl == 300
    assert config.cache.not_found_ttl == 0
    assert config.cache.stale_if_error == 72 * 3600
    assert config.path_prefix == "/go"


def test_what_is_private_is_the_default_of_what_is_neither_proxied_nor_verified() -> None:
    fleet = goproxy(upstream={"goprivate": ["a.example.com"]})
    config = parse_config(documents(fleet, 1, None).config)
    assert (config.upstream.gonoproxy, config.upstream.gonosumdb) == (None, None)
    assert config.upstream.not_proxied == config.upstream.not_verified == ("a.example.com",)


def test_an_allowlist_that_is_named_is_in_force_even_when_it_is_empty() -> None:
    fleet = goproxy(modules={"allowlistConfigMapName": "shared"})
    config_map = child(fleet, "ConfigMap", allowlist="")
    assert config_map["data"]["allowlist"] == ""
    assert parse_config(config_map["data"]["config.json"]).modules.allowlist_file == "allowlist"
    assert config_map["metadata"]["annotations"]["goproxy-operator.dev/allowlist-from"] == "shared"


def test_locally_the_same_object_gives_the_same_rules() -> None:
    place = Placement("127.0.0.1:9", "127.0.0.1:10", "cache", None, storage_bytes(goproxy(**EVERYTHING)))
    local = replica_config(goproxy(**EVERYTHING), place)
    in_cluster = parse_config(documents(goproxy(**EVERYTHING), 50 * 2**30, None).config)
    assert isinstance(local, Config)
    assert (local.modules, local.upstream, local.path_prefix) == (
        in_cluster.modules,
        in_cluster.upstream,
        in_cluster.path_prefix,
    )
    assert storage_bytes(goproxy()) is None


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


def test_claims() -> None:
    fleet = goproxy(cache={"storage": {"size": "10240Mi", "storageClassName": "fast", "whenDeleted": "Delete"}})
    stateful_set = child(fleet, "StatefulSet")["spec"]
    assert stateful_set["volumeClaimTemplates"][0]["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "10Gi"}},
        "storageClassName": "fast",
    }
    assert stateful_set["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Delete", "whenScaled": "Retain"}
    default = child(goproxy(), "StatefulSet")["spec"]
    assert default["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain"
    assert default["volumeClaimTemplates"][0]["spec"]["resources"]["requests"] == {"storage": "10Gi"}


def test_the_autoscaler_follows_the_request_rate_of_the_fleet() -> None:
    fleet = goproxy(autoscaling={"minReplicas": 3, "maxReplicas": 9, "targetRequestsPerSecond": 400})
    spec = child(fleet, "HorizontalPodAutoscaler")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 9)
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "team-a"}
    (metric,) = spec["metrics"]
    assert metric["external"] == {
        "metric": {
            "name": "goproxy_requests_per_second",
            "selector": {"matchLabels": {"goproxy-operator.dev/fleet": "team-a"}},
        },
        "target": {"type": "AverageValue", "averageValue": "400"},
    }
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 600


def test_an_adapter_of_custom_metrics_tells_the_rate_of_each_pod() -> None:
    fleet = goproxy(autoscaling={"maxReplicas": 9, "targetRequestsPerSecond": 400, "provider": "CustomMetrics"})
    spec = child(fleet, "HorizontalPodAutoscaler", rate_from=Provider.CUSTOM_METRICS)["spec"]
    assert spec["metrics"] == [
        {
            "type": "Pods",
            "pods": {
                "metric": {"name": "goproxy_requests_per_second"},
                "target": {"type": "AverageValue", "averageValue": "400"},
            },
        }
    ]


def test_keda_is_told_what_to_ask_prometheus() -> None:
    prometheus = {"serverAddress": "http://prometheus.monitoring.svc:9090"}
    autoscaling = {"minReplicas": 2, "maxReplicas": 9, "targetRequestsPerSecond": 400, "prometheus": prometheus}
    fleet = goproxy(autoscaling=autoscaling)
    made = child(fleet, "ScaledObject", rate_from=Provider.KEDA)
    assert (made["apiVersion"], made["metadata"]["name"]) == ("keda.sh/v1alpha1", "team-a")
    spec = made["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "team-a"}
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 9)
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior == {"scaleDown": {"stabilizationWindowSeconds": 600}}
    (trigger,) = spec["triggers"]
    assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
    assert trigger["metadata"] == {
        "serverAddress": "http://prometheus.monitoring.svc:9090",
        "query": 'sum(rate(http_requests_total{namespace="build",pod=~"team-a-[0-9]+"}[2m]))',
        "threshold": "400",
        "ignoreNullValues": "false",
    }
    with pytest.raises(StopIteration):
        child(fleet, "HorizontalPodAutoscaler", rate_from=Provider.KEDA)
