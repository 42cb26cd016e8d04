"""`cache` of the config: what is kept, where, and for how long."""

from typing import Self

from pydantic import Field, model_validator

from modproxy.contract.config.section import Section
from modproxy.contract.fields import Duration


class CacheConfig(Section):
    """What is kept, where, and for how long."""

    dir: str = "/var/cache/modproxy"
    size_bytes: int | None = Field(None, gt=0)
    """How much the cache may hold; absent: what the file system holds."""
    high_watermark_percent: int = Field(85, ge=1, le=99)
    """Of the capacity: above, the least recently used files go ..."""
    low_watermark_percent: int = Field(75, ge=1, le=99)
    """... down to here."""
    inactive: Duration | None = Field(None, gt=0)
    """What nobody asked for this long goes; absent: nothing goes for that."""
    list_ttl: Duration = Field(60.0, alias="listTTL")
    """How long a list, an `@latest` or a query is served before it is asked for anew."""
    not_found_ttl: Duration = Field(60.0, alias="notFoundTTL")
    """How long a 404 or 410 of upstream is remembered."""
    stale_if_error: Duration = 24 * 3600.0
    """How long after its refresh was due an answer may still be served while upstream is out of reach."""

    @model_validator(mode="after")
    def _low_is_below_high(self) -> Self:
        if self.low_watermark_percent >= self.high_watermark_percent:
            raise ValueError(
                f"lowWatermarkPercent {self.low_watermark_percent} is not below highWatermarkPercent "
                f"{self.high_watermark_percent}: write for example 75 and 85"
            )
        return self
