"""`spec.profile` and `spec.limits` of a class: what its fleets may be."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from goproxy_operator.api.access import IssuerText
from goproxy_operator.api.audit import AuditReceiverUrl
from goproxy_operator.api.autoscaling import MOST_REPLICAS, ServerAddress
from goproxy_operator.api.fields import DNS_NAME, NAME_LENGTH, Size
from goproxy_operator.api.object_store import BUCKET_URL, ENDPOINT_URL
from goproxy_operator.api.part import SET, Items, Part
from goproxy_operator.api.patterns import GlobText
from goproxy_operator.api.rule import ModelRule, Rule, Ruled, Rules, matching, quoted
from goproxy_operator.api.upstream import CREDENTIALS_IN_URL, GosumdbText, HttpProxyUrl
from modproxy.mod.chain import EntryKind, has_userinfo, parse_chain
from modproxy.mod.pattern import parse_pattern


class Profile(StrEnum):
    """Which fields of a GoProxy's spec are its writer's to decide: each profile allows what the one before it does."""

    RESTRICTED = "Restricted"
    BASELINE = "Baseline"
    PRIVILEGED = "Privileged"

    @property
    def rank(self) -> int:
        """Return a number that is larger, the more the profile allows."""
        return list(Profile).index(self)


class Way(StrEnum):
    """A way in which clients reach a fleet."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"
    INGRESS = "Ingress"
    GATEWAY = "Gateway"


def _check_upstream(text: str) -> None:
    entries = parse_chain(text)
    if len(entries) != 1 or entries[0].kind is EntryKind.OFF or (entries[0].url and "://" not in text):
        raise ValueError(
            f"{quoted(text)} is neither direct nor one URL with its scheme: write for example "
            "https://goproxy.example.com"
        )


_ONE_URL = r"^(https?://[^/,|?#\s][^,|?#\s]*|file:///[^,|?#\s]*)$"
_UPSTREAM_RULES: Rules[str] = (
    Rule(
        cel="!self.matches('://[^/]*@')",
        holds=lambda text: not re.search("://[^/]*@", text) and not has_userinfo(text),
        message=CREDENTIALS_IN_URL,
    ),
    Rule(
        cel=f"self.contains('@') || self == 'direct' || self.matches(r'{_ONE_URL}')",
        holds=lambda text: "@" in text or text == "direct" or re.fullmatch(_ONE_URL, text) is not None,
        message="{self} is neither direct nor one URL with its scheme: write for example https://goproxy.example.com",
    ),
    ModelRule(_check_upstream, because="CEL has no parser of URLs"),
)
UpstreamLimit = Annotated[str, StringConstraints(max_length=512), Ruled(_UPSTREAM_RULES)]

_NO_IMAGE = r"[\s,]|://|^/|//"
_IMAGE_RULES: Rules[str] = (
    Rule(
        cel=f"self != '' && !self.matches(r'{_NO_IMAGE}')",
        holds=lambda text: text != "" and not re.search(_NO_IMAGE, text, re.ASCII),
        message="{self} is no pattern of images: write for example registry.example.com/goproxy/*, where * stops at a "
        "slash",
    ),
    ModelRule(parse_pattern, because="a glob's classes are checked where modules' patterns are, and so tell the same"),
)
ImagePattern = Annotated[str, StringConstraints(max_length=256), Ruled(_IMAGE_RULES)]


_HOST_PATTERN = DNS_NAME.replace("^", r"^([*][.])?", 1)
_HOST_PATTERN_RULES: Rules[str] = (
    matching(
        _HOST_PATTERN,
        "{self} is no pattern of host names: write a host name, or *.build.corp.example.com, where * stands for what "
        "is before the next dot",
    ),
)
HostPattern = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), Ruled(_HOST_PATTERN_RULES)]
"""A host name, or one with `*.` before it for one more label, as in certificates and Ingresses (RFC 6125 6.4.3)."""

_STORE = rf"{BUCKET_URL}|{ENDPOINT_URL}|^claim:[^\s/]+$"
_STORE_RULES: Rules[str] = (
    Rule(
        cel="!self.contains('@')",
        holds=lambda text: "@" not in text,
        message=CREDENTIALS_IN_URL,
    ),
    Rule(
        cel=f"self.contains('@') || self.matches(r'{_STORE}')",
        holds=lambda text: "@" in text or re.fullmatch(_STORE, text, re.ASCII) is not None,
        message="{self} names no object store: write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, "
        "az://ACCOUNT/CONTAINER/PREFIX, the https:// URL of an endpoint, or claim:NAME",
    ),
)
StoreLimit = Annotated[str, StringConstraints(min_length=1, max_length=512), Ruled(_STORE_RULES)]

