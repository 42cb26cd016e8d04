"""`peers`, `cache.parent` and `cache.objectStore` of the config, and the pods that carry what these need."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.desired.children import ChildFacts, children
from goproxy_operator.desired.config.access import ClusterIssuer
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.kin import NO_KIN, Kin, OtherFleet
from goproxy_operator.desired.pod_template import pod_template
from goproxy_operator.reconcile.decide.in_force import issuer_in
from modproxy.contract.config import Config, parse_config
from tests.operator.desired.fleet_children import Object, pod_of
from tests.operator.objects import goproxy

CLUSTER = ClusterIssuer("https://kubernetes.default.svc", '{"keys":[{"kid":"a"}]}')
KIN = Kin(OtherFleet("platform", "org"), (OtherFleet("b", "two", "b/x"), OtherFleet("a", "one", "a/x")))


def config(cluster: ClusterIssuer | None = CLUSTER, kin: Kin = NO_KIN, **spec: Any) -> Config:
    return parse_config(documents(goproxy(**spec), 1, None, None, cluster, kin=kin).config)


def test_every_fleet_has_peers_whatever_its_number_of_replicas() -> None:
    autoscaling = {"maxReplicas": 9, "targetRequestsPerSecond": 1}
    assert config() == config(replicas=1) == config(replicas=5) == config(autoscaling=autoscaling)
    peers = config().peers
    assert peers is not None and peers.proof is not None
    assert (peers.host, peers.port, peers.listen) == ("team-a-replicas.build.svc", 8082, ":8082")
    assert (peers.proof.issuer, peers.proof.keys) == (CLUSTER.issuer, CLUSTER.keys)
    assert (peers.proof.peers, peers.proof.children) == (("build/team-a",), ())


def test_an_account_of_the_users_own_is_the_one_that_peers_prove() -> None:
    peers = config(pod={"serviceAccountName": "builder"}).peers
    assert peers is not None and peers.proof is not None and peers.proof.peers == ("build/builder",)


def test_without_the_clusters_keys_nobody_is_a_peer_and_known_ones_stay() -> None:
    peers = config(None).peers
    assert peers is not None and peers.proof is not None
    assert (peers.proof.issuer, peers.proof.keys) == (None, '{"keys":[]}')
    files = documents(goproxy(), 1, None, None, CLUSTER)
    assert issuer_in({"data": {"config.json": files.config}}) == CLUSTER
    for text in ("", "[]", "{}", '{"peers": 1}', '{"peers": {"proof": {"issuer": 1}}}', "[" * 100_000):
        assert issuer_in({"data": {"config.json": text}}) is None
    assert issuer_in(None) is None


def test_parents_and_children() -> None:
    found = config(kin=KIN)
    assert found.cache.parent is not None and found.peers is not None and found.peers.proof is not None
    assert (found.cache.parent.url, found.cache.parent.name) == ("http://org.platform.svc:8082", "platform/org")
    assert found.peers.proof.children == ("a/x", "b/x")
    assert config(cache={"parent": {"name": "org"}}).cache.parent is None, "consent is no matter of the object's own"


@pytest.mark.parametrize(
    ("store", "url"),
    [
        ({"url": "s3://go/team"}, "s3://go/team"),
        ({"claimName": "shared"}, "file:///var/lib/modproxy/store"),
        ({"claimName": "shared", "folder": "go/team"}, "file:///var/lib/modproxy/store/go/team"),
    ],
)
def test_object_stores(store: Object, url: str) -> None:
    found = config(cache={"objectStore": store}).cache.object_store
    assert found is not None and found.url == url
    named = config(
        cache={"objectStore": {"url": "s3://go", "secretName": "b", "endpoint": "http://m:9", "region": "e"}}
    )
    told = named.cache.object_store
    assert told is not None and (told.secret_name, told.endpoint, told.region) == ("b", "http://m:9", "e")


def test_the_pod_mounts_its_token_and_a_claim() -> None:
    fleet = goproxy(cache={"objectStore": {"claimName": "shared"}})
    spec = pod_of(fleet)["spec"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    (source,) = volumes["peer-token"]["projected"]["sources"]
    assert source["serviceAccountToken"] == {"audience": "modproxy-peer", "expirationSeconds": 3600, "path": "token"}
    assert volumes["store"]["persistentVolumeClaim"] == {"claimName": "shared"}
    (container,) = spec["containers"]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert mounts["peer-token"] == {
        "name": "peer-token",
        "mountPath": "/var/run/secrets/modproxy/peer",
        "readOnly": True,
    }
    assert mounts["store"] == {"name": "store", "mountPath": "/var/lib/modproxy/store"}
    assert {"name": "peers", "containerPort": 8082, "protocol": "TCP"} in container["ports"]
    assert spec["automountServiceAccountToken"] is False


def test_the_keys_of_a_bucket_reach_the_replicas() -> None:
    spec = pod_of(goproxy(cache={"objectStore": {"url": "s3://go", "secretName": "bucket"}}))["spec"]
    (volume,) = (volume for volume in spec["volumes"] if volume["name"] == "secrets")
    (source,) = volume["projected"]["sources"]
    assert source["secret"]["name"] == "bucket"
    assert {"AWS_ACCESS_KEY_ID", "GOOGLE_SERVICE_ACCOUNT_KEY", "ca.crt"} <= {
        item["key"] for item in source["secret"]["items"]
    }


def test_an_ephemeral_cache_is_an_empty_folder_that_is_larger_than_the_cache() -> None:
    fleet = goproxy(cache={"storage": {"ephemeral": True, "size": "20Gi"}})
    spec = pod_template(fleet, "modproxy:1", ephemeral_size="20Gi")["spec"]
    (volume,) = (volume for volume in spec["volumes"] if volume["name"] == "cache")
    assert volume == {"name": "cache", "emptyDir": {"sizeLimit": "24Gi"}}
    facts = ChildFacts("modproxy:1", documents(fleet, 1, None), (), 2, ephemeral_size="20Gi")
    (made,) = (one for one in children(fleet, facts) if one["kind"] == "StatefulSet")
    assert "volumeClaimTemplates" not in made["spec"]


def test_clients_service_has_the_peers_port_where_children_may_ask() -> None:
    def ports(**spec: Any) -> list[str]:
        facts = ChildFacts("modproxy:1", documents(goproxy(**spec), 1, None), (), 2)
        services = [one for one in children(goproxy(**spec), facts) if one["metadata"]["name"] == "team-a"]
        (service,) = (one for one in services if one["kind"] == "Service")
        return [port["name"] for port in service["spec"]["ports"]]

    assert ports() == ports(access={"anonymous": ["read"]}) == ["http"]
    assert ports(access={"children": {"namespaces": "Same"}}) == ["http", "peers"]
