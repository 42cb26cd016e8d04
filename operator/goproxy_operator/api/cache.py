"""`spec.cache`: what the replicas keep, for how long, and on which volumes."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from goproxy_operator.api.family import ParentSpec
from goproxy_operator.api.fields import HUGE, Duration, Name, PositiveDuration, Size
from goproxy_operator.api.object_store import ObjectStoreSpec
from goproxy_operator.api.part import Part
from goproxy_operator.api.rule import NO_OLD_OBJECT, MessageValue, Rule, Rules, ServerRule
from goproxy_operator.quantity import size_in_bytes
from modproxy.contract.config import CacheConfig


class WhenDeleted(StrEnum):
    """What becomes of the claims of a fleet that is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"


def _comparable(name: str) -> str:
    """Write CEL that holds where the API server may read the quantity of the field `name`."""
    return f"(!self.{name}.matches('{HUGE}') && isQuantity(self.{name}))"


_EPHEMERAL = "(has(self.ephemeral) && self.ephemeral)"
_STORAGE_RULES: Rules["StorageSpec"] = (
    ServerRule(
        cel="!has(oldSelf.size) || has(self.size)",
        message="size may not be removed: write {oldSelf.size} or more",
        because=NO_OLD_OBJECT,
    ),
    Rule(
        cel=f"!{_EPHEMERAL} || (!has(self.growTo) && !has(self.storageClassName) && !has(self.whenDeleted))",
        holds=lambda spec: (
            not spec.ephemeral or (spec.grow_to, spec.storage_class_name, spec.when_deleted) == (None,) * 3
        ),
        message="growTo, storageClassName and whenDeleted are of claims, and an ephemeral cache has none: remove them",
    ),
    Rule(
        cel=f"!{_EPHEMERAL} || has(self.size)",
        holds=lambda spec: not spec.ephemeral or spec.size is not None,
        message="an ephemeral cache needs size, which it takes of its node's disk: write for example size 20Gi",
    ),
    Rule(
        cel="!has(self.growTo) || has(self.size)",
        holds=lambda spec: spec.grow_to is None or spec.size is not None,
        message="growTo needs size, from which it grows: write both, for example size 50Gi, growTo 200Gi",
    ),
    Rule(
        cel=f"!has(self.growTo) || !has(self.size) || !{_comparable('growTo')} || !{_comparable('size')}"
        " || quantity(self.growTo).compareTo(quantity(self.size)) >= 0",
        holds=lambda spec: (
            spec.grow_to is None or spec.size is None or size_in_bytes(spec.grow_to) >= size_in_bytes(spec.size)
        ),
        message="growTo {growTo} is less than size {size}: write {size} or more",
        field_path=".growTo",
    ),
)


class StorageSpec(Part):
    """The claim of each replica, or its part of the node's disk."""

    RULES: ClassVar = _STORAGE_RULES

    size: Size | None = None
    """Of each replica, such as 50Gi; may only grow, but a size that no volume has may be taken back. Default: 10Gi in a
    cluster, what the file system holds locally."""
    storage_class_name: Name | None = None
    """Immutable once a replica serves. Default: the cluster's default class."""
    when_deleted: Annotated[WhenDeleted, Field(strict=False)] | None = None
    """What becomes of the claims when the object is deleted. Default: Retain."""
    grow_to: Size | None = None
    """Up to here the claims grow by themselves, when the caches stay full. Default: they do not."""
    ephemeral: bool | None = None
    """True: no claim; the cache is on the node's disk and ends with its pod. Immutable once a replica serves.
    Default: false."""


WatermarkPercent = Annotated[int, Field(ge=1, le=99)]
_DEFAULT = CacheConfig()
_DEFAULT_HIGH, _DEFAULT_LOW = _DEFAULT.high_watermark_percent, _DEFAULT.low_watermark_percent


def _or_default(name: str, default: int) -> str:
    return f"(has(self.{name}) ? self.{name} : {default})"


def _default_mark(name: str) -> str:
    return f"has(self.{name}) ? '' : ' (the default)'"


_HIGH = _or_default("highWatermarkPercent", _DEFAULT_HIGH)
_LOW = _or_default("lowWatermarkPercent", _DEFAULT_LOW)
_CACHE_RULES: Rules["CacheSpec"] = (
    Rule(
        cel=f"{_LOW} < {_HIGH}",
        holds=lambda spec: (
            (spec.low_watermark_percent or _DEFAULT_LOW) < (spec.high_watermark_percent or _DEFAULT_HIGH)
        ),
        message="lowWatermarkPercent {low:d}{low_default:s} is not below highWatermarkPercent {high:d}{high_default:s}:"
        " write both, for example 75 and 85",
        values={
            "low": MessageValue(_LOW, lambda spec: spec.low_watermark_percent or _DEFAULT_LOW),
            "low_default": MessageValue(
                _default_mark("lowWatermarkPercent"),
                lambda spec: "" if spec.low_watermark_percent else " (the default)",
            ),
            "high": MessageValue(_HIGH, lambda spec: spec.high_watermark_percent or _DEFAULT_HIGH),
            "high_default": MessageValue(
                _default_mark("highWatermarkPercent"),
                lambda spec: "" if spec.high_watermark_percent else " (the default)",
            ),
        },
    ),
)


class CacheSpec(Part):
    """What is kept, and for how long."""

    RULES: ClassVar = _CACHE_RULES

    storage: StorageSpec | None = None
    high_watermark_percent: WatermarkPercent | None = None
    """Of the size: above, the least recently used files go ... Default: 85."""
    low_watermark_percent: WatermarkPercent | None = None
    """... down to here. Default: 75."""
    inactive: PositiveDuration | None = None
    """What nobody asked for this long goes. Default: nothing goes for that."""
    list_ttl: Duration | None = Field(None, alias="listTTL")
    """How long a list or a query is served before it is asked for anew. Default: 60s."""
    stale_while_revalidate: Duration | None = None
    """How long after listTTL the old answer is still served while a new one is fetched. Default: as listTTL."""
    not_found_ttl: Duration | None = Field(None, alias="notFoundTTL")
    """How long a 404 or 410 of upstream is remembered. Default: 60s."""
    stale_if_error: Duration | None = None
    """How long after listTTL the old answer may be served when upstream gives none. Default: 24h."""
    object_store: ObjectStoreSpec | None = None
    parent: ParentSpec | None = None
