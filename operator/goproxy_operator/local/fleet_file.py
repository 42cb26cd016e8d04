"""The file that a local fleet is made from: one `GoProxy`, and the ConfigMaps and Secrets beside it. Pure."""

from dataclasses import dataclass, field
from typing import Any

from goproxy_operator.api.goproxy import API_VERSION, KIND, GoProxy, InvalidGoProxyError, parse_goproxy
from goproxy_operator.desired.autoscaler import least_replicas
from goproxy_operator.desired.names import USER_ALLOWLIST_KEY
from goproxy_operator.desired.secrets import (
    access_secrets,
    audit_secret,
    certificate_secret,
    object_store_secret,
    referenced_secrets,
    upstream_secrets,
    webhook_secret,
)
from goproxy_operator.desired.stateful_set import DEFAULT_REPLICAS
from goproxy_operator.local.secret_documents import Secret, SecretError, missing_secrets, parse_secret
from goproxy_operator.local.yaml_text import DocumentError, load_documents
from modproxy.mod.dead_pattern import dead
from modproxy.mod.pattern import PatternError, parse_lines


@dataclass(frozen=True, slots=True)
class FleetFile:
    """Holds what the runner needs of the file, checked.

    `allowlist` is the text of the ConfigMap that the object names. It is None when the object names no ConfigMap, and
    when the file lacks the one that is named; `allowlist_missing` tells the two apart. `secrets` are the Secrets that
    the object names and the file has.
    """

    goproxy: GoProxy
    allowlist: str | None = None
    allowlist_missing: bool = False
    secrets: tuple[Secret, ...] = field(default=(), repr=False)

    @property
    def tls(self) -> bool:
        """True when the fleet serves HTTPS."""
        return self.goproxy.spec.expose.tls is not None

    @property
    def replicas(self) -> int:
        """The number of replicas: of a range the lower end, because nothing scales a local fleet."""
        spec = self.goproxy.spec
        if spec.autoscaling is not None:
            return least_replicas(spec.autoscaling)
        return DEFAULT_REPLICAS if spec.replicas is None else spec.replicas


def parse_fleet_file(text: str) -> FleetFile:
    """Read the file's text, or raise `DocumentError` with all that is wrong."""
    mistakes: list[str] = []
    fleets: list[dict[str, Any]] = []
    config_maps: list[dict[str, Any]] = []
    secrets: list[dict[str, Any]] = []
    for line, document in load_documents(text):
        match document.get("apiVersion"), document.get("kind"):
            case (str(version), str(kind)) if (version, kind) == (API_VERSION, KIND):
                fleets.append(document)
            case ("v1", "ConfigMap"):
                config_maps.append(document)
            case ("v1", "Secret"):
                secrets.append(document)
            case (version, kind):
                mistakes.append(
                    f"line {line}: apiVersion {version!r}, kind {kind!r}: "
                    f"write one {KIND} of {API_VERSION}, the ConfigMaps and Secrets of v1 it names, and nothing else"
                )
    if not fleets and mistakes:
        raise DocumentError(*mistakes)
    if len(fleets) != 1:
        mistakes.append(
            f"{len(fleets)} {KIND} objects: write one of apiVersion {API_VERSION}, kind {KIND}"
            + (", and run each fleet from a file of its own" if fleets else "")
        )
        raise DocumentError(*mistakes)
    checked = _checked_secrets(secrets, mistakes)
    try:
        goproxy = parse_goproxy(fleets[0])
    except InvalidGoProxyError as e:
        raise DocumentError(*mistakes, *e.mistakes) from None
    mistakes += _of_clusters_only(goproxy)
    namespace = _metadata(fleets[0]).get("namespace")
    name = goproxy.spec.modules.allowlist_config_map_name
    allowlist = _allowlist(config_maps, name, namespace, mistakes) if name else None
    named = _secrets(checked, referenced_secrets(goproxy), namespace, mistakes)
    if mistakes:
        raise DocumentError(*mistakes)
    return FleetFile(goproxy, allowlist, name is not None and allowlist is None, named)


