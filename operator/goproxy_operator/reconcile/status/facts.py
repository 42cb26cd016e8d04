"""What the status of an object is made from. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.kube.resources import Object
from goproxy_operator.reconcile.decide.audit import Verdict
from goproxy_operator.reconcile.decide.family import ALONE, Family
from goproxy_operator.reconcile.decide.in_force import GenerationInForce
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.decide.trouble import Trouble


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What was seen and done in one pass, for the status to tell."""

    goproxy: GoProxy
    stateful_set: Object | None
    autoscaler: Object | None
    replicas: Sequence[ReplicaFacts]
    config_hash: str
    """The hash of the documents in force."""
    config_problem: Problem | None = None
    """Why the documents in force are not those that the object asks for."""
    autoscaling_problem: Problem | None = None
    """Why the autoscaler gets no figures, or why there is no autoscaler."""
    resizing: str | None = None
    """How far the growth of the claims has come, while it lasts."""
    claim_size: str | None = None
    """What the replicas' volumes have, where that is less than what is asked for."""
    suspended: bool = False
    """The user wants nothing changed."""
    stalled: Problem | None = None
    """What stands in the way until somebody acts on it."""
    verdict: Verdict = field(default_factory=Verdict)
    """What the fleet's classes say of it, dry runs too."""
    refused: bool = False
    """Nothing of the newest generation is carried out."""
    in_force: GenerationInForce | None = None
    """What was carried out last, where that is not the newest generation as it is now."""
    repaired: bool = False
    """What is in force is put back where somebody changes it."""
    family: Family = ALONE
    """The other fleets that the fleet is tied to."""
    now: float = 0.0
    """Seconds since the epoch, for what counts when it has lasted."""
    trouble: Trouble | None = None
    """Why replicas are missing, where that has lasted."""

    @property
    def desired_replicas(self) -> int:
        """How many replicas the StatefulSet is to have."""
        if self.stateful_set is None and self.adopting:
            return len(self.replicas)
        return int((self.stateful_set or {}).get("spec", {}).get("replicas", 0))

    @property
    def made(self) -> bool:
        """Say whether the replicas' StatefulSet is there, or is about to be made anew around pods that serve."""
        return self.stateful_set is not None or self.adopting

    @property
    def adopting(self) -> bool:
        """Say whether the StatefulSet was made anew around pods that never stopped, and does not count them yet."""
        if not any(replica.ready for replica in self.replicas):
            return False
        return self.stateful_set is None or not self.stateful_set.get("status", {}).get("observedGeneration")

    def count(self, field: str) -> int:
        """Return a count of the StatefulSet's status: `replicas`, `readyReplicas`, `updatedReplicas`."""
        if self.adopting:
            return sum(replica.ready or field != "readyReplicas" for replica in self.replicas)
        return int((self.stateful_set or {}).get("status", {}).get(field) or 0)

    @property
    def whole(self) -> bool:
        """Say whether all replicas that are asked for are ready, and no others are there."""
        wanted = self.desired_replicas
        return self.count("replicas") == self.count("readyReplicas") == wanted and self.seen_by_its_controller

    @property
    def rolling(self) -> bool:
        """Say whether the controller replaces pods of an older template, and not only makes or adds some."""
        status = (self.stateful_set or {}).get("status", {})
        ended = status.get("currentRevision") == status.get("updateRevision")
        return not ended and min(self.count("updatedReplicas"), self.count("readyReplicas")) < self.desired_replicas

    @property
    def seen_by_its_controller(self) -> bool:
        """Say whether the StatefulSet's status is about what we applied last."""
        if self.adopting:
            return True
        if self.stateful_set is None:
            return False
        observed = self.stateful_set.get("status", {}).get("observedGeneration", 0)
        return int(observed) >= int(self.stateful_set["metadata"].get("generation", 0))
