"""Fields that a class may let a fleet write each by itself, and that together pass what the class limits. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from goproxy_operator.api.goproxyclass import FleetClass
from goproxy_operator.api.limits import Profile
from goproxy_operator.reconcile.decide.matching import globs, urls
from goproxy_operator.reconcile.decide.values import annotated_issuers
from modproxy.mod.chain import EntryKind, parse_chain


def combined_breaches(own: Mapping[str, Any], spec: Mapping[str, Any], fleet_class: FleetClass) -> tuple[str, ...]:
    """Name what passes a limit only together. `own` is what the fleet writes, `spec` the same over the defaults."""
    return (*_proxy(own, spec, fleet_class), *_issuers(own, spec, fleet_class))


def _proxy(own: Mapping[str, Any], spec: Mapping[str, Any], fleet_class: FleetClass) -> Iterator[str]:
    """Judge a proxy that the fleet chooses: it sees what passes, and answers in the place of what is allowed."""
    limits = fleet_class.limits
    upstream, defaults = _below(spec, "upstream"), _below(fleet_class.defaults, "upstream")
    url, of_class = _below(upstream, "httpProxy").get("url"), _below(defaults, "httpProxy").get("url")
    authority, its = upstream.get("trustedCASecretName"), defaults.get("trustedCASecretName")
    if url is None or (url, authority) == (of_class, its):
        return
    of_fleet = url != of_class
    named = not of_fleet or urls(url, limits.http_proxies or ())
    bound = fleet_class.profile is not Profile.PRIVILEGED or limits.upstreams is not None or limits.sumdbs is not None
    where = f"of GoProxyClass {fleet_class.name}"
    if bound and authority is not None:
        trusted = authority == its or globs(authority, limits.secrets or ())
        if not (named and trusted):
            yield (
                f"spec.upstream.httpProxy.url {url} with trustedCASecretName {authority} answers for every allowed "
                f"host: both have to be named, in limits.httpProxies {_listed(limits.http_proxies)} and in "
                f"limits.secrets {_listed(limits.secrets)} {where}"
            )
    if named:
        return
    if bound and (plain := _plain(upstream.get("goproxy")) or ", ".join(upstream.get("insecure") or ())):
        yield (
            f"spec.upstream.httpProxy.url {url} answers for {plain}, whose certificate nobody asks for, and is not in "
            f"limits.httpProxies {_listed(limits.http_proxies)} {where}"
        )
    secret, of_class = (_below(one, "httpProxy").get("secretName") for one in (upstream, defaults))
    # A fleet that only repeats the name of the class's Secret is not held to `limits.secrets`.
    repeated = limits.secrets is not None and secret == of_class and not globs(secret or "", limits.secrets)
    if secret is not None and (_below(own, "upstream", "httpProxy").get("secretName") is None or repeated):
        yield (
            f"spec.upstream.httpProxy.url {url} would be sent Secret {secret}, which is the class's, and is not in "
            f"limits.httpProxies {_listed(limits.http_proxies)} {where}"
        )


def _issuers(own: Mapping[str, Any], spec: Mapping[str, Any], fleet_class: FleetClass) -> Iterator[str]:
    """Judge the issuers that an Ingress names by its annotations, whose keys alone say nothing."""
    allowed = fleet_class.limits.issuers
    if allowed is None and fleet_class.profile is Profile.PRIVILEGED:
        return
    path = ("expose", "ingress", "annotations")
    known = set(annotated_issuers(_below(fleet_class.defaults, *path)))
    for issuer in annotated_issuers(_below(spec, *path)):
        if issuer not in known and not globs(issuer, allowed or ()):
            yield (
                f"spec.expose.ingress.annotations name issuer {issuer}, which is not in limits.issuers "
                f"{_listed(allowed)} of GoProxyClass {fleet_class.name}"
            )


def _plain(goproxy: str | None) -> str | None:
    entries = parse_chain(goproxy) if goproxy else ()
    return next((e.url for e in entries if e.kind is EntryKind.PROXY and e.url.startswith("http://")), None)


def _listed(allowed: Sequence[str] | None) -> str:
    return f"[{', '.join(allowed or ())}]"


def _below(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for key in path:
        document = document.get(key) or {}
    return document
