"""Whether a fleet stays within the limits of its class. Pure.

What would be made is judged: the fleet's own fields, the class's defaults under them, and the operator's own defaults
where neither says anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.api.goproxyclass import FleetClass
from goproxy_operator.api.limits import Profile, Way
from goproxy_operator.desired.stateful_set import DEFAULT_REPLICAS, DEFAULT_STORAGE
from goproxy_operator.quantity import parse_quantity
from goproxy_operator.reconcile.decide.matching import covers, globs, is_at_or_below, words
from modproxy.mod.chain import Entry, EntryKind, parse_chain

_OFF = "off"


def breaches(goproxy: GoProxy, spec: Mapping[str, Any], fleet_class: FleetClass) -> tuple[str, ...]:
    """Name field, value and limit of each breach. `spec` is what `goproxy` was read from."""
    return (
        *_replicas(goproxy, fleet_class),
        *_storage(spec, fleet_class),
        *_upstreams(goproxy, fleet_class),
        *_sumdbs(goproxy, fleet_class),
        *_unverified(spec, fleet_class),
        *_images(goproxy, fleet_class),
        *_exposure(spec, fleet_class),
    )


def _replicas(goproxy: GoProxy, fleet_class: FleetClass) -> Iterator[str]:
    limit = fleet_class.limits.max_replicas
    spec = goproxy.spec
    if spec.autoscaling is not None:
        field, value, default = "autoscaling.maxReplicas", spec.autoscaling.max_replicas, ""
    elif spec.replicas is not None:
        field, value, default = "replicas", spec.replicas, ""
    else:
        field, value, default = "replicas", DEFAULT_REPLICAS, " (the default)"
    if limit is not None and value > limit:
        yield f"spec.{field} {value}{default} is more than {_limit(fleet_class, 'maxReplicas')} {limit}"


def _storage(spec: Mapping[str, Any], fleet_class: FleetClass) -> Iterator[str]:
    limit = fleet_class.limits.max_storage
    if limit is None:
        return
    storage = _below(spec, "cache", "storage")
    sizes = [("size", storage.get("size") or DEFAULT_STORAGE, "" if storage.get("size") else " (the default)")]
    sizes += [("growTo", storage["growTo"], "")] if storage.get("growTo") else []
    for field, value, default in sizes:
        if parse_quantity(value) > parse_quantity(limit):
            yield (
                f"spec.cache.storage.{field} {value}{default} is more than {_limit(fleet_class, 'maxStorage')} {limit}"
            )


def _upstreams(goproxy: GoProxy, fleet_class: FleetClass) -> Iterator[str]:
    allowed = fleet_class.limits.upstreams
    if allowed is None:
        return
    upstream = goproxy.spec.upstream
    limit = f"{_limit(fleet_class, 'upstreams')} [{', '.join(allowed)}]"
    if upstream.goproxy is None:
        yield _left_to_the_environment("goproxy", limit)
    else:
        for entry in parse_chain(upstream.goproxy):
            if not _allows(allowed, entry):
                yield f"spec.upstream.goproxy names {entry}, which is not in {limit}"
    if EntryKind.DIRECT.value in allowed:
        return
    # A module that these patterns match is fetched from version control, past every upstream.
    field = "goprivate" if upstream.gonoproxy is None else "gonoproxy"
    if patterns := (upstream.goprivate if upstream.gonoproxy is None else upstream.gonoproxy):
        yield f"spec.upstream.{field} [{', '.join(patterns)}] is fetched directly, and direct is not in {limit}"


def _left_to_the_environment(field: str, limit: str) -> str:
    return (
        f"spec.upstream.{field} is not given, so that the replicas' environment would choose: write what is in {limit}"
    )


def _allows(allowed: tuple[str, ...], entry: Entry) -> bool:
    match entry.kind:
        case EntryKind.OFF:
            return True
        case EntryKind.DIRECT:
            return EntryKind.DIRECT.value in allowed
        case EntryKind.PROXY:
            return any(is_at_or_below(entry.url, one) for one in allowed if one != EntryKind.DIRECT.value)


def _sumdbs(goproxy: GoProxy, fleet_class: FleetClass) -> Iterator[str]:
    allowed = fleet_class.limits.sumdbs
    if allowed is None:
        return
    upstream = goproxy.spec.upstream
    limit = f"{_limit(fleet_class, 'sumdbs')} [{', '.join(allowed)}]"
    if upstream.gosumdb is None:
        yield _left_to_the_environment("gosumdb", limit)
    elif not words(upstream.gosumdb, allowed):
        yield f"spec.upstream.gosumdb {upstream.gosumdb} is not in {limit}"


def _unverified(spec: Mapping[str, Any], fleet_class: FleetClass) -> Iterator[str]:
    """Judge what no checksum database verifies: for a fleet, that is right only for what comes from version control.

    From an upstream it would be as with gosumdb off. What the class's own defaults leave so is the class's choice.
    """
    allowed, upstream = fleet_class.limits.sumdbs, _below(spec, "upstream")
    if allowed is None and fleet_class.profile is Profile.PRIVILEGED:
        return
    if (upstream.get("gosumdb") or "").strip() == _OFF or _OFF in (allowed or ()):
        return
    of_class = _from_upstreams(_below(fleet_class.defaults, "upstream"))
    if not (found := [pattern for pattern in _from_upstreams(upstream) if pattern not in of_class]):
        return
    way, keeping = (field if upstream.get(field) is not None else "goprivate" for field in ("gonoproxy", "gonosumdb"))
    why = f"profile {fleet_class.profile.value} of GoProxyClass {fleet_class.name} does not leave that to the fleet"
    if allowed is not None:
        why = f"{_OFF} is not in {_limit(fleet_class, 'sumdbs')} [{', '.join(allowed)}]"
    yield (
        f"spec.upstream.{way} lets [{', '.join(found)}] come from upstreams, and {keeping} keeps it from being "
        f"verified; {why}: write the same patterns in both"
    )


def _from_upstreams(upstream: Mapping[str, Any]) -> Sequence[str]:
    """Return the patterns that nobody verifies and that version control does not answer for."""
    private = upstream.get("goprivate") or ()
    direct, unverified = (
        private if (written := upstream.get(field)) is None else written for field in ("gonoproxy", "gonosumdb")
    )
    return [pattern for pattern in unverified if not covers(direct, pattern)]


def _images(goproxy: GoProxy, fleet_class: FleetClass) -> Iterator[str]:
    allowed, image = fleet_class.limits.images, goproxy.spec.image
    if allowed is None or not image:
        return
    if not globs(image, allowed):
        yield f"spec.image {image} matches nothing in {_limit(fleet_class, 'images')} [{', '.join(allowed)}]"


def _exposure(spec: Mapping[str, Any], fleet_class: FleetClass) -> Iterator[str]:
    allowed = fleet_class.limits.exposure
    if allowed is None:
        return
    expose = _below(spec, "expose")
    ways_used = [("service.type", _below(expose, "service").get("type") or Way.CLUSTER_IP.value)]
    ways_used += [
        (field, way.value) for field, way in (("ingress", Way.INGRESS), ("gateway", Way.GATEWAY)) if expose.get(field)
    ]
    for field, way in ways_used:
        if way != Way.CLUSTER_IP.value and way not in allowed:
            ways = ", ".join(dict.fromkeys([Way.CLUSTER_IP.value, *allowed]))
            yield f"spec.expose.{field} exposes by {way}, which is not in {_limit(fleet_class, 'exposure')} [{ways}]"


def _limit(fleet_class: FleetClass, field: str) -> str:
    return f"limits.{field} of GoProxyClass {fleet_class.name}"


def _below(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for key in path:
        document = document.get(key) or {}
    return document
