"""`spec` of the object. Every field is optional; `spec: {}` is a good fleet."""

import re
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from goproxy_operator.api.access import AccessSpec
from goproxy_operator.api.audit import AuditSpec
from goproxy_operator.api.autoscaling import MOST_REPLICAS, AutoscalingSpec
from goproxy_operator.api.cache import CacheSpec
from goproxy_operator.api.expose import ExposeSpec
from goproxy_operator.api.fields import Name
from goproxy_operator.api.hosted import HostedSpec, SyncSpec
from goproxy_operator.api.modules import ModulesSpec
from goproxy_operator.api.monitoring import MonitoringSpec
from goproxy_operator.api.part import Part
from goproxy_operator.api.pod import PodSpec
from goproxy_operator.api.rule import NO_OLD_OBJECT, ModelRule, Rule, Ruled, Rules, ServerRule
from goproxy_operator.api.upstream import UpstreamSpec


def _encrypts(spec: "GoProxySpec") -> bool:
    """Say whether something is in front of the replicas, or in them, that speaks TLS."""
    expose, ingress = spec.expose, spec.expose.ingress
    tls = expose.tls or expose.gateway or (ingress is not None and ingress.tls_secret_name)
    return bool(tls or (spec.access and spec.access.insecure))


def _check_hosted(spec: "GoProxySpec") -> None:
    """Raise `ValueError` where what is published has no place that all replicas have, and that outlives them."""
    storage = spec.cache.storage
    alone = spec.autoscaling is None and spec.replicas is not None and spec.replicas <= 1
    kept = alone and not (storage is not None and storage.ephemeral)
    if spec.hosted.enabled and spec.cache.object_store is None and not kept:
        raise ValueError(
            "hosted: what is published has no place that is kept: write cache.objectStore, or replicas: 1 with a claim"
        )


_SPEC_RULES: Rules["GoProxySpec"] = (
    Rule(
        cel="!(has(self.replicas) && has(self.autoscaling))",
        holds=lambda spec: spec.replicas is None or spec.autoscaling is None,
        message="write either replicas, for a fixed number, or autoscaling, for a range; not both",
    ),
    ServerRule(
        cel="(has(self.cache) && has(self.cache.storage)) || !has(oldSelf.cache) || !has(oldSelf.cache.storage)",
        message="cache.storage may not be removed once it is set: keep it as it was",
        because=NO_OLD_OBJECT,
    ),
    Rule(
        cel="!has(self.access) || (has(self.access.insecure) && self.access.insecure) "
        "|| (!has(self.access.basic) && !has(self.access.serviceAccounts) && !has(self.access.trustedProxy) "
        "&& (!has(self.access.oidc) || size(self.access.oidc) == 0)) "
        "|| (has(self.expose) && (has(self.expose.tls) || has(self.expose.gateway) "
        "|| (has(self.expose.ingress) && has(self.expose.ingress.tlsSecretName))))",
        holds=lambda spec: spec.access is None or not spec.access.has_credentials or _encrypts(spec),
        message="credentials of access need TLS, and go sends none over plain http: write expose.tls, "
        "expose.ingress.tlsSecretName or expose.gateway, or access.insecure where something else encrypts",
    ),
    ModelRule(_check_hosted, because="cache.objectStore may come from the defaults of the class"),
)


_HOST = r"([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
_STEP = "[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*"
_DIGEST = "[A-Za-z][A-Za-z0-9]*([+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,128}"
_IMAGE = rf"^({_HOST}/)?{_STEP}(/{_STEP})*(:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(@{_DIGEST})?$"
"""A reference to an image: the grammar of github.com/distribution/reference. The empty text names none."""
_IMAGE_RULES: Rules[str] = (
    Rule(
        cel=f"self == '' || self.matches(r'{_IMAGE}')",
        holds=lambda text: text == "" or re.fullmatch(_IMAGE, text) is not None,
        message="{self} is no image: write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST, in lower case "
        "but for the tag, such as registry.example.com/platform/modproxy:0.1.0",
    ),
)
Image = Annotated[str, StringConstraints(max_length=512), Ruled(_IMAGE_RULES)]


class GoProxySpec(Part):
    """All that a user may ask for."""

    RULES: ClassVar = _SPEC_RULES

    class_name: Name | None = None
    """The GoProxyClass that sets defaults and limits. Default: the one marked default, where there is one."""
    replicas: Annotated[int, Field(ge=0, le=MOST_REPLICAS)] | None = None
    """No default in the CRD: without `autoscaling` too, the operator runs its own default."""
    autoscaling: AutoscalingSpec | None = None
    upstream: UpstreamSpec = UpstreamSpec()
    access: AccessSpec | None = None
    modules: ModulesSpec = ModulesSpec()
    cache: CacheSpec = CacheSpec()
    hosted: HostedSpec = HostedSpec()
    sync: SyncSpec | None = None
    audit: AuditSpec = AuditSpec()
    expose: ExposeSpec = ExposeSpec()
    monitoring: MonitoringSpec = MonitoringSpec()
    image: Image | None = None
    """Default: the operator's own version."""
    pod: PodSpec = PodSpec()
    suspend: bool | None = None
    """True: nothing is changed until it is false again, but what the fleet's class imposes. Default: false."""
