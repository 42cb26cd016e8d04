"""What the API server refuses at `kubectl apply`, and the words that a stranger reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.api.goproxy import parse_goproxy
from goproxy_operator.desired.config_map import documents
from tests.kubernetes.control_plane import KubectlError
from tests.kubernetes.kubectl import Kubectl
from tests.operator.live.fleet import Fleet
from tests.operator.objects import document

pytestmark = pytest.mark.usefixtures("installed")

AUTOSCALING = {"minReplicas": 2, "maxReplicas": 10, "targetRequestsPerSecond": 400}
EXAMPLES = Path(__file__).parents[3] / "examples"
SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"replicas": 2, "autoscaling": AUTOSCALING},
        "write either replicas, for a fixed number, or autoscaling, for a range; not both",
    ),
    (
        {"autoscaling": AUTOSCALING | {"minReplicas": 11}},
        "minReplicas 11 is more than maxReplicas 10: write a range such as minReplicas 2, maxReplicas 10",
    ),
    (
        {"autoscaling": AUTOSCALING | {"provider": "KEDA"}},
        "provider KEDA needs to know where the request rate is: write prometheus.serverAddress, such as "
        "http://prometheus.monitoring.svc:9090",
    ),
    (
        {"autoscaling": AUTOSCALING | {"provider": "CustomMetrics", "prometheus": {"serverAddress": "http://a:9090"}}},
        "prometheus is read by KEDA only, and provider is CustomMetrics: remove prometheus, or write provider KEDA",
    ),
    (
        {"autoscaling": AUTOSCALING | {"prometheus": {"serverAddress": "http://u:p@a:9090"}}},
        '"http://u:p@a:9090" is no address of Prometheus: write http://HOST:PORT, without user, password and query',
    ),
    (
        {"autoscaling": AUTOSCALING | {"provider": "Keda"}},
        'supported values: "Auto", "Builtin", "CustomMetrics", "KEDA"',
    ),
    (
        {"modules": {"allow": ["https://github.com/acme"]}},
        '"https://github.com/acme" is a URL: write the module path without a scheme, such as github.com/acme',
    ),
    (
        {"modules": {"deny": ["github.com/evil, github.com/worse"]}},
        '"github.com/evil, github.com/worse" has white space or a comma: write one pattern an entry',
    ),
    ({"modules": {"deny": ["/evil"]}}, '"/evil" has an empty path element: write elements separated by single slashes'),
    ({"modules": {"deny": ["a//b"]}}, '"a//b" has an empty path element'),
    ({"modules": {"allow": ["v[0-9"]}}, '"v[0-9" has a [ without its ], an empty class, or ends in a backslash'),
    ({"modules": {"allow": [""]}}, "an empty pattern: write a module path or a glob such as github.com/acme"),
    (
        {"upstream": {"goproxy": "https://me:secret@goproxy.example.com"}},
        "credentials do not belong into the URL: remove the user name and the password before the @",
    ),
    ({"upstream": {"goproxy": " , "}}, "names no proxy: write for example https://goproxy.example.com,direct"),
    (
        {"upstream": {"goproxy": "https://goproxy.example.com,driect"}},
        "an entry is neither direct, off nor a URL: write for example https://goproxy.example.com,direct",
    ),
    (
        {"upstream": {"goproxy": "ftp://goproxy.example.com"}},
        "a URL has to start with https://, http:// or file:///",
    ),
    (
        {"upstream": {"goproxy": "https://goproxy.example.com?x=1"}},
        "a URL has white space, a query or a fragment in it",
    ),
    ({"upstream": {"goproxy": "https://a.example.com https://b.example.com"}}, "separate entries with a comma or |"),
    ({"upstream": {"timeout": "30"}}, '"30" is not a duration: write for example 30s, 5m or 72h'),
    ({"upstream": {"timeout": "0s"}}, "must be longer than nothing: write for example 30s"),
    ({"upstream": {"directTimeout": "0m"}}, "must be longer than nothing: write for example 30s"),
    (
        {"upstream": {"gosumdb": "sum.example.com"}},
        'the key of "sum.example.com" is not known: write NAME+HASH+KEY as the database publishes it, sum.golang.org',
    ),
    (
        {"upstream": {"gosumdb": "sum.example.com+key"}},
        '"sum.example.com+key" has no verifier key: write NAME+HASH+KEY, as the database publishes it',
    ),
    (
        {"upstream": {"gosumdb": "sum.golang.org sum.example.com"}},
        '"sum.golang.org sum.example.com" has no URL after its key: write one with https:// or http://, without a',
    ),
    (
        {"upstream": {"gosumdb": "a b c"}},
        '"a b c" is no checksum database: write NAME, NAME+HASH+KEY, NAME+HASH+KEY URL',
    ),
    ({"upstream": {"gosumdb": ""}}, '"" is no checksum database: write NAME, NAME+HASH+KEY, NAME+HASH+KEY URL, or off'),
    (
        {"upstream": {"gosumdb": "sum.golang.org https://me:secret@sum.example.com"}},
        "credentials do not belong into the URL: remove the user name and the password before the @",
    ),
    (
        {"upstream": {"goprivate": ["https://git.example.com"]}},
        '"https://git.example.com" is a URL: write the module path',
    ),
    ({"upstream": {"gonoproxy": ["a,b"]}}, '"a,b" has white space or a comma: write one pattern an entry'),
    ({"upstream": {"gonosumdb": ["/a"]}}, '"/a" has an empty path element'),
    (
        {"upstream": {"credentials": [{"pattern": "git.example.com/a b", "secretName": "x"}]}},
        '"git.example.com/a b" has white space or a comma',
    ),
    (
        {"upstream": {"credentials": [{"pattern": "git.example.com", "secretName": "../other"}]}},
        '"../other" is no name of a Secret: write lower-case letters, digits, dashes and dots, such as corp-git',
    ),
    ({"upstream": {"credentials": [{"pattern": "git.example.com"}]}}, "credentials[0].secretName: Required value"),
    ({"upstream": {"trustedCASecretName": "Corp_CA"}}, '"Corp_CA" is no name of a Secret'),
    (
        {"upstream": {"httpProxy": {"url": "https://egress.example.com:3128"}}},
        '"https://egress.example.com:3128" is no HTTP proxy: write http://HOST:PORT, such as http://egress.example.com:',
    ),
    (
        {"upstream": {"httpProxy": {"url": "http://egress.example.com:99999"}}},
        "is no HTTP proxy: write http://HOST:PORT",
    ),
    (
        {"upstream": {"httpProxy": {"url": "http://me:secret@egress.example.com"}}},
        "remove what is before the @, and name a Secret with username and password as httpProxy.secretName",
    ),
    (
        {"upstream": {"httpProxy": {"url": "http://a.example.com", "noProxy": ["a.example.com, b.example.com"]}}},
        '"a.example.com, b.example.com" is nothing to reach without the proxy: write one host, domain, address',
    ),
    (
        {"modules": {"allowlistConfigMapName": "a,metadata.name!=b"}},
        '"a,metadata.name!=b" is no name of an object: write',
    ),
    ({"className": "a b"}, '"a b" is no name of an object: write lower-case letters, digits, dashes and dots, such as'),
    ({"cache": {"storage": {"size": "1e9999999999"}}}, '"1e9999999999" is not a size: write for example 50Gi'),
    ({"cache": {"storage": {"size": "1Gi", "growTo": "1e99999999"}}}, '"1e99999999" is not a size: write for example'),
    ({"cache": {"storage": {"size": "16Ei"}}}, '"16Ei" is not a size: write for example 50Gi'),
    ({"modules": {"contact": "a\nb"}}, "has a line break or another control character: write one line"),
    (
        {"cache": {"highWatermarkPercent": 60, "lowWatermarkPercent": 70}},
        "lowWatermarkPercent 70 is not below highWatermarkPercent 60: write both, for example 75 and 85",
    ),
    (
        {"cache": {"highWatermarkPercent": 75}},
        "lowWatermarkPercent 75 (the default) is not below highWatermarkPercent 75: write both, for example 75 and 85",
    ),
    (
        {"cache": {"lowWatermarkPercent": 90}},
        "lowWatermarkPercent 90 is not below highWatermarkPercent 85 (the default): write both, for example 75 and 85",
    ),
    ({"cache": {"highWatermarkPercent": 100}}, "should be less than or equal to 99"),
    ({"cache": {"inactive": "0"}}, "must be longer than nothing: write for example 30s"),
    ({"cache": {"listTTL": "one minute"}}, '"one minute" is not a duration: write for example 30s, 5m or 72h'),
    ({"cache": {"storage": {"size": "50GB"}}}, '"50GB" is not a size: write for example 50Gi'),
    ({"cache": {"storage": {"size": "0"}}}, '"0" is not a size: write for example 50Gi'),
    ({"expose": {"pathPrefix": "go/"}}, '"go/" is no path prefix: write it as /go, without a trailing slash'),
    (
        {"expose": {"ingress": {"host": "https://goproxy.example.com"}}},
        '"https://goproxy.example.com" is no host name: write lower-case letters, digits, dashes and dots, without',
    ),
    (
        {"expose": {"gateway": {"host": "10.0.0.1", "parentRef": {"name": "edge"}}}},
        '"10.0.0.1" is an address: write a host name, such as goproxy.example.com',
    ),
    ({"expose": {"gateway": {"host": "goproxy.example.com"}}}, "spec.expose.gateway.parentRef: Required value"),
    (
        {"expose": {"ingress": {"host": "goproxy.example.com", "className": "Nginx"}}},
        '"Nginx" is no name: write lower-case letters, digits, dashes and dots, such as nginx',
    ),
    ({"expose": {"service": {"type": "ExternalName"}}}, 'supported values: "ClusterIP", "NodePort", "LoadBalancer"'),
    (
        {"expose": {"service": {"type": "NodePort", "loadBalancerClass": "example.com/internal"}}},
        "loadBalancerClass is for type LoadBalancer only: write that type, or remove the class",
    ),
    (
        {"expose": {"service": {"type": "LoadBalancer", "loadBalancerClass": "a b"}}},
        '"a b" is no class of load balancers: write its name, such as example.com/internal',
    ),
    (
        {"expose": {"service": {"annotations": {"goproxy-operator.dev/applied": "x"}}}},
        "annotations under goproxy-operator.dev/ are the operator's own: choose other keys",
    ),
    ({"expose": {"tls": {"secretName": "Edge"}}}, '"Edge" is no name of a Secret'),
    (
        {"expose": {"tls": {"secretName": "edge", "dnsNames": ["goproxy.example.com"]}}},
        "dnsNames are for a certificate that an issuer is asked for: write issuerRef too, or remove them",
    ),
    ({"monitoring": {"rules": "Always"}}, 'Unsupported value: "Always": supported values: "Auto", "Enabled", "Dis'),
    ({"monitoring": {"labels": {"goproxy-operator.dev/fleet": "b"}}}, "the operator's own: choose other keys"),
    (
        {"pod": {"serviceAccountName": "a", "serviceAccountAnnotations": {"example.com/role": "b"}}},
        "serviceAccountAnnotations are for the ServiceAccount that the operator makes: annotate the one of",
    ),
    ({"pod": {"affinity": {"nodeAffinity": {"required": {}}}}}, 'unknown field "spec.pod.affinity.nodeAffinity.req'),
    ({"pod": {"labels": {"app.kubernetes.io/name": "x"}}}, "the operator's own: choose other keys"),
    ({"replicas": -1}, "spec.replicas in body should be greater than or equal to 0"),
    ({"modules": {"mode": "Maybe"}}, 'Unsupported value: "Maybe": supported values: "Enforce", "DryRun"'),
    ({"access": {"anonymous": ["read"]}}, 'unknown field "spec.access"'),
]


@pytest.mark.parametrize(("spec", "message"), REFUSED, ids=[message[:50] for _, message in REFUSED])
async def test_refused(fleet: Fleet, spec: dict[str, Any], message: str) -> None:
    with pytest.raises(KubectlError) as refused:
        await fleet.apply(**spec)
    assert message in str(refused.value)


@pytest.mark.parametrize("name", ["team.a", "1team", "a" * 41])
async def test_a_name_that_children_could_not_have_is_refused(kubectl: Kubectl, name: str) -> None:
    with pytest.raises(
        KubectlError, match=r"metadata\.name must start with a letter, hold only a-z, 0-9 and -, and have"
    ):
        await kubectl("apply", "-f", "-", stdin=json.dumps(document(name)))


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"replicas": 0},
        {"upstream": {"goproxy": "https://goproxy.example.com:8443/go|http://10.0.0.1:3000,direct"}},
        {"upstream": {"goproxy": "goproxy.example.com, goproxy.example.com:8080/go,off"}},
        {"upstream": {"goproxy": "file:///srv/modules"}},
        {"upstream": {"goproxy": "direct", "directTimeout": "1h"}},
        {"upstream": {"gosumdb": "off", "gonoproxy": [], "gonosumdb": []}},
        {"upstream": {"gosumdb": "sum.golang.google.cn"}},
        {"upstream": {"gosumdb": "sum.golang.org http://sums.example.com:8080/a+b"}},
        {"upstream": {"gosumdb": SUMDB_KEY}},
        {"upstream": {"gosumdb": f"{SUMDB_KEY} https://sums.example.com/"}},
        {
            "upstream": {
                "goprivate": ["*.corp.example.com"],
                "credentials": [
                    {"pattern": "git.corp.example.com/team-?", "secretName": "corp-git"},
                    {"pattern": "git.corp.example.com/team-?", "secretName": "corp-git.ssh"},
                ],
                "trustedCASecretName": "corp-ca",
                "httpProxy": {
                    "url": "http://[fd00::1]:3128/",
                    "noProxy": [".corp.example.com", "10.0.0.0/8", "fd00::/8", "*", "::1"],
                    "secretName": "egress",
                },
            }
        },
        {"modules": {"contact": "#go-modules, or ext. 4711 (Z\u00fcrich)"}},
        {"cache": {"lowWatermarkPercent": 84, "inactive": "720h"}},
        {"cache": {"highWatermarkPercent": 2, "lowWatermarkPercent": 1}},
        {"modules": {"allow": ["*.corp.example.com", "github.com/acme/", r"a\*b", "v[0-9a-f]/x", "[^a-z]?"]}},
        {"cache": {"listTTL": "1h30m", "notFoundTTL": "0", "staleIfError": "1.5h", "storage": {"size": "1.5Gi"}}},
        {"expose": {"pathPrefix": ""}},
        {"expose": {"pathPrefix": "/go/mod"}},
        {"expose": {"service": {"type": "LoadBalancer", "loadBalancerClass": "example.com/internal"}}},
        {"expose": {"ingress": {"host": "goproxy.example.com", "className": "nginx-2.a"}}},
        {"expose": {"gateway": {"host": "a", "parentRef": {"name": "edge", "namespace": "infra"}}}},
        {"expose": {"tls": {"secretName": "edge", "issuerRef": {"name": "ca"}, "dnsNames": ["goproxy.example.com"]}}},
        {"monitoring": {"serviceMonitor": "Enabled", "rules": "Auto", "dashboard": "Disabled"}},
        {"pod": {"serviceAccountName": "cloud", "affinity": {"podAntiAffinity": {}}}},
        {"pod": {"resources": {"limits": {"cpu": 2, "memory": "1Gi"}}, "labels": {"team": "a"}}},
    ],
    ids=str,
)
async def test_accepted_by_the_api_server_and_by_the_operator(fleet: Fleet, spec: dict[str, Any]) -> None:
    await fleet.apply(**spec)
    goproxy = parse_goproxy(await fleet.get())
    documents(goproxy, 1, None)


async def test_the_class_of_a_load_balancer_is_immutable(fleet: Fleet) -> None:
    def service(**fields: str) -> dict[str, Any]:
        return {"expose": {"service": fields}}

    await fleet.apply(**service(type="LoadBalancer", loadBalancerClass="example.com/a"))
    for other in (service(type="LoadBalancer"), service(type="LoadBalancer", loadBalancerClass="example.com/b")):
        with pytest.raises(KubectlError, match="write type ClusterIP first, then LoadBalancer with the other class"):
            await fleet.apply(**other)
    await fleet.apply(**service(type="ClusterIP"))
    await fleet.apply(**service(type="LoadBalancer", loadBalancerClass="example.com/b"))


def storage(**fields: str) -> dict[str, Any]:
    return {"cache": {"storage": fields}}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (storage(size="10Gi"), storage(size="9999Mi"), "size may not shrink from 10Gi to 9999Mi: write 10Gi or more"),
        (storage(size="10Gi"), storage(whenDeleted="Delete"), "size may not be removed: write 10Gi or more"),
        (storage(size="10Gi"), {}, "cache.storage may not be removed once it is set: keep it as it was"),
        (
            storage(size="10Gi", storageClassName="a"),
            storage(size="10Gi", storageClassName="b"),
            "storageClassName may not be changed, added or removed later: make a new GoProxy with the other class",
        ),
        (
            storage(size="10Gi"),
            storage(size="10Gi", storageClassName="b"),
            "storageClassName may not be changed, added",
        ),
        (
            storage(size="10Gi", storageClassName="a"),
            storage(size="10Gi"),
            "storageClassName may not be changed, added",
        ),
    ],
)
async def test_storage_may_only_grow(fleet: Fleet, before: dict[str, Any], after: dict[str, Any], message: str) -> None:
    await fleet.apply(**before)
    await fleet.apply(**before, replicas=3)
    with pytest.raises(KubectlError) as refused:
        await fleet.apply(**after)
    assert message in str(refused.value)


async def test_storage_grows(fleet: Fleet) -> None:
    await fleet.apply(**storage(size="10Gi"))
    await fleet.apply(**storage(size="10240Mi"))
    await fleet.apply(**storage(size="20Gi", whenDeleted="Delete"))


@pytest.mark.parametrize(
    "example", ["goproxy.yaml", "private-modules.yaml", "ingress.yaml", "gateway.yaml", "tls.yaml"]
)
async def test_an_example_is_accepted(kubectl: Kubectl, example: str) -> None:
    await kubectl("apply", "-f", EXAMPLES / example)
    assert "team-a" in await kubectl("get", "gop")


async def test_scale_is_held_to_the_same_rules(fleet: Fleet, kubectl: Kubectl) -> None:
    await fleet.apply(autoscaling=AUTOSCALING)
    with pytest.raises(KubectlError, match="write either replicas"):
        await kubectl("scale", "goproxy/team-a", "--replicas=3")


async def test_explain_tells_what_a_field_is_for(kubectl: Kubectl) -> None:
    said = await kubectl("explain", "goproxy.spec.modules.allowlistConfigMapName")
    assert "A ConfigMap of the same namespace" in said
