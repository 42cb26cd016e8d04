"""`spec.expose`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, schema

_LONG = "a" * 64

REFUSED: list[Case] = [
    both({"expose": {"ingress": {"host": f"{_LONG}.example.com"}}}, "no host name", "spec.expose.ingress.host"),
    both(
        {"expose": {"gateway": {"host": f"go.{_LONG}", "parentRef": {"name": "edge"}}}},
        "at most 63 characters between two dots",
        "spec.expose.gateway.host",
    ),
    both(
        {"expose": {"tls": {"secretName": "edge", "issuerRef": {"name": "ca"}, "dnsNames": [_LONG]}}},
        "no host name",
        "spec.expose.tls.dnsNames[0]",
    ),
    both(
        {"expose": {"pathPrefix": "go/"}},
        '"go/" is no path prefix: write it as /go, without a trailing slash',
        "spec.expose.pathPrefix",
    ),
    both(
        {"expose": {"ingress": {"host": "https://goproxy.example.com"}}},
        '"https://goproxy.example.com" is no host name: write lower-case letters, digits, dashes and dots, without',
        "spec.expose.ingress.host",
    ),
    both(
        {"expose": {"gateway": {"host": "10.0.0.1", "parentRef": {"name": "edge"}}}},
        '"10.0.0.1" is an address: write a host name, such as goproxy.example.com',
        "spec.expose.gateway.host",
    ),
    schema(
        {"expose": {"gateway": {"host": "goproxy.example.com"}}},
        server="spec.expose.gateway.parentRef: Required value",
        models="Field required",
        path="spec.expose.gateway.parentRef",
    ),
    both(
        {"expose": {"ingress": {"host": "goproxy.example.com", "className": "Nginx"}}},
        '"Nginx" is no name: write lower-case letters, digits, dashes and dots, such as nginx',
        "spec.expose.ingress.className",
    ),
    schema(
        {"expose": {"service": {"type": "ExternalName"}}},
        server='supported values: "ClusterIP", "NodePort", "LoadBalancer"',
        models="Input should be 'ClusterIP', 'NodePort' or 'LoadBalancer'",
        path="spec.expose.service.type",
    ),
    both(
        {"expose": {"service": {"type": "NodePort", "loadBalancerClass": "example.com/internal"}}},
        "loadBalancerClass is for type LoadBalancer only: write that type, or remove the class",
        "spec.expose.service",
    ),
    both(
        {"expose": {"service": {"type": "LoadBalancer", "loadBalancerClass": "a b"}}},
        '"a b" is no class of load balancers: write its name, such as example.com/internal',
        "spec.expose.service.loadBalancerClass",
    ),
    both(
        {"expose": {"service": {"annotations": {"goproxy-operator.dev/applied": "x"}}}},
        "annotations under goproxy-operator.dev/ are the operator's own: choose other keys",
        "spec.expose.service.annotations",
    ),
    both({"expose": {"tls": {"secretName": "Edge"}}}, '"Edge" is no name of a Secret', "spec.expose.tls.secretName"),
    both(
        {"expose": {"tls": {"secretName": "edge", "dnsNames": ["goproxy.example.com"]}}},
        "dnsNames are for a certificate that an issuer is asked for: write issuerRef too, or remove them",
        "spec.expose.tls",
    ),
    both({"expose": {"pathPrefix": "go/"}}, '"go/" is no path prefix', "spec.expose.pathPrefix"),
    both(
        {"expose": {"ingress": {"host": "https://a.b"}}},
        '"https://a.b" is no host name: write',
        "spec.expose.ingress.host",
    ),
    both(
        {"expose": {"ingress": {"host": "10.0.0.1"}}},
        '"10.0.0.1" is an address: write a host name',
        "spec.expose.ingress.host",
    ),
    both({"expose": {"ingress": {"host": "a.b", "className": "N"}}}, '"N" is no name', "spec.expose.ingress.className"),
    schema(
        {"expose": {"gateway": {"host": "a.b"}}},
        server="spec.expose.gateway.parentRef: Required value",
        models="Field required",
        path="spec.expose.gateway.parentRef",
    ),
    both(
        {"expose": {"service": {"loadBalancerClass": "a"}}},
        "loadBalancerClass is for type LoadBalancer only: write",
        "spec.expose.service",
    ),
    both(
        {"expose": {"service": {"type": "LoadBalancer", "loadBalancerClass": "a/b/c"}}},
        '"a/b/c" is no class of load balancers',
        "spec.expose.service.loadBalancerClass",
    ),
    both(
        {"expose": {"service": {"annotations": {"goproxy-operator.dev/a": ""}}}},
        "annotations under goproxy-operator.dev/ are the operator's own",
        "spec.expose.service.annotations",
    ),
    both({"expose": {"tls": {"secretName": "A"}}}, '"A" is no name of a Secret', "spec.expose.tls.secretName"),
    both(
        {"expose": {"tls": {"secretName": "a", "dnsNames": ["a.b"]}}},
        "dnsNames are for a certificate that an issuer",
        "spec.expose.tls",
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    {"expose": {"ingress": {"host": f"{'a' * 63}.{'b' * 63}.example.com"}}},
    {"expose": {"pathPrefix": ""}},
    {"expose": {"pathPrefix": "/go/mod"}},
    {"expose": {"service": {"type": "LoadBalancer", "loadBalancerClass": "example.com/internal"}}},
    {"expose": {"ingress": {"host": "goproxy.example.com", "className": "nginx-2.a"}}},
    {"expose": {"gateway": {"host": "a", "parentRef": {"name": "edge", "namespace": "infra"}}}},
    {"expose": {"tls": {"secretName": "edge", "issuerRef": {"name": "ca"}, "dnsNames": ["goproxy.example.com"]}}},
]