def missing(fleet_file: FleetFile) -> str | None:
    """Return what to tell when something that the object names is not in the file."""
    goproxy, secrets = fleet_file.goproxy, fleet_file.secrets
    told = (
        _missing_allowlist(fleet_file),
        missing_secrets("spec.upstream", upstream_secrets(goproxy), secrets, "what needs it is answered with an error"),
        missing_secrets("spec.expose.tls", certificate_secret(goproxy), secrets, "nobody is served"),
        missing_secrets("spec.access", access_secrets(goproxy), secrets, "nobody can prove who he is by it"),
        _missing_cluster(goproxy),
        missing_secrets("spec.audit", audit_secret(goproxy), secrets, "audit records wait on the disk"),
        missing_secrets("spec.sync", webhook_secret(goproxy), secrets, "no webhook is taken"),
        missing_secrets("spec.cache.objectStore", object_store_secret(goproxy), secrets, "the store is not used"),
    )
    return "; ".join(filter(None, told)) or None


def _of_clusters_only(goproxy: GoProxy) -> list[str]:
    """Return what is wrong on one machine, where there are no other fleets and no claims."""
    cache = goproxy.spec.cache
    found: list[str] = []
    if cache.parent is not None:
        found.append(
            f"spec.cache.parent: there is no cluster here, and so no GoProxy {cache.parent.name} to ask: remove it, "
            "and write the URL of that fleet into spec.upstream.goproxy"
        )
    if cache.object_store is not None and cache.object_store.claim_name is not None:
        found.append(
            "spec.cache.objectStore.claimName: there is no cluster here, and so no claim: write url: file:///FOLDER"
        )
    return found


def _missing_cluster(goproxy: GoProxy) -> str | None:
    access = goproxy.spec.access
    if access is None or access.service_accounts is None:
        return None
    return (
        "spec.access.serviceAccounts: there is no cluster here, so that no service account can prove itself; use basic "
        "or oidc on this machine"
    )


def _missing_allowlist(fleet_file: FleetFile) -> str | None:
    if not fleet_file.allowlist_missing:
        return None
    name = fleet_file.goproxy.spec.modules.allowlist_config_map_name
    return (
        f"spec.modules.allowlistConfigMapName: ConfigMap {name} is not in the file: "
        "the last known list holds, at first nothing is allowed; add the ConfigMap"
    )


def _metadata(document: dict[str, Any]) -> dict[str, Any]:
    metadata = document.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _is_in(document: dict[str, Any], namespace: object) -> bool:
    return namespace is None or _metadata(document).get("namespace", namespace) == namespace


def _checked_secrets(documents: list[dict[str, Any]], mistakes: list[str]) -> list[tuple[dict[str, Any], Secret]]:
    """Return the documents that are Secrets, each with the Secret; what is wrong with the others joins `mistakes`."""
    found: list[tuple[dict[str, Any], Secret]] = []
    for document in documents:
        try:
            found.append((document, parse_secret(document)))
        except SecretError as e:
            mistakes.append(str(e))
    return found


def _secrets(
    checked: list[tuple[dict[str, Any], Secret]], names: tuple[str, ...], namespace: object, mistakes: list[str]
) -> tuple[Secret, ...]:
    """Return the Secrets that are named."""
    found: dict[str, Secret] = {}
    for document, secret in checked:
        if secret.name not in names or not _is_in(document, namespace):
            continue
        if secret.name in found:
            mistakes.append(f"several Secrets are called {secret.name}: keep one of them")
        found[secret.name] = secret
    return tuple(found.values())


def _allowlist(config_maps: list[dict[str, Any]], name: str, namespace: object, mistakes: list[str]) -> str | None:
    """Return the patterns of the ConfigMap `name`, checked. A namespace left out, on either side, is the same one."""
    named = [item for item in config_maps if _metadata(item).get("name") == name and _is_in(item, namespace)]
    if len(named) > 1:
        mistakes.append(f"{len(named)} ConfigMaps are called {name}: keep one of them")
    if not named:
        return None
    where, data = f"ConfigMap {name}: data.{USER_ALLOWLIST_KEY}", named[0].get("data")
    text = data.get(USER_ALLOWLIST_KEY) if isinstance(data, dict) else None
    if not isinstance(text, str):
        mistakes.append(f"{where} is no text: write one pattern a line under it")
        return None
    try:
        patterns = parse_lines(text)
    except PatternError as e:
        mistakes.append(f"{where}: {e}")
        return None
    mistakes += [
        f"{where}: {pattern.text!r} matches no module: {why}" for pattern in patterns if (why := dead(pattern.text))
    ]
    return text