_LIST = Field(max_length=32, json_schema_extra=SET)
Globs = Annotated[Items[GlobText], _LIST]
"""Globs as of path.Match for a whole value, in which * stops at a slash."""


class LimitsSpec(Part):
    """What no fleet of the class passes. An empty list allows nothing.

    replicas, storage, upstreams, sumdbs, images and exposure are compared with what results from the fleet and the
    class's defaults; the other lists with what the fleet itself writes, references as they result. A list opens the
    fields that it is about, also where the profile would leave them to the class; without the list the profile decides.
    """

    max_replicas: Annotated[int, Field(ge=0, le=MOST_REPLICAS)] | None = None
    """For replicas and autoscaling.maxReplicas. Default: no limit."""
    max_storage: Size | None = None
    """For cache.storage.size and growTo, of each replica. Default: no limit."""
    upstreams: Annotated[Items[UpstreamLimit], Field(max_length=64, json_schema_extra=SET)] | None = None
    """What upstream.goproxy may name: these URLs and what is below them, and direct only if it is here. Without
    direct, goprivate and gonoproxy have to be empty."""
    sumdbs: Annotated[Items[GosumdbText], Field(max_length=16, json_schema_extra=SET)] | None = None
    """What upstream.gosumdb may be, word for word; off only if it is here, which opens gonosumdb too. What goprivate
    matches is verified by none: it binds everything only with upstreams that lacks direct."""
    http_proxies: Annotated[Items[HttpProxyUrl], _LIST] | None = None
    """What upstream.httpProxy.url may be."""
    images: Annotated[Items[ImagePattern], Field(max_length=64, json_schema_extra=SET)] | None = None
    """Globs for the whole of image, in which * stops at a slash. The operator's own image is always allowed."""
    secrets: Globs | None = None
    """Globs for the names of all Secrets that a fleet names. Default: goproxy-* in profile Baseline."""
    service_accounts: Globs | None = None
    """Globs for pod.serviceAccountName."""
    annotations: Globs | None = None
    """Globs for the keys of annotations on Service, Ingress, ServiceAccount and pods, such as example.com/*."""
    pod_labels: Globs | None = None
    """Globs for the keys of pod.labels."""
    priority_classes: Globs | None = None
    """Globs for pod.priorityClassName."""
    tolerations: Globs | None = None
    """Globs for the keys of pod.tolerations; one without a key tolerates everything, and needs the entry *."""
    ingress_hosts: Annotated[Items[HostPattern], _LIST] | None = None
    """Hosts of expose.ingress, expose.gateway and expose.tls.dnsNames; *.example.com is for one label more."""
    gateways: Globs | None = None
    """Globs for expose.gateway.parentRef, as NAMESPACE/NAME; each is for all listeners of the Gateway."""
    issuers: Globs | None = None
    """Globs for cert-manager's issuers, as KIND/NAME, in expose.tls.issuerRef and in the Ingress's annotations."""
    metrics_servers: Annotated[Items[ServerAddress], _LIST] | None = None
    """What autoscaling.prometheus.serverAddress may be: these URLs and what is below them."""
    oidc_issuers: Annotated[Items[IssuerText], _LIST] | None = None
    """What access.oidc[].issuer may be: these URLs and what is below them."""
    elasticsearch: Annotated[Items[AuditReceiverUrl], _LIST] | None = None
    """What audit.elasticsearch.url may be: these URLs and what is below them."""
    object_stores: Annotated[Items[StoreLimit], _LIST] | None = None
    """What cache.objectStore may be: URLs of buckets, and what is below them; URLs of servers, for endpoint; claim:NAME
    for claimName, where NAME is a glob."""
    parents: Globs | None = None
    """Globs for cache.parent, as NAMESPACE/NAME."""
    exposure: (
        Annotated[
            Items[Annotated[Way, Field(strict=False)]],
            Field(max_length=len(Way), json_schema_extra=SET),
        ]
        | None
    ) = None
    """Ways to reach a fleet. ClusterIP is always allowed: every fleet has it."""
