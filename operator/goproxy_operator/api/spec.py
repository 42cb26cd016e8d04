"""`spec` of the object: what a user asks for. Everything is optional; `spec: {}` is a good fleet."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from goproxy_operator.api import cel, cel_expose
from goproxy_operator.api.affinity import Affinity
from goproxy_operator.api.autoscaling import MOST_REPLICAS, Autoscaling
from goproxy_operator.api.expose import Annotations, Expose, ObjectName
from goproxy_operator.api.fields import (
    Contact,
    Duration,
    Labels,
    LabelValue,
    Name,
    Patterns,
    PositiveDuration,
    Quantity,
    Size,
)
from goproxy_operator.api.monitoring import Monitoring
from goproxy_operator.api.part import ATOMIC, Items, Part
from goproxy_operator.api.upstream import Upstream
from goproxy_operator.quantity import size_in_bytes
from modproxy.contract import config

Replicas = Annotated[int, Field(ge=0, le=MOST_REPLICAS)]


class Mode(StrEnum):
    """What happens to a module that may not be served: refused, or served but counted and logged."""

    ENFORCE = "Enforce"
    DRY_RUN = "DryRun"


class Modules(Part):
    """What may be served."""

    mode: Annotated[Mode, Field(strict=False)] | None = None
    """Enforce refuses what may not be served, DryRun serves, but counts and logs it. Default: Enforce."""
    allow: Patterns = ()
    """Patterns as in GOPRIVATE. Empty, with no ConfigMap named: everything that is not denied."""
    deny: Patterns = ()
    """Patterns as in GOPRIVATE; stronger than `allow`."""
    allowlist_config_map_name: Name | None = None
    """A ConfigMap of the same namespace, with more patterns under key `modules`, one a line. In force once named."""
    contact: Contact | None = None
    """Whom a developer asks about a refusal: a name, a channel, an address. Told with each."""


class WhenDeleted(StrEnum):
    """What becomes of the claims of a fleet that is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"


class Storage(Part):
    """The claim of each replica."""

    model_config = ConfigDict(json_schema_extra=cel.STORAGE)

    size: Size | None = None
    """Of each replica, such as 50Gi; may only grow. Default: 10Gi in a cluster, what the file system holds locally."""
    storage_class_name: Name | None = None
    """Immutable. Default: the cluster's default class."""
    when_deleted: Annotated[WhenDeleted, Field(strict=False)] | None = None
    """What becomes of the claims when the object is deleted. Default: Retain."""
    grow_to: Size | None = None
    """Up to here the claims grow by themselves, when the caches stay full. Default: they do not."""

    @model_validator(mode="after")
    def _grows(self) -> "Storage":
        if self.grow_to is not None and self.size is None:
            raise ValueError("growTo needs size, from which it grows: write both, for example size 50Gi, growTo 200Gi")
        if (
            self.grow_to is not None
            and self.size is not None
            and size_in_bytes(self.grow_to) < size_in_bytes(self.size)
        ):
            raise ValueError(f"growTo {self.grow_to} is less than size {self.size}: write {self.size} or more")
        return self


Percent = Annotated[int, Field(ge=1, le=99)]


class Cache(Part):
    """What is kept, and for how long."""

    model_config = ConfigDict(json_schema_extra=cel.CACHE)

    storage: Storage | None = None
    high_watermark_percent: Percent | None = None
    """Of the size: above, the least recently used files go ... Default: 85."""
    low_watermark_percent: Percent | None = None
    """... down to here. Default: 75."""
    inactive: PositiveDuration | None = None
    """What nobody asked for this long goes. Default: nothing goes for that."""
    list_ttl: Duration | None = Field(None, alias="listTTL")
    """How long a list or a query is served before it is asked for anew. Default: 60s."""
    not_found_ttl: Duration | None = Field(None, alias="notFoundTTL")
    """How long a 404 or 410 of upstream is remembered. Default: 60s."""
    stale_if_error: Duration | None = None
    """How long an answer that is due may still be served while upstream is out of reach. Default: 24h."""

    @model_validator(mode="after")
    def _low_is_below_high(self) -> "Cache":
        default = config.CacheConfig()
        low, high = self.low_watermark_percent, self.high_watermark_percent
        if (low or default.low_watermark_percent) >= (high or default.high_watermark_percent):
            raise ValueError(
                f"lowWatermarkPercent {low or f'{default.low_watermark_percent} (the default)'} is not below "
                f"highWatermarkPercent {high or f'{default.high_watermark_percent} (the default)'}: "
                "write both, for example 75 and 85"
            )
        return self


