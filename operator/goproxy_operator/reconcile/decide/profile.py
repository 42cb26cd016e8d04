"""Which fields of a spec are the fleet's to write, and which are left to its class. Pure.

`DECISIONS` has every field. A field that is not in it belongs to profile Privileged: a new field opens no class.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from goproxy_operator.api.goproxyclass import FleetClass
from goproxy_operator.api.limits import Profile
from goproxy_operator.reconcile.decide import stricter, values
from goproxy_operator.reconcile.decide.matching import MATCHERS

BASELINE_SECRETS = ("goproxy-*",)
"""The Secrets that a fleet may name under profile Baseline, where the class has no list. The operator may not read
Secrets, and so cannot tell one by its labels: to list labels is to list contents. A name is what it can know."""

Values = Callable[[Any, str], Iterable[str]]
"""Told what is written, and the fleet's namespace: the values that a list of the class is compared with."""


NoWeaker = Callable[[Any, Any, Mapping[str, Any]], bool]
"""Told what is written, the class's default of the field, and all of the class's defaults."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Says from which profile on a field is the fleet's to write, and which list of the limits opens it by name."""

    profile: Profile
    by: str = ""
    """The name of the list; empty where there is none."""
    values: Values = values.itself
    by_result: bool = False
    """The list is compared with what results from fleet and class, in `limits`."""
    whole: bool = False
    """The field names one object by several keys: the reference as it results is compared, since a key that the fleet
    leaves out is the class's."""
    no_weaker: NoWeaker | None = None
    """Says whether the fleet's value demands no less than the class's: then the field is the fleet's to write."""


def _free() -> Decision:
    return Decision(Profile.RESTRICTED)


def _baseline(by: str = "", of: Values = values.itself) -> Decision:
    return Decision(Profile.BASELINE, by, of)


def _privileged(by: str = "", of: Values = values.itself, *, by_result: bool = False, whole: bool = False) -> Decision:
    return Decision(Profile.PRIVILEGED, by, of, by_result, whole)


def _stricter(no_weaker: NoWeaker) -> Decision:
    """A fleet may demand more than its class's defaults, and no less."""
    return Decision(Profile.PRIVILEGED, no_weaker=no_weaker)


