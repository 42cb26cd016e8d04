"""What a replica is told: one rule for a cluster and for one machine."""

from dataclasses import dataclass, field
from typing import Any

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.api.upstream import Upstream
from goproxy_operator.quantity import size_in_bytes
from modproxy.contract import config

ALLOWLIST_FILE = "allowlist"
"""Beside the config file: the patterns of the ConfigMap that the object names, one a line."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a replica runs, which the object does not say. Addresses as in `modproxy.contract.config.Listen`."""

    listen: str
    admin: str
    cache_dir: str
    fleet_id: str | None
    """Names the fleet in `Via`: the object's uid in a cluster, random elsewhere."""
    size_bytes: int | None
    """How much the cache may hold; None: what the file system holds."""
    shutdown: config.ShutdownConfig = field(default_factory=config.ShutdownConfig)
    secrets_dir: str | None = None
    """Where the replica finds the Secrets that the object names; None: the data plane's default."""
    imposed: config.Imposed | None = None
    """What the fleet's class lets it serve."""


def storage_bytes(goproxy: GoProxy) -> int | None:
    """Return the size that the object gives the cache of each replica, if it does."""
    storage = goproxy.spec.cache.storage
    return size_in_bytes(storage.size) if storage is not None and storage.size is not None else None


def replica_config(goproxy: GoProxy, place: Placement) -> config.Config:
    """Compute the config of every replica of the fleet. What the object leaves out keeps the data plane's default."""
    spec = goproxy.spec
    document = {
        "id": place.fleet_id,
        "fleet": f"{goproxy.metadata.namespace}/{goproxy.metadata.name}",
        "listen": place.listen,
        "admin": place.admin,
        "pathPrefix": spec.expose.path_prefix,
        "secretsDir": place.secrets_dir,
        "tls": None if spec.expose.tls is None else {"secretName": spec.expose.tls.secret_name},
        "upstream": _upstream(spec.upstream),
        "modules": {
            "mode": spec.modules.mode,
            "allow": spec.modules.allow,
            "deny": spec.modules.deny,
            "allowlistFile": ALLOWLIST_FILE if spec.modules.allowlist_config_map_name else None,
            "contact": spec.modules.contact,
            "imposed": place.imposed,
        },
        "cache": {
            "dir": place.cache_dir,
            "sizeBytes": place.size_bytes,
            "highWatermarkPercent": spec.cache.high_watermark_percent,
            "lowWatermarkPercent": spec.cache.low_watermark_percent,
            "inactive": spec.cache.inactive,
            "listTTL": spec.cache.list_ttl,
            "notFoundTTL": spec.cache.not_found_ttl,
            "staleIfError": spec.cache.stale_if_error,
        },
        "shutdown": place.shutdown,
    }
    return config.Config.model_validate(_given(document))


def _upstream(upstream: Upstream) -> dict[str, Any]:
    proxy = upstream.http_proxy
    return {
        "goproxy": upstream.goproxy,
        "gosumdb": upstream.gosumdb,
        "goprivate": upstream.goprivate,
        "gonoproxy": upstream.gonoproxy,
        "gonosumdb": upstream.gonosumdb,
        "credentials": tuple(
            config.CredentialConfig(pattern=entry.pattern, secret_name=entry.secret_name)
            for entry in upstream.credentials
        ),
        "trustedCASecretName": upstream.trusted_ca_secret_name,
        "httpProxy": None
        if proxy is None
        else {"url": proxy.url, "noProxy": proxy.no_proxy, "secretName": proxy.secret_name},
        "timeout": upstream.timeout,
        "directTimeout": upstream.direct_timeout,
    }


def _given(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the object did not give, so that the data plane's own defaults hold."""
    return {
        key: _given(value) if isinstance(value, dict) else value for key, value in document.items() if value is not None
    }
