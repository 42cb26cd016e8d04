"""The rules that the API server enforces on how a fleet is reached, in CEL; how they are made says `api.cel`."""

from typing import Any

from goproxy_operator.api.cel import KEY, rule

HOST_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
"""A DNS-1123 subdomain; RE2 and Python read it alike."""
ONLY_NUMBERS = r"^[0-9.]+$"

HOST: dict[str, Any] = {
    KEY: [
        rule(
            f"self.matches(r'{HOST_NAME}')",
            expression="'\"' + self + '\" is no host name: write lower-case letters, digits, dashes and dots, without "
            "scheme, port or path, such as goproxy.example.com'",
        ),
        rule(
            f"!self.matches(r'{ONLY_NUMBERS}')",
            expression="'\"' + self + '\" is an address: write a host name, such as goproxy.example.com'",
        ),
    ]
}

CLASS_NAME: dict[str, Any] = {
    KEY: [
        rule(
            f"self.matches(r'{HOST_NAME}')",
            expression="'\"' + self + '\" is no name: write lower-case letters, digits, dashes and dots, such as "
            "nginx'",
        )
    ]
}

BALANCER_CLASS_PATTERN = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"

BALANCER_CLASS: dict[str, Any] = {
    KEY: [
        rule(
            f"self.matches(r'{BALANCER_CLASS_PATTERN}')",
            expression="'\"' + self + '\" is no class of load balancers: write its name, such as example.com/internal'",
        )
    ]
}

SERVICE: dict[str, Any] = {
    KEY: [
        rule(
            "!has(self.loadBalancerClass) || (has(self.type) && self.type == 'LoadBalancer')",
            "loadBalancerClass is for type LoadBalancer only: write that type, or remove the class",
        ),
        # The Service's own rule, told at once: its loadBalancerClass is immutable while the type is LoadBalancer.
        rule(
            "!has(self.type) || !has(oldSelf.type) || self.type != 'LoadBalancer' || oldSelf.type != 'LoadBalancer'"
            " || (has(self.loadBalancerClass) == has(oldSelf.loadBalancerClass)"
            " && (!has(self.loadBalancerClass) || self.loadBalancerClass == oldSelf.loadBalancerClass))",
            "loadBalancerClass may not be changed, added or removed while type is LoadBalancer: "
            "write type ClusterIP first, then LoadBalancer with the other class",
        ),
    ]
}

ANNOTATIONS: dict[str, Any] = {
    KEY: [
        rule(
            "self.all(k, !k.startsWith('goproxy-operator.dev/'))",
            "annotations under goproxy-operator.dev/ are the operator's own: choose other keys",
        )
    ]
}

TLS: dict[str, Any] = {
    KEY: [
        rule(
            "!has(self.dnsNames) || has(self.issuerRef)",
            "dnsNames are for a certificate that an issuer is asked for: write issuerRef too, or remove them",
        )
    ]
}

POD: dict[str, Any] = {
    KEY: [
        rule(
            "!has(self.serviceAccountName) || !has(self.serviceAccountAnnotations)",
            "serviceAccountAnnotations are for the ServiceAccount that the operator makes: annotate the one of "
            "serviceAccountName yourself, or remove that name",
        )
    ]
}
