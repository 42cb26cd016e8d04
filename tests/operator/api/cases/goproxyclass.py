"""`spec` of a GoProxyClass: what is refused, with which words."""

from __future__ import annotations

from tests.operator.api.cases.case import Case, both, models_only, schema

UNKNOWN = "unknown field: remove it, or check its spelling"
RANGE = {"replicas": 1, "autoscaling": {"maxReplicas": 2, "targetRequestsPerSecond": 1}}

REFUSED: list[Case] = [
    schema(
        {"defaults": {"replicas": "many"}},
        server="spec.defaults.replicas: Invalid value",
        models="Input should be a valid integer",
        path="spec.defaults.replicas",
    ),
    schema(
        {"defaults": {"className": "other"}},
        server='unknown field "spec.defaults.className"',
        models="defaults.className: a class cannot choose another: remove it",
        path="spec",
    ),
    schema(
        {"defaults": {"replica": 1}},
        server='unknown field "spec.defaults.replica"',
        models=UNKNOWN,
        path="spec.defaults.replica",
    ),
    both({"defaults": RANGE}, "write either replicas, for a fixed number, or autoscaling", "spec.defaults"),
    both({"limits": {"maxStorage": "much"}}, '"much" is not a size: write for example 50Gi', "spec.limits.maxStorage"),
    schema(
        {"limits": {"maxReplicas": -1}},
        server="should be greater than or equal to 0",
        models="Input should be greater than or equal to 0",
        path="spec.limits.maxReplicas",
    ),
    both(
        {"limits": {"upstreams": ["goproxy.example.com"]}},
        '"goproxy.example.com" is neither direct nor one URL with its scheme',
        "spec.limits.upstreams[0]",
    ),
    both(
        {"limits": {"upstreams": ["https://a.example.com,direct"]}},
        "is neither direct nor one URL with its scheme",
        "spec.limits.upstreams[0]",
    ),
    both({"limits": {"upstreams": ["off"]}}, '"off" is neither direct nor one URL', "spec.limits.upstreams[0]"),
    both(
        {"limits": {"upstreams": ["https://u:p@a.example.com"]}},
        "credentials do not belong into the URL",
        "spec.limits.upstreams[0]",
    ),
    both(
        {"limits": {"ingressHosts": ["*.*.example.com"]}},
        '"*.*.example.com" is no pattern of host names: write a host name, or *.build.corp.example.com',
        "spec.limits.ingressHosts[0]",
    ),
    both({"limits": {"ingressHosts": ["https://a"]}}, "is no pattern of host names", "spec.limits.ingressHosts[0]"),
    both({"limits": {"httpProxies": ["egress:3128"]}}, "is no HTTP proxy", "spec.limits.httpProxies[0]"),
    both({"limits": {"sumdbs": ["sum.example.com"]}}, "is not known", "spec.limits.sumdbs[0]"),
    both(
        {"limits": {"metricsServers": ["prometheus"]}}, "is no address of Prometheus", "spec.limits.metricsServers[0]"
    ),
    both(
        {"limits": {"objectStores": ["ftp://files.example.com"]}},
        '"ftp://files.example.com" names no object store: write s3://BUCKET/PREFIX',
        "spec.limits.objectStores[0]",
    ),
    both({"limits": {"objectStores": ["s3://u:p@go"]}}, "credentials do not", "spec.limits.objectStores[0]"),
    both({"limits": {"secrets": ["goproxy-["]}}, "has a [ without its ]", "spec.limits.secrets[0]"),
    schema(
        {"profile": "Lenient"},
        server='Unsupported value: "Lenient"',
        models="Input should be 'Restricted', 'Baseline' or 'Privileged'",
        path="spec.profile",
    ),
    models_only({"limits": {"images": ["[a"]}}, "'[a' has a [ without its ]", "spec.limits.images[0]"),
    both(
        {"limits": {"images": ["https://registry.example.com/*"]}},
        "is no pattern of images: write for example registry.",
        "spec.limits.images[0]",
    ),
    schema(
        {"limits": {"exposure": ["Internet"]}},
        server='Unsupported value: "Internet"',
        models="Input should be 'ClusterIP', 'NodePort', 'LoadBalancer', 'Ingress' or 'Gateway'",
        path="spec.limits.exposure[0]",
    ),
    both(
        {"modules": {"deny": ["a//b"]}},
        '"a//b" has an empty path element: write elements separated by single slashes',
        "spec.modules.deny[0]",
    ),
    both(
        {"modules": {"deny": ["https://a"]}},
        '"https://a" is a URL: write the module path without a scheme',
        "spec.modules.deny[0]",
    ),
    both(
        {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
        "In and NotIn want values, Exists and DoesNotExist want none",
        "spec.namespaceSelector.matchExpressions[0]",
    ),
    schema({"more": 1}, server='unknown field "spec.more"', models=UNKNOWN, path="spec.more"),
]