DECISIONS: Mapping[str, Decision] = {
    "className": _free(),
    "replicas": _free(),
    "suspend": _free(),
    "image": _privileged("images", by_result=True),
    "autoscaling.minReplicas": _free(),
    "autoscaling.maxReplicas": _free(),
    "autoscaling.targetRequestsPerSecond": _free(),
    "autoscaling.provider": _free(),
    # KEDA asks it, with KEDA's own way out.
    "autoscaling.prometheus.serverAddress": _privileged("metricsServers"),
    "access.anonymous": _stricter(stricter.anonymous),
    "access.basic.secretName": _baseline("secrets"),
    # Replicas ask it for its keys, with the replicas' way out.
    "access.oidc[].issuer": _privileged("oidcIssuers"),
    "access.oidc[].audience": _free(),
    "access.oidc[].usernameClaim": _free(),
    "access.oidc[].usernamePrefix": _free(),
    "access.oidc[].groupsClaim": _free(),
    "access.oidc[].groupsPrefix": _free(),
    "access.serviceAccounts.audience": _free(),
    "access.trustedProxy.cidrs": _baseline(),
    "access.trustedProxy.secretName": _baseline("secrets"),
    "access.trustedProxy.secretHeader": _free(),
    "access.trustedProxy.userHeader": _free(),
    "access.trustedProxy.groupsHeader": _free(),
    "access.hide": _free(),
    # It lets clients send credentials where anybody on the way may read them.
    "access.insecure": _privileged(),
    "access.rules[].users": _stricter(stricter.users),
    "access.rules[].groups": _stricter(stricter.groups),
    "access.rules[].serviceAccounts": _free(),
    "access.rules[].modules": _free(),
    "access.rules[].verbs": _free(),
    "access.children": _stricter(stricter.children),
    "upstream.goproxy": _privileged("upstreams", by_result=True),
    "upstream.gosumdb": _privileged("sumdbs", by_result=True),
    "upstream.goprivate": _free(),
    "upstream.gonoproxy": _free(),
    # What it matches is verified by nobody, as with gosumdb off.
    "upstream.gonosumdb": _privileged("sumdbs", values.off_if_any),
    "upstream.credentials[].pattern": _baseline("secrets", values.none),  # it says where the Secret goes
    "upstream.credentials[].secretName": _baseline("secrets"),
    "upstream.credentials[].url": _baseline("secrets", values.none),  # so does the base URL
    # It has modules fetched without TLS, so that anybody on the way can change them.
    "upstream.insecure": _privileged(),
    "upstream.trustedCASecretName": _privileged("secrets"),
    "upstream.httpProxy.url": _privileged("httpProxies"),
    "upstream.httpProxy.secretName": _baseline("secrets"),
    # It leads past a proxy that the class may have chosen.
    "upstream.httpProxy.noProxy": _privileged(),
    # It lets an upstream lead replicas to addresses inside of the cluster.
    "upstream.allowPrivateTargets": _privileged(),
    # The class may have chosen it to keep the replicas from somewhere.
    "upstream.egressCIDRs": _privileged(),
    "upstream.timeout": _free(),
    "upstream.directTimeout": _free(),
    "modules.mode": _stricter(stricter.mode),
    "modules.allow": _free(),
    "modules.deny": _free(),
    "modules.allowlistConfigMapName": _free(),
    "modules.contact": _free(),
    "modules.minimumAge": _stricter(stricter.minimum_age),
    "modules.minimumAgeExclude": _stricter(stricter.no_exclusion),
    "modules.minimumAgeMode": _stricter(stricter.age_mode),
    "modules.denyVulnerable": _stricter(stricter.deny_vulnerable),
    # Replicas read it, wherever it is: inside of the cluster too.
    "modules.vulnerabilities.url": _privileged(),
    "modules.vulnerabilities.except": _stricter(stricter.no_exception),
    "modules.vulnerabilities.unreviewed": _stricter(stricter.widening),
    "modules.vulnerabilities.unfixed": _stricter(stricter.widening),
    "modules.licenses.allow": _stricter(stricter.licenses_allowed),
    "modules.licenses.deny": _stricter(stricter.licenses_denied),
    "modules.licenses.unknown": _stricter(stricter.widening),
    "modules.licenses.mode": _stricter(stricter.license_mode),
    "modules.vulnerabilities.mode": _stricter(stricter.vulnerability_mode),
    "audit.enabled": _free(),
    "audit.to": _free(),
    # Replicas send records to it, with the replicas' way out.
    "audit.elasticsearch.url": _privileged("elasticsearch"),
    "audit.elasticsearch.index": _privileged("elasticsearch", values.none),
    "audit.elasticsearch.secretName": _baseline("secrets"),
    "cache.storage.size": _free(),
    "cache.storage.growTo": _free(),
    "cache.storage.whenDeleted": _free(),
    "cache.storage.storageClassName": _baseline(),
    "cache.storage.ephemeral": _free(),
    # Replicas read and write it, with their own way out; what is in it is served.
    "cache.objectStore.url": _privileged("objectStores"),
    "cache.objectStore.endpoint": _privileged("objectStores"),
    "cache.objectStore.claimName": _privileged("objectStores", values.claim),
    "cache.objectStore.folder": _privileged("objectStores", values.none),
    "cache.objectStore.region": _free(),
    "cache.objectStore.secretName": _baseline("secrets"),
    # It answers in the place of what is allowed.
    "cache.parent": _privileged("parents", values.parent, whole=True),
    "cache.highWatermarkPercent": _free(),
    "cache.lowWatermarkPercent": _free(),
    "cache.inactive": _free(),
    "cache.listTTL": _free(),
    "cache.staleWhileRevalidate": _free(),
    "cache.notFoundTTL": _free(),
    "cache.staleIfError": _free(),
    # What is published changes what the fleet's own clients get, and needs a right of access.rules.
    "hosted.enabled": _free(),
    "hosted.modules": _free(),
    "sync.modules": _free(),
    "sync.schedule": _free(),
    "sync.webhookSecretName": _baseline("secrets"),
    "expose.pathPrefix": _free(),
    "expose.service.type": _privileged("exposure", values.but_cluster_ip, by_result=True),
    "expose.service.annotations": _privileged("annotations", values.keys),
    "expose.service.loadBalancerClass": _privileged(),
    "expose.ingress.host": _privileged("ingressHosts"),
    "expose.ingress.className": _privileged(),
    "expose.ingress.tlsSecretName": _baseline("secrets"),
    "expose.ingress.annotations": _privileged("annotations", values.keys),
    "expose.gateway.host": _privileged("ingressHosts"),
    "expose.gateway.parentRef": _privileged("gateways", values.parent, whole=True),
    "expose.tls.secretName": _baseline("secrets"),
    "expose.tls.issuerRef": _privileged("issuers", values.issuer, whole=True),
    "expose.tls.dnsNames": _privileged("ingressHosts"),
    "monitoring.serviceMonitor": _free(),
    "monitoring.rules": _free(),
    "monitoring.objectives.availability": _free(),
    "monitoring.objectives.hitRate": _free(),
    "monitoring.objectives.fastHits": _free(),
    "monitoring.objectives.storage": _free(),
    "monitoring.dashboard": _free(),
    # They say whose Prometheus takes the alerts.
    "monitoring.labels": _privileged(),
    "pod.resources": _baseline(),
    "pod.nodeSelector": _baseline(),
    # They spread the fleet's own replicas, and so hold up the fleet alone.
    "pod.topologySpreadConstraints": _baseline(),
    "pod.tolerations": _privileged("tolerations", values.tolerated),
    "pod.affinity.nodeAffinity": _baseline(),
    # A required one of these keeps pods of other tenants off the nodes.
    "pod.affinity.podAffinity": _privileged(),
    "pod.affinity.podAntiAffinity": _privileged(),
    "pod.labels": _privileged("podLabels", values.keys),
    "pod.annotations": _privileged("annotations", values.keys),
    "pod.priorityClassName": _privileged("priorityClasses"),
    "pod.imagePullSecrets[].name": _baseline("secrets"),
    "pod.serviceAccountName": _privileged("serviceAccounts"),
    "pod.serviceAccountAnnotations": _privileged("annotations", values.keys),
}
_UNDECIDED = _privileged()
_BINDING = ("audit",)
"""Sections that are the class's alone once its defaults have them: a fleet could otherwise end an audit that whoever
keeps the class has ordered, or lead it elsewhere.
"""
_NAMED_BY_DEFAULT = ("secrets", Profile.BASELINE, Profile.BASELINE)


