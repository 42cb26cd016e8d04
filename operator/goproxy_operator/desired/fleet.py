"""All children of one object, in the order in which they are applied."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.autoscaler import autoscaler
from goproxy_operator.desired.client_service import client_service
from goproxy_operator.desired.config_map import Documents, config_map
from goproxy_operator.desired.disruption_budget import disruption_budget
from goproxy_operator.desired.headless_service import headless_service
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.service_account import service_account
from goproxy_operator.desired.stateful_set import stateful_set


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What children depend on besides the object."""

    default_image: str
    """Of the replicas, where the object names none."""
    files: Documents
    claims: Sequence[Manifest]
    """The claim templates in force: those asked for, or the live ones, which cannot be changed."""
    replicas: int | None
    """None where an autoscaler owns the number."""
    served: Collection[str] = ()
    """The kinds of optional APIs that this cluster serves."""


def children(goproxy: GoProxy, circumstances: Circumstances) -> list[Manifest]:
    """Return every child that the object asks for: what pods need comes before the pods."""
    made = [
        service_account(goproxy),
        config_map(goproxy, circumstances.files),
        headless_service(goproxy),
        client_service(goproxy),
        stateful_set(goproxy, circumstances.claims, circumstances.replicas, circumstances.default_image),
        disruption_budget(goproxy),
    ]
    if goproxy.spec.autoscaling is not None:
        made.append(autoscaler(goproxy, goproxy.spec.autoscaling))
    return made
