"""`cache` of the config: what a replica keeps, where, and for how long."""

from goproxy_operator.api.cache import CacheSpec
from goproxy_operator.desired.config.defaults import without_none
from goproxy_operator.desired.config.object_store import object_store_config
from modproxy.contract.config import CacheConfig, ParentConfig


def cache_config(
    spec: CacheSpec, folder: str, size_bytes: int | None, parent: ParentConfig | None = None
) -> CacheConfig:
    """Return the section. A `size_bytes` of None is what the file system holds."""
    section = {
        "dir": folder,
        "sizeBytes": size_bytes,
        "highWatermarkPercent": spec.high_watermark_percent,
        "lowWatermarkPercent": spec.low_watermark_percent,
        "inactive": spec.inactive,
        "listTTL": spec.list_ttl,
        "staleWhileRevalidate": spec.stale_while_revalidate,
        "notFoundTTL": spec.not_found_ttl,
        "staleIfError": spec.stale_if_error,
        "objectStore": object_store_config(spec.object_store),
        "parent": parent,
    }
    return CacheConfig.model_validate(without_none(section))