def profile_breaches(own: Mapping[str, Any], fleet_class: FleetClass, namespace: str) -> tuple[str, ...]:
    """Name each field that the fleet writes and may not, with its value and with what is allowed.

    `own` is the spec without the class's defaults. What says no more than these defaults passes.
    """
    written = _written(own, fleet_class.defaults, fleet_class.defaults)
    return tuple(
        breach
        for path, value in written
        for breach in _breaches(path, value, _decision(path, fleet_class.defaults), fleet_class, namespace)
    )


def _decision(path: str, defaults: Mapping[str, Any]) -> Decision:
    section = path.partition(".")[0]
    bound = section in _BINDING and bool(defaults.get(section))
    return _UNDECIDED if bound else DECISIONS.get(path, _UNDECIDED)


def named_in(fleet_class: FleetClass, by: str) -> tuple[str, ...] | None:
    """Return a list of the class's limits, by its name in the object; None where the class has none."""
    found: tuple[str, ...] | None = getattr(fleet_class.limits, _python_name(by))
    return found


def _written(own: Any, default: Any, defaults: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each decided field that is written, and each that nobody has decided."""
    if own == default or own is None:
        return
    if path in DECISIONS:
        no_weaker = DECISIONS[path].no_weaker
        if no_weaker is not None and no_weaker(own, default, defaults):
            return
        news = _news(own, default)
        if isinstance(news, Mapping) and not news and isinstance(default, Mapping):
            return  # laid over the class's, it says what the class says
        yield path, {**(default or {}), **own} if DECISIONS[path].whole else news
    elif isinstance(own, Mapping):
        below = default if isinstance(default, Mapping) else {}
        for key, value in own.items():
            yield from _written(value, below.get(key), defaults, f"{path}.{key}" if path else key)
    elif isinstance(own, list | tuple) and all(isinstance(entry, Mapping) for entry in own):
        known = default if isinstance(default, list | tuple) else ()
        for entry in own:
            if entry not in known:
                yield from _written(entry, None, defaults, f"{path}[]")
    else:
        yield path, own


def _news(own: Any, default: Any) -> Any:
    """Return of a map or a list what the class's own has not."""
    if isinstance(own, Mapping) and isinstance(default, Mapping):
        return {key: value for key, value in own.items() if key not in default or default[key] != value}
    if isinstance(own, list | tuple) and isinstance(default, list | tuple):
        return [entry for entry in own if entry not in default]
    return own


def _breaches(path: str, value: Any, decision: Decision, fleet_class: FleetClass, namespace: str) -> Iterator[str]:
    if fleet_class.profile.rank >= decision.profile.rank and (not decision.by or decision.by_result):
        return
    allowed = named_in(fleet_class, decision.by) if decision.by else None
    if allowed is None and (decision.by, decision.profile, fleet_class.profile) == _NAMED_BY_DEFAULT:
        allowed = BASELINE_SECRETS
    where = f"GoProxyClass {fleet_class.name}"
    compared = tuple(decision.values(value, namespace))
    if decision.by and not compared:
        return
    if allowed is not None:
        matches = None if decision.by_result else MATCHERS[decision.by]
        for one in compared:
            if matches is not None and not matches(one, allowed):
                yield f"spec.{path} {one} is not in limits.{decision.by} of {where} [{', '.join(allowed)}]"
    elif fleet_class.profile.rank < decision.profile.rank:
        told = f" {', '.join(compared)}" if decision.by else ""
        opened = f"limits.{decision.by} there, or " if decision.by else ""
        yield (
            f"spec.{path}{told} is not left to the fleet by profile {fleet_class.profile.value} of {where}: remove it, "
            f"or ask whoever keeps the class for {opened}profile {decision.profile.value}"
        )


def _python_name(alias: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in alias)