class Resources(Part):
    """What a replica's container asks for, and may use at most."""

    requests: Annotated[dict[str, Quantity], Field(max_length=16)] | None = None
    limits: Annotated[dict[str, Quantity], Field(max_length=16)] | None = None


class Toleration(Part):
    """A taint that replicas put up with; the fields are those of Kubernetes."""

    key: Annotated[str, StringConstraints(max_length=317)] | None = None
    operator: Annotated[str, StringConstraints(max_length=16)] | None = None
    value: Annotated[str, StringConstraints(max_length=63)] | None = None
    effect: Annotated[str, StringConstraints(max_length=32)] | None = None
    toleration_seconds: int | None = None


class SecretName(Part):
    """A Secret of the same namespace."""

    name: Name


class Pod(Part):
    """What the pods of the replicas carry besides what the operator gives them."""

    model_config = ConfigDict(json_schema_extra=cel_expose.POD)

    resources: Resources | None = None
    node_selector: Annotated[dict[str, LabelValue], Field(max_length=64)] | None = None
    tolerations: Annotated[Items[Toleration], Field(max_length=64, json_schema_extra=ATOMIC)] = ()
    affinity: Affinity | None = None
    labels: Labels | None = None
    annotations: (
        Annotated[dict[str, Annotated[str, StringConstraints(max_length=4096)]], Field(max_length=64)] | None
    ) = None
    priority_class_name: Annotated[str, StringConstraints(max_length=253)] | None = None
    image_pull_secrets: Annotated[
        Items[SecretName],
        Field(
            max_length=16, json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
        ),
    ] = ()
    service_account_name: ObjectName | None = None
    """A ServiceAccount of yours. Default: one that the operator makes. No token of either is mounted."""
    service_account_annotations: Annotations | None = None
    """On the ServiceAccount that the operator makes: what your cloud's workload identity reads."""

    @model_validator(mode="after")
    def _annotations_have_their_account(self) -> "Pod":
        if self.service_account_name is not None and self.service_account_annotations is not None:
            raise ValueError(
                "serviceAccountAnnotations are for the ServiceAccount that the operator makes: annotate the one of "
                "serviceAccountName yourself, or remove that name"
            )
        return self


class Spec(Part):
    """All that a user may ask for."""

    model_config = ConfigDict(json_schema_extra=cel.SPEC)

    class_name: Name | None = None
    """The GoProxyClass that sets defaults and limits. Default: the one marked default, where there is one."""
    replicas: Replicas | None = None
    """No default in the CRD: without `autoscaling` too, the operator runs its own default."""
    autoscaling: Autoscaling | None = None
    upstream: Upstream = Upstream()
    modules: Modules = Modules()
    cache: Cache = Cache()
    expose: Expose = Expose()
    monitoring: Monitoring = Monitoring()
    image: Annotated[str, StringConstraints(max_length=512)] | None = None
    """Default: the operator's own version."""
    pod: Pod = Pod()
    suspend: bool | None = None
    """True: nothing is changed until it is false again, but what the fleet's class imposes. Default: false."""

    @model_validator(mode="after")
    def _replicas_or_autoscaling(self) -> "Spec":
        if self.replicas is not None and self.autoscaling is not None:
            raise ValueError("write either replicas, for a fixed number, or autoscaling, for a range; not both")
        return self
