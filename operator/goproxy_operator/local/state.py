"""What is known of a local fleet at one moment. Consoles show these values, `changes` compares them. Pure."""

import signal
from dataclasses import dataclass
from enum import StrEnum

from modproxy.contract.report import Report


class Phase(StrEnum):
    """Says where a replica's process is in its life."""

    STARTING = "starting"
    """The process runs and has not reported yet."""
    RUNNING = "running"
    WAITING = "waiting"
    """The process died, and is started again after a while."""
    REFUSED = "refused"
    """The process ended because it refuses its config, and is started again when the config changes."""
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Death:
    """Says how a process ended. `exit_code` is as in `subprocess`: negative for a signal."""

    exit_code: int
    last_line: str = ""

    @property
    def cause(self) -> str:
        """The way of the end in words, such as `exit 1` or `SIGKILL`."""
        if self.exit_code >= 0:
            return f"exit {self.exit_code}"
        try:
            return signal.Signals(-self.exit_code).name
        except ValueError:
            return f"signal {-self.exit_code}"


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """Holds what is known of one replica.

    `written_config` is the hash of the config that was written for the replica. `death` tells how the process before
    ended, `restart_seconds` how long the next start is put off. `report` comes from the process that runs now, and is
    None before that has answered. `admin_port` is a port of the loopback.
    """

    name: str
    phase: Phase
    written_config: str
    admin_port: int = 0
    pid: int | None = None
    restarts: int = 0
    death: Death | None = None
    restart_seconds: float = 0.0
    report: Report | None = None

    @property
    def ready(self) -> bool:
        """True when the replica serves."""
        return self.phase is Phase.RUNNING and self.report is not None and self.report.ready

    @property
    def in_force(self) -> bool:
        """True when the replica reports the config that was written for it last."""
        return self.report is not None and self.report.config.hash == self.written_config


@dataclass(frozen=True, slots=True)
class FleetState:
    """Holds all replicas in order, and `problem`: what is wrong with the file, if anything is."""

    name: str
    replicas: tuple[ReplicaState, ...] = ()
    problem: str | None = None

    @property
    def reports(self) -> tuple[Report, ...]:
        """The reports of the replicas that have answered."""
        return tuple(replica.report for replica in self.replicas if replica.report is not None)

    @property
    def ready(self) -> int:
        """The number of replicas that serve."""
        return sum(replica.ready for replica in self.replicas)

    @property
    def in_force(self) -> int:
        """The number of replicas whose config in force is the one that was written last."""
        return sum(replica.in_force for replica in self.replicas)
