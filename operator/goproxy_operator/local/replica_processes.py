"""The replicas of one fleet: as many processes as the object asks for, each with its config and its listeners."""

import asyncio
import os
import secrets
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from goproxy_operator.desired.config.document import CONFIG_FILE, Placement, replica_config, storage_bytes
from goproxy_operator.desired.stateful_set import DEFAULT_STORAGE
from goproxy_operator.local import lifeline
from goproxy_operator.local.config_files import write_config
from goproxy_operator.local.fleet_file import FleetFile
from goproxy_operator.local.replica_process import Launch, Observer, ReplicaProcess
from goproxy_operator.local.secret_files import SecretFiles
from goproxy_operator.local.state import Phase, ReplicaState
from goproxy_operator.quantity import size_in_bytes
from modproxy.contract.config import ShutdownConfig

STOP_SECONDS = 10.0
"""How long a replica may take to end. A person waits meanwhile."""
_SHUTDOWN = ShutdownConfig(delay=0.0, timeout=STOP_SECONDS - 2.0)


@dataclass(frozen=True, slots=True)
class _Member:
    """Keeps together what belongs to one replica. Its admin listener is bound here, so that the port stays the same."""

    replica: ReplicaProcess
    folder: Path
    admin: socket.socket


class ReplicaProcesses:
    """Makes the running processes what the file says.

    They share `listener`, clients call them by `hosts`, and each has a folder below `folder`. `log_format` is how they
    log.
    """

    def __init__(
        self, folder: Path, listener: socket.socket, hosts: tuple[str, ...], log_format: str, observer: Observer
    ) -> None:
        self._folder = folder
        self._secrets = SecretFiles(folder / "secrets")
        self._listener = listener
        self._hosts = hosts
        self._log_format = log_format
        self._observer = observer
        self._id = secrets.token_hex(8)
        self._members: list[_Member] = []
        self._tls = False
        self._leaving: dict[asyncio.Task[None], ReplicaProcess] = {}
        # Nobody writes to this pipe. It ends when this process ends, and so tells the replicas to end (`lifeline`).
        self._lifeline, self._kept_open = os.pipe()

    @property
    def replicas(self) -> tuple[ReplicaProcess, ...]:
        """The replicas that are meant to run, in order."""
        return tuple(member.replica for member in self._members)

    def apply(self, fleet_file: FleetFile) -> None:
        """Make the fleet what the file says. OSError when a file of it cannot be written; the replicas then run on."""
        count = fleet_file.replicas
        # The Secrets come before the configs that name them.
        self._secrets.put(fleet_file.secrets)
        switched, self._tls = fleet_file.tls is not self._tls, fleet_file.tls
        for member in self._members[:count]:
            written = self._write(member.folder, member.admin, fleet_file)
            if written != member.replica.state.written_config:
                member.replica.config_written(written)
            # A replica reads at its start only whether it serves HTTPS.
            if switched:
                member.replica.restart()
        while len(self._members) < count:
            self._members.append(self._join(f"{fleet_file.goproxy.metadata.name}-{len(self._members)}", fleet_file))
        while len(self._members) > count:
            self._leave(self._members.pop())
        self._secrets.keep_only(fleet_file.secrets)

    async def stop(self) -> None:
        """End every process, and remove what they needed. The caller closes the listener."""
        for member in self._members:
            self._leave(member)
        if self._leaving:
            await asyncio.wait(list(self._leaving))
        os.close(self._lifeline)
        os.close(self._kept_open)
        self._secrets.remove()

    def kill(self) -> None:
        """Kill the replicas that are being stopped."""
        for replica in self._leaving.values():
            replica.kill()

    def _join(self, name: str, fleet_file: FleetFile) -> _Member:
        folder = self._folder / name
        admin = socket.create_server(("127.0.0.1", 0))
        try:
            written = self._write(folder, admin, fleet_file)
        except OSError:
            admin.close()
            raise
        arguments = ("--config", str(folder / CONFIG_FILE), "--log-format", self._log_format)
        launch = Launch(
            # -P keeps the replica from importing out of the folder in which the user happens to be.
            (sys.executable, "-P", "-m", lifeline.__name__, "modproxy", *arguments),
            _environment(),
            (self._listener.fileno(), admin.fileno()),
            self._lifeline,
        )
        state = ReplicaState(name, Phase.STARTING, written, admin_port=admin.getsockname()[1])
        replica = ReplicaProcess(state, launch, self._observer)
        replica.start()
        return _Member(replica, folder, admin)

    def _write(self, folder: Path, admin: socket.socket, fleet_file: FleetFile) -> str:
        place = Placement(
            listen=f"fd:{self._listener.fileno()}",
            # A page cannot have a certificate for a name that is not its own, so TLS needs no such check.
            hosts=() if fleet_file.goproxy.spec.expose.tls else self._hosts,
            admin=f"fd:{admin.fileno()}",
            cache_dir=str(folder / "cache"),
            fleet_id=self._id,
            size_bytes=storage_bytes(fleet_file.goproxy) or size_in_bytes(DEFAULT_STORAGE),
            shutdown=_SHUTDOWN,
            secrets_dir=str(self._secrets.folder),
            machine_settings=True,
        )
        return write_config(folder, replica_config(fleet_file.goproxy, place), fleet_file.allowlist)

    def _leave(self, member: _Member) -> None:
        async def leave() -> None:
            await member.replica.stop(STOP_SECONDS)
            member.admin.close()

        task = asyncio.create_task(leave())
        self._leaving[task] = member.replica
        task.add_done_callback(self._leaving.pop)


def _environment() -> dict[str, str]:
    """Return our environment; if the machine has no go command, the PATH leads to the one beside this Python."""
    if shutil.which("go"):
        return dict(os.environ)
    beside = str(Path(sys.executable).parent)
    return os.environ | {"PATH": os.pathsep.join(filter(None, (beside, os.environ.get("PATH"))))}
