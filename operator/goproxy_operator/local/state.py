"""What is known of a local fleet at one moment: values that the consoles show and `changes` compares. Pure."""

import signal
from dataclasses import dataclass
from enum import StrEnum

from modproxy.contract.report import Report


class Phase(StrEnum):
    """Where a replica's process is in its life."""

    STARTING = "starting"
    """It runs and has not yet reported."""
    RUNNING = "running"
    WAITING = "waiting"
    """It died, and is started again after a while."""
    REFUSED = "refused"
    """It ended because it does not accept its config, and is started again when that changes."""
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Death:
    """How a process ended: `exit_code` as in `subprocess` (negative for a signal), and the last line it wrote."""

    exit_code: int
    last_line: str = ""

    @property
    def cause(self) -> str:
        """`exit 1` or `SIGKILL`."""
        if self.exit_code >= 0:
            return f"exit {self.exit_code}"
        try:
            return signal.Signals(-self.exit_code).name
        except ValueError:
            return f"signal {-self.exit_code}"


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """One replica. `death` is that of the process before, `restart_seconds` how long it is waited for; `report` is of
    the process that runs now, and None until it answers. `wanted_config` is the hash of what was written for it. Its
    admin listener has `admin_port` of the loopback.
    """

    name: str
    phase: Phase
    wanted_config: str
    admin_port: int = 0
    pid: int | None = None
    restarts: int = 0
    death: Death | None = None
    restart_seconds: float = 0.0
    report: Report | None = None

    @property
    def ready(self) -> bool:
        """Whether it serves."""
        return self.phase is Phase.RUNNING and self.report is not None and self.report.ready

    @property
    def in_force(self) -> bool:
        """Whether it says that what was written for it last is what it does."""
        return self.report is not None and self.report.config.hash == self.wanted_config


@dataclass(frozen=True, slots=True)
class FleetState:
    """All replicas in order, and what is wrong with the file that asks for them, if anything is."""

    name: str
    replicas: tuple[ReplicaState, ...] = ()
    problem: str | None = None

    @property
    def reports(self) -> tuple[Report, ...]:
        """Those that are known."""
        return tuple(replica.report for replica in self.replicas if replica.report is not None)

    @property
    def ready(self) -> int:
        """How many replicas serve."""
        return sum(replica.ready for replica in self.replicas)

    @property
    def in_force(self) -> int:
        """How many replicas do what was written for them last."""
        return sum(replica.in_force for replica in self.replicas)
