"""All children of one object, in the order in which they are applied."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from goproxy_operator.api.autoscaling import Provider
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.autoscaler import autoscaler
from goproxy_operator.desired.client_service import client_service
from goproxy_operator.desired.config_map import ConfigDocuments, config_map
from goproxy_operator.desired.disruption_budget import disruption_budget
from goproxy_operator.desired.exposure import exposure_children
from goproxy_operator.desired.headless_service import headless_service
from goproxy_operator.desired.kin import NO_KIN, Kin
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.monitoring.switches import monitoring_children
from goproxy_operator.desired.pod_template import pod_template
from goproxy_operator.desired.scaled_object import scaled_object
from goproxy_operator.desired.service_account import service_account
from goproxy_operator.desired.stateful_set import stateful_set
from modproxy.contract.log_lines import TEXT


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """Holds what the children are decided from, besides the object."""

    default_image: str
    """The image of the replicas where the object names no image."""
    files: ConfigDocuments
    claims: Sequence[Manifest]
    """The claim templates in force: of the object or, because they are immutable, of the live StatefulSet. None where
    the cache is ephemeral."""
    replicas: int | None
    """None where an autoscaler owns the number."""
    served: Collection[str] = ()
    """The kinds of optional APIs that this cluster serves."""
    operator_namespace: str = ""
    """The namespace of the operator's own pods."""
    rate_from: Provider | None = None
    """The provider of the request rate; None: there is no autoscaler."""
    assigned_users: bool = False
    """The cluster itself gives pods their user, as OpenShift does, and refuses others."""
    docs: str = "docs"
    """Where people read the pages about alerts."""
    log_format: str = TEXT
    """How the replicas log."""
    ephemeral_size: str | None = None
    """The size of an ephemeral cache; None where it has a claim."""
    kin: Kin = NO_KIN
    """The other fleets that the fleet is tied to."""


def children(goproxy: GoProxy, facts: ChildFacts) -> list[Manifest]:
    """Return every child that the object asks for: what pods need comes before the pods."""
    made = [] if goproxy.spec.pod.service_account_name else [service_account(goproxy)]
    made += [
        config_map(goproxy, facts.files),
        headless_service(goproxy),
        client_service(goproxy),
        *exposure_children(goproxy, facts.served, facts.operator_namespace, facts.kin),
        stateful_set(
            goproxy,
            facts.claims,
            facts.replicas,
            pod_template(
                goproxy,
                facts.default_image,
                ephemeral_size=facts.ephemeral_size,
                assigned_user=facts.assigned_users,
                log_format=facts.log_format,
            ),
        ),
        disruption_budget(goproxy),
        *monitoring_children(goproxy, facts.served, facts.docs),
    ]
    return [*made, *_scalers(goproxy, facts.rate_from)]


def _scalers(goproxy: GoProxy, rate_from: Provider | None) -> list[Manifest]:
    autoscaling = goproxy.spec.autoscaling
    if autoscaling is None or rate_from is None:
        return []
    if rate_from is not Provider.KEDA:
        return [autoscaler(goproxy, autoscaling, rate_from)]
    prometheus = autoscaling.prometheus
    return [scaled_object(goproxy, autoscaling, prometheus)] if prometheus is not None else []
