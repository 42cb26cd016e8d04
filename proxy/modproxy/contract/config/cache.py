"""`cache` of the config: which files are stored, where, and for how long."""

from typing import Self

from pydantic import Field, model_validator

from modproxy.contract.config.section import Section
from modproxy.contract.config.sharing import ObjectStoreConfig, ParentConfig
from modproxy.contract.fields import Duration


class CacheConfig(Section):
    """Configures which files are stored, where, and for how long."""

    dir: str = "/var/cache/modproxy"
    """The cache directory. It is read at the start only."""
    size_bytes: int | None = Field(None, gt=0)
    """How many bytes may be stored; when absent, the size of the file system."""
    high_watermark_percent: int = Field(85, ge=1, le=99)
    """Above this part of the capacity, the least recently used files are removed."""
    low_watermark_percent: int = Field(75, ge=1, le=99)
    """Down to this part of the capacity, files are removed."""
    inactive: Duration | None = Field(None, gt=0)
    """How long after its last use a file is removed; when absent, no file is removed for its age."""
    list_ttl: Duration = Field(60.0, alias="listTTL")
    """How long the answer to a list, an `@latest` or a query is served before it is fetched anew."""
    stale_while_revalidate: Duration | None = None
    """How long after `list_ttl` the old answer is still served while a new one is fetched (RFC 5861, section 3); when
    absent, as long as `list_ttl`.
    """
    not_found_ttl: Duration = Field(60.0, alias="notFoundTTL")
    """How long a 404 or 410 of upstream is remembered."""
    stale_if_error: Duration = 24 * 3600.0
    """How long after `list_ttl` the old answer may be served when upstream gives none (RFC 5861, section 4)."""

    parent: ParentConfig | None = None
    object_store: ObjectStoreConfig | None = None

    @property
    def revalidation_seconds(self) -> float:
        """How long after `list_ttl` the old answer is served while a new one is fetched."""
        return self.list_ttl if self.stale_while_revalidate is None else self.stale_while_revalidate

    @model_validator(mode="after")
    def _low_is_below_high(self) -> Self:
        if self.low_watermark_percent >= self.high_watermark_percent:
            raise ValueError(
                f"lowWatermarkPercent {self.low_watermark_percent} is not below highWatermarkPercent "
                f"{self.high_watermark_percent}: write for example 75 and 85"
            )
        return self
