"""How a fleet is reached: the children that say so, and what the replicas are told."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from goproxy_operator.api.autoscaling import Provider
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.fleet import Circumstances, children
from goproxy_operator.desired.secrets import KEYS, TLS_KEYS, referenced_secrets
from goproxy_operator.desired.stateful_set import claim_templates
from modproxy.contract.config import Tls, parse_config
from tests.operator.objects import goproxy

Object = dict[str, Any]


EVERY_API = ("HTTPRoute", "Certificate", "ServiceMonitor", "PrometheusRule")


ISSUER = {"name": "corp-ca", "kind": "ClusterIssuer"}


TLS = {"secretName": "edge"}


def made(fleet: GoProxy, served: Collection[str] = EVERY_API) -> dict[tuple[str, str], Object]:
    files = documents(fleet, 10 * 2**30, None)
    around = Circumstances("modproxy:1", files, claim_templates(fleet), 2, served, "goproxy-operator", Provider.BUILTIN)
    return {(item["kind"], item["metadata"]["name"]): item for item in children(fleet, around)}


def spec_of(fleet: GoProxy, kind: str, name: str = "team-a") -> Object:
    spec: Object = made(fleet)[kind, name]["spec"]
    return spec


def test_every_name_is_known_as_a_childs() -> None:
    everything = goproxy(
        expose={
            "ingress": {"host": "goproxy.example.com"},
            "gateway": {"host": "goproxy.example.com", "parentRef": {"name": "edge"}},
            "tls": {**TLS, "issuerRef": ISSUER},
        },
        autoscaling={"maxReplicas": 3, "targetRequestsPerSecond": 400},
    )
    assert names.every_child("team-a") - made(everything).keys() <= {("ScaledObject", "team-a")}
    assert made(everything).keys() <= names.every_child("team-a")


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({}, {"type": "ClusterIP"}),
        ({"type": "NodePort"}, {"type": "NodePort"}),
        (
            {"type": "LoadBalancer", "loadBalancerClass": "example.com/internal"},
            {"type": "LoadBalancer", "loadBalancerClass": "example.com/internal"},
        ),
    ],
)
def test_the_service(service: Object, expected: Object) -> None:
    spec = spec_of(goproxy(expose={"service": service}), "Service")
    assert {key: spec[key] for key in spec if key in ("type", "loadBalancerClass")} == expected


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


def test_the_ingress() -> None:
    asked = {"host": "goproxy.example.com", "className": "nginx", "tlsSecretName": "edge"}
    assert spec_of(goproxy(expose={"ingress": asked, "pathPrefix": "/go"}), "Ingress") == {
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["goproxy.example.com"], "secretName": "edge"}],
        "rules": [
            {
                "host": "goproxy.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/go",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "team-a", "port": {"name": "http"}}},
                        }
                    ]
                },
            }
        ],
    }
    least = spec_of(goproxy(expose={"ingress": {"host": "goproxy.example.com"}}), "Ingress")
    assert least.keys() == {"rules"}
    assert least["rules"][0]["http"]["paths"][0]["path"] == "/"


def test_the_route() -> None:
    parent = {"name": "edge", "namespace": "infra", "sectionName": "https"}
    asked = {"host": "goproxy.example.com", "parentRef": parent}
    assert spec_of(goproxy(expose={"gateway": asked, "pathPrefix": "/go"}), "HTTPRoute") == {
        "parentRefs": [parent],
        "hostnames": ["goproxy.example.com"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/go"}}],
                "backendRefs": [{"name": "team-a", "port": 8080}],
            }
        ],
    }


def test_the_certificate_has_every_name_by_which_the_fleet_is_called() -> None:
    fleet = goproxy(
        expose={
            "tls": {**TLS, "issuerRef": ISSUER, "dnsNames": ["lb.example.com", "goproxy.example.com"]},
            "ingress": {"host": "goproxy.example.com"},
        }
    )
    assert spec_of(fleet, "Certificate") == {
        "secretName": "edge",
        "issuerRef": ISSUER,
        "dnsNames": [
            "team-a",
            "team-a.build",
            "team-a.build.svc",
            "*.team-a-replicas.build.svc",
            "team-a.build.svc.cluster.local",
            "*.team-a-replicas.build.svc.cluster.local",
            "goproxy.example.com",
            "lb.example.com",
        ],
    }
    assert ("Certificate", "team-a") not in made(goproxy(expose={"tls": TLS})), "the Secret is the user's"


def test_https_is_told_wherever_somebody_looks() -> None:
    plain, secure = goproxy(), goproxy(expose={"tls": TLS})
    assert parse_config(documents(plain, 1, None).config).tls is None
    assert parse_config(documents(secure, 1, None).config).tls == Tls(secret_name="edge")
    for fleet, scheme in ((plain, "http"), (secure, "https")):
        (port,) = spec_of(fleet, "Service")["ports"]
        assert (port["name"], port["appProtocol"]) == ("http", scheme)
        spoken = {port["name"]: port["appProtocol"] for port in spec_of(fleet, "Service", "team-a-replicas")["ports"]}
        assert spoken == {"http": scheme, "admin": "http"}
        probe = spec_of(fleet, "StatefulSet")["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]
        assert probe == {"path": "/-/readyz", "port": "admin"}
    assert names.endpoint("team-a", "build", "/go", tls=True) == "https://team-a.build.svc:8080/go"


def test_the_certificates_secret_alone_shows_its_keys_to_the_replicas() -> None:
    fleet = goproxy(expose={"tls": TLS}, upstream={"trustedCASecretName": "ca"})
    assert referenced_secrets(fleet) == ("ca", "edge")
    volumes = spec_of(fleet, "StatefulSet")["template"]["spec"]["volumes"]
    (volume,) = (volume for volume in volumes if volume["name"] == "secrets")
    keys = {
        source["secret"]["name"]: tuple(item["key"] for item in source["secret"]["items"])
        for source in volume["projected"]["sources"]
    }
    assert keys == {"ca": KEYS, "edge": (*KEYS, *TLS_KEYS)}


def test_switching_tls_rolls_the_pods() -> None:
    used_already = {"upstream": {"trustedCASecretName": "edge"}}
    for rest in ({}, used_already):
        without, with_tls = goproxy(**rest), goproxy(**rest, expose={"tls": TLS})
        assert spec_of(without, "StatefulSet")["template"] != spec_of(with_tls, "StatefulSet")["template"]


def test_who_may_connect() -> None:
    operator = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "goproxy-operator"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "goproxy-operator"}},
    }
    prometheus: Object = {
        "namespaceSelector": {},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
    }
    quiet = goproxy(monitoring={"serviceMonitor": "Disabled"})
    for fleet, served, admin in (
        (goproxy(), (), [operator]),
        (goproxy(), EVERY_API, [operator, prometheus]),
        (quiet, EVERY_API, [operator]),
    ):
        assert made(fleet, served)["NetworkPolicy", "team-a"]["spec"] == {
            "podSelector": {"matchLabels": {"goproxy-operator.dev/fleet": "team-a"}},
            "policyTypes": ["Ingress"],
            "ingress": [
                {"ports": [{"port": "http", "protocol": "TCP"}]},
                {"ports": [{"port": "admin", "protocol": "TCP"}], "from": admin},
            ],
        }


def test_an_account_that_is_named_is_used_and_none_is_made() -> None:
    fleet = goproxy(pod={"serviceAccountName": "cloud"})
    assert ("ServiceAccount", "team-a") not in made(fleet)
    pod = spec_of(fleet, "StatefulSet")["template"]["spec"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("cloud", False)


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


GATEWAY = {"gateway": {"host": "goproxy.example.com", "parentRef": {"name": "edge"}}}
