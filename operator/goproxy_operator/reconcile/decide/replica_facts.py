"""What is known of one replica of a fleet. Pure."""

from dataclasses import dataclass

from goproxy_operator.observed.pod_trouble import PodTrouble
from modproxy.contract.report import Report


@dataclass(frozen=True, slots=True)
class ReplicaFacts:
    """A pod of the fleet, and what it last reported, if it did lately."""

    name: str
    ready: bool
    report: Report | None = None
    uid: str = ""
    nudge: str | None = None
    """The hash of the config that it was nudged to take."""
    refused: str | None = None
    """Why its latest answer to the question for its report is no report."""
    trouble: PodTrouble | None = None
    """What is wrong with the pod, by its own status."""
