"""The replicas of one fleet: as many processes as the object asks for, each with its config and its listeners."""

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from goproxy_operator.desired.config.document import CONFIG_FILE, Placement, replica_config, storage_bytes
from goproxy_operator.desired.stateful_set import DEFAULT_STORAGE
from goproxy_operator.local import lifeline
from goproxy_operator.local.config_files import write_config
from goproxy_operator.local.fleet_file import FleetFile
from goproxy_operator.local.peer_token import write_peer_token
from goproxy_operator.local.replica_process import Launch, Observer, ReplicaProcess
from goproxy_operator.local.secret_files import SecretFiles
from goproxy_operator.local.state import Phase, ReplicaState
from goproxy_operator.quantity import size_in_bytes
from modproxy.contract.config import PeersConfig, ShutdownConfig

STOP_SECONDS = 10.0
"""How long a replica may take to end. A person waits meanwhile."""
_SHUTDOWN = ShutdownConfig(delay=0.0, timeout=STOP_SECONDS - 2.0)


@dataclass(frozen=True, slots=True)
class _Member:
    """Keeps together what belongs to one replica. Its own listeners are bound here, so that the ports stay the same."""

    replica: ReplicaProcess
    place: "_Place"


@dataclass(frozen=True, slots=True)
class _Place:
    """Says where one replica has its files, where it is watched, and where other replicas ask it."""

    name: str
    folder: Path
    admin: socket.socket
    peers: socket.socket

    @property
    def address(self) -> str:
        """The address at which other replicas ask this one."""
        return f"127.0.0.1:{self.peers.getsockname()[1]}"

    def close(self) -> None:
        self.admin.close()
        self.peers.close()


class ReplicaProcesses:
    """Makes the running processes what the file says.

    They share `listener`, clients call them by `hosts`, and each has a folder below `folder`. `log_format` is how they
    log, and `docs` where people read the folder docs of this repository.
    """

    def __init__(
        self,
        folder: Path,
        listener: socket.socket,
        hosts: tuple[str, ...],
        log_format: str,
        observer: Observer,
        *,
        docs: str,
    ) -> None:
        self._folder = folder
        self._secrets = SecretFiles(folder / "secrets")
        self._listener = listener
        self._hosts = hosts
        self._log_format = log_format
        self._observer = observer
        self._docs = docs
        self._id = secrets.token_hex(8)
        self._members: list[_Member] = []
        self._token: Path | None = None
        """The file by which the replicas know each other; None before the first start."""
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
        if self._token is None:
            self._token = write_peer_token(self._folder)
        places = [member.place for member in self._members[:count]]
        new = self._bind(fleet_file, range(len(places), count))
        addresses = tuple(place.address for place in (*places, *new))
        try:
            for member in self._members[:count]:
                written = self._write(member.place, addresses, self._token, fleet_file)
                if written != member.replica.state.written_config:
                    member.replica.config_written(written)
                # A replica reads at its start only whether it serves HTTPS.
                if switched:
                    member.replica.restart()
            while new:
                written = self._write(new[0], addresses, self._token, fleet_file)
                self._members.append(self._join(new.pop(0), written))
        finally:
            for place in new:
                place.close()
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
        if self._token is not None:
            self._token.unlink(missing_ok=True)

    def kill(self) -> None:
        """Kill the replicas that are being stopped."""
        for replica in self._leaving.values():
            replica.kill()

    def _bind(self, fleet_file: FleetFile, numbers: Iterable[int]) -> list[_Place]:
        """Bind the listeners of new replicas. Raises `OSError`."""
        names = [f"{fleet_file.goproxy.metadata.name}-{number}" for number in numbers]
        with contextlib.ExitStack() as bound:

            def listener() -> socket.socket:
                return bound.enter_context(contextlib.closing(socket.create_server(("127.0.0.1", 0))))

            places = [_Place(name, self._folder / name, listener(), listener()) for name in names]
            bound.pop_all()
        return places

    def _join(self, place: _Place, written: str) -> _Member:
        arguments = ("--config", str(place.folder / CONFIG_FILE), "--log-format", self._log_format)
        launch = Launch(
            # -P keeps the replica from importing out of the folder in which the user happens to be.
            (sys.executable, "-P", "-m", lifeline.__name__, "modproxy", *arguments),
            _environment(),
            (self._listener.fileno(), place.admin.fileno(), place.peers.fileno()),
            self._lifeline,
        )
        state = ReplicaState(place.name, Phase.STARTING, written, admin_port=place.admin.getsockname()[1])
        replica = ReplicaProcess(state, launch, self._observer)
        replica.start()
        return _Member(replica, place)

    def _write(self, place: _Place, addresses: tuple[str, ...], token: Path, fleet_file: FleetFile) -> str:
        placement = Placement(
            listen=f"fd:{self._listener.fileno()}",
            # A page cannot have a certificate for a name that is not its own, so TLS needs no such check.
            hosts=() if fleet_file.goproxy.spec.expose.tls else self._hosts,
            admin=f"fd:{place.admin.fileno()}",
            cache_dir=str(place.folder / "cache"),
            fleet_id=self._id,
            size_bytes=storage_bytes(fleet_file.goproxy) or size_in_bytes(DEFAULT_STORAGE),
            shutdown=_SHUTDOWN,
            secrets_dir=str(self._secrets.folder),
            machine_settings=True,
            docs=self._docs,
        )
        peers = PeersConfig(
            listen=f"fd:{place.peers.fileno()}", name=place.name, addresses=addresses, token_file=str(token)
        )
        config = replica_config(fleet_file.goproxy, placement).model_copy(update={"peers": peers})
        return write_config(place.folder, config, fleet_file.allowlist)

    def _leave(self, member: _Member) -> None:
        async def leave() -> None:
            await member.replica.stop(STOP_SECONDS)
            member.place.close()

        task = asyncio.create_task(leave())
        self._leaving[task] = member.replica
        task.add_done_callback(self._leaving.pop)


def _environment() -> dict[str, str]:
    """Return our environment; if the machine has no go command, the PATH leads to the one beside this Python."""
    if shutil.which("go"):
        return dict(os.environ)
    beside = str(Path(sys.executable).parent)
    return os.environ | {"PATH": os.pathsep.join(filter(None, (beside, os.environ.get("PATH"))))}
