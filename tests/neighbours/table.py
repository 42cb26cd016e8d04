"""What kstatus and Argo CD are to make of a fleet in each state."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """The verdicts, and words of their messages; None where any will do."""

    kstatus: str
    kstatus_says: str | None
    argocd: str
    argocd_says: str


TABLE = {
    "new": Row("InProgress", None, "Progressing", "has not looked at this generation"),
    "no replica ready": Row("InProgress", "0 of 1 replicas are ready", "Progressing", "0 of 1 replicas are ready"),
    "image missing": Row("InProgress", "push the tag", "Progressing", "push the tag"),
    "ready": Row("Current", None, "Healthy", "1 of 1 replicas are ready"),
    "upstream and Secret fail": Row("Current", None, "Healthy", "1 of 1 replicas are ready"),
    # It serves meanwhile; StorageResizing says how far it has come.
    "volume grows": Row("Current", None, "Healthy", "1 of 1 replicas are ready"),
    "one of two ready": Row("InProgress", "1 of 2 replicas are ready", "Progressing", "1 of 2 replicas are ready"),
    "refused by its class": Row("Failed", "limits.maxReplicas", "Degraded", "ClassLimitExceeded: "),
    "name of a child taken": Row("Failed", "Service other exists", "Degraded", "NameConflict: Service other exists"),
    "no replica asked for": Row("InProgress", "no replica is asked for", "Suspended", "no replica is asked for"),
    "suspended without a replica": Row("InProgress", "spec.suspend is true", "Suspended", "spec.suspend is true"),
    "ready again": Row("Current", None, "Healthy", "1 of 1 replicas are ready"),
    "suspended while it serves": Row("Current", None, "Suspended", "spec.suspend is true"),
    "changed while no operator runs": Row("InProgress", "generation", "Progressing", "has not looked"),
    "being deleted": Row("Terminating", None, "Progressing", "Pending deletion"),
}
