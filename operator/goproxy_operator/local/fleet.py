"""The replicas of one fleet: as many processes as the object asks for, each with what it is told by."""

import asyncio
import os
import secrets
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from goproxy_operator.desired.config.document import Placement, replica_config, storage_bytes
from goproxy_operator.desired.stateful_set import DEFAULT_STORAGE
from goproxy_operator.local import lifeline
from goproxy_operator.local.config_files import CONFIG_FILE, write_config
from goproxy_operator.local.documents import Documents
from goproxy_operator.local.process import Launch, Observer, Replica
from goproxy_operator.local.secret_files import SecretFiles
from goproxy_operator.local.state import Phase, ReplicaState
from goproxy_operator.quantity import size_in_bytes
from modproxy.contract.config import ShutdownConfig

STOP_SECONDS = 10.0
"""How long a replica may take to end; a person waits for it."""
_SHUTDOWN = ShutdownConfig(delay=0.0, timeout=STOP_SECONDS - 2.0)


@dataclass(frozen=True, slots=True)
class _Member:
    """A replica, its folder, and its admin listener: bound here, so that its port is known and stays the same."""

    replica: Replica
    folder: Path
    admin: socket.socket


class Fleet:
    """What `apply` asked for last. The replicas share `listener`, and each has a folder below `folder`."""

    def __init__(self, folder: Path, listener: socket.socket, observer: Observer) -> None:
        self._folder = folder
        self._secrets = SecretFiles(folder / "secrets")
        self._listener = listener
        self._observer = observer
        self._id = secrets.token_hex(8)
        self._members: list[_Member] = []
        self._tls = False
        self._leaving: dict[asyncio.Task[None], Replica] = {}
        # Nobody writes to it. That it ends, however we do, is what tells the replicas to end (`local.lifeline`).
        self._lifeline, self._kept_open = os.pipe()

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """Those that are meant to run, in order."""
        return tuple(member.replica for member in self._members)

    def apply(self, documents: Documents) -> None:
        """Make the fleet what the documents ask for. OSError when that cannot be written down; what runs runs on."""
        count = documents.replicas
        self._secrets.put(documents.secrets)  # before the configs that name them
        switched, self._tls = documents.tls is not self._tls, documents.tls
        for member in self._members[:count]:
            wanted = self._write(member.folder, member.admin, documents)
            if wanted != member.replica.state.wanted_config:
                member.replica.config_written(wanted)
            if switched:  # read at the start only
                member.replica.restart()
        while len(self._members) < count:
            self._members.append(self._join(f"{documents.goproxy.metadata.name}-{len(self._members)}", documents))
        while len(self._members) > count:
            self._leave(self._members.pop())
        self._secrets.keep_only(documents.secrets)

    async def stop(self) -> None:
        """End every process, and give back what is ours; the listener is the caller's."""
        for member in self._members:
            self._leave(member)
        if self._leaving:
            await asyncio.wait(list(self._leaving))
        os.close(self._lifeline)
        os.close(self._kept_open)
        self._secrets.remove()

    def kill(self) -> None:
        """Wait no longer for those that are being stopped."""
        for replica in self._leaving.values():
            replica.kill()

    def _join(self, name: str, documents: Documents) -> _Member:
        folder = self._folder / name
        admin = socket.create_server(("127.0.0.1", 0))
        try:
            wanted = self._write(folder, admin, documents)
        except OSError:
            admin.close()
            raise
        launch = Launch(
            # -P: a folder in which a user happens to stand is no place to import from.
            (sys.executable, "-P", "-m", lifeline.__name__, "modproxy", "--config", str(folder / CONFIG_FILE)),
            _environment(),
            (self._listener.fileno(), admin.fileno()),
            self._lifeline,
        )
        state = ReplicaState(name, Phase.STARTING, wanted, admin_port=admin.getsockname()[1])
        replica = Replica(state, launch, self._observer)
        replica.start()
        return _Member(replica, folder, admin)

    def _write(self, folder: Path, admin: socket.socket, documents: Documents) -> str:
        place = Placement(
            listen=f"fd:{self._listener.fileno()}",
            admin=f"fd:{admin.fileno()}",
            cache_dir=str(folder / "cache"),
            fleet_id=self._id,
            size_bytes=storage_bytes(documents.goproxy) or size_in_bytes(DEFAULT_STORAGE),
            shutdown=_SHUTDOWN,
            secrets_dir=str(self._secrets.folder),
        )
        return write_config(folder, replica_config(documents.goproxy, place), documents.allowlist)

    def _leave(self, member: _Member) -> None:
        async def leave() -> None:
            await member.replica.stop(STOP_SECONDS)
            member.admin.close()

        task = asyncio.create_task(leave())
        self._leaving[task] = member.replica
        task.add_done_callback(self._leaving.pop)


def _environment() -> dict[str, str]:
    """Ours, with a go command on the PATH: the one installed beside this Python, if the machine has none."""
    if shutil.which("go"):
        return dict(os.environ)
    beside = str(Path(sys.executable).parent)
    return os.environ | {"PATH": os.pathsep.join(filter(None, (beside, os.environ.get("PATH"))))}
