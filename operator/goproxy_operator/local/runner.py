"""Runs one fleet until a signal: follows the file, reads the replicas' reports, tells the user."""

import asyncio
import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from goproxy_operator.desired import names
from goproxy_operator.local.changes import changes
from goproxy_operator.local.console import Console
from goproxy_operator.local.file_watch import INTERVAL_SECONDS, FileEvent, FileWatch
from goproxy_operator.local.fleet_file import FleetFile, missing, parse_fleet_file
from goproxy_operator.local.listener import client_url, own_hosts
from goproxy_operator.local.prometheus_files import prometheus_files, write_prometheus
from goproxy_operator.local.replica_process import ReplicaProcess
from goproxy_operator.local.replica_processes import ReplicaProcesses
from goproxy_operator.local.state import FleetState
from goproxy_operator.local.yaml_text import DocumentError
from goproxy_operator.replica_report import fetch_report, report_session
from goproxy_operator.running_fleets import RunningFleet, RunningReplica, remove_state, write_state
from modproxy.contract.address import Address

REPORT_EVERY_SECONDS = 0.5
REPORT_SECONDS = 2.0
"""How long a replica may take to answer."""
_REPORTS_AT_A_TIME = 16
STAY_AS_THEY_ARE = "the replicas stay as they are"


def read_fleet_file(file: Path) -> FleetFile:
    """Read the file, or raise `DocumentError` with lines that begin with the file's name."""
    try:
        return parse_fleet_file(file.read_text(encoding="utf-8"))
    except DocumentError as e:
        raise DocumentError(*(f"{file}: {mistake}" for mistake in e.mistakes)) from None
    except OSError as e:
        raise DocumentError(f"{file}: cannot be read ({e.strerror}): name a file with a GoProxy object in it") from None
    except UnicodeDecodeError:
        raise DocumentError(f"{file}: not UTF-8: save it in that encoding") from None


@dataclass(frozen=True, slots=True)
class Place:
    """Says where a fleet runs, how its replicas log, and where people read the folder docs of this repository."""

    folder: Path
    address: Address
    listener: socket.socket
    log_format: str
    docs: str


class Runner:
    """Runs one fleet from its first start to its end, on the event loop of `run`."""

    def __init__(
        self,
        watch: FileWatch,
        fleet_file: FleetFile,
        place: Place,
        console: Console,
    ) -> None:
        self._file = watch.path
        self._watch = watch
        self._fleet_file = fleet_file
        self._folder, self._address, self._listener = place.folder, place.address, place.listener
        self._console = console
        hosts = own_hosts(place.address, place.listener)
        self._processes = ReplicaProcesses(place.folder, place.listener, hosts, place.log_format, self, docs=place.docs)
        self._problem: str | None = None
        self._shown = FleetState(fleet_file.goproxy.metadata.name)
        self._docs = place.docs
        self._written: RunningFleet | None = None
        """What the state file says, or was to say where it could not be written."""
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Run the fleet until a signal says stop. OSError when its files cannot be written at the start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._take_signal)
        self._console.tell(f"export GOPROXY={self._url(self._fleet_file)}")
        self._console.tell("# GOPRIVATE, GOSUMDB and the rest of `go env` remain your own")
        try:
            self._take(self._fleet_file)
            async with report_session(_REPORTS_AT_A_TIME) as session, asyncio.TaskGroup() as group:
                followers = [group.create_task(self._follow_file()), group.create_task(self._follow_replicas(session))]
                await self._stop.wait()
                for follower in followers:
                    follower.cancel()
        finally:
            self._stop.set()  # from here on the state file is not written
            remove_state(self._folder)
            with suppress(OSError):
                self._write_prometheus_files([])
            await self._processes.stop()

    def changed(self) -> None:
        """Tell what changed, and show the present state."""
        before, name = self._shown, self._shown.name
        self._shown = FleetState(name, tuple(replica.state for replica in self._processes.replicas), self._problem)
        for line in changes(before, self._shown):
            self._console.tell(line)
        self._console.show(self._shown)
        self._write_state()

    def _write_state(self) -> None:
        """Tell other programs of this user what runs, where that has changed."""
        fleet = RunningFleet(
            name=self._shown.name,
            pid=os.getpid(),
            file=str(self._file.absolute()),
            url=self._url(self._fleet_file),
            item=self._fleet_file.goproxy.model_dump(mode="json", by_alias=True, exclude_unset=True),
            replicas=tuple(
                RunningReplica(
                    name=replica.name, admin_port=replica.admin_port, pid=replica.pid, config=replica.written_config
                )
                for replica in self._shown.replicas
            ),
        )
        if fleet == self._written or self._stop.is_set():
            return
        self._written = fleet
        try:
            write_state(self._folder, fleet)
            self._write_prometheus_files([(replica.name, replica.admin_port) for replica in fleet.replicas])
        except OSError as e:  # the fleet itself needs no such file
            self._console.tell(f"{e.filename}: {e.strerror}: other commands may not find this fleet")

    def _write_prometheus_files(self, replicas: list[tuple[str, int]]) -> None:
        write_prometheus(self._folder, prometheus_files(self._fleet_file.goproxy, replicas, self._docs))

    def said(self, replica: str, line: str) -> None:
        """Show a line that a replica wrote."""
        self._console.said(replica, line)

    def _take_signal(self) -> None:
        if self._stop.is_set():
            # A second signal comes from someone in a hurry.
            self._processes.kill()
        self._stop.set()

    async def _follow_file(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            match self._watch.poll():
                case FileEvent.CHANGED:
                    self._read_again()
                case FileEvent.GONE:
                    self._have_problem(f"{self._file} is gone: {STAY_AS_THEY_ARE}; put it back to change them")

    def _read_again(self) -> None:
        try:
            fleet_file = read_fleet_file(self._file)
            old, new = self._shown.name, fleet_file.goproxy.metadata.name
            if new != old:
                raise DocumentError(
                    f"{self._file}: metadata.name: was {old}, is {new}: stop, and start again, to run another fleet"
                )
            self._take(fleet_file)
        except DocumentError as e:
            self._have_problem(f"{e}; {STAY_AS_THEY_ARE}")
        except OSError as e:
            self._have_problem(
                f"{e.filename}: cannot be written ({e.strerror}): make room or give access, then save again"
            )

    def _take(self, fleet_file: FleetFile) -> None:
        """Make the fleet what the file says. After an `OSError` each replica has either its old or its new files."""
        self._processes.apply(fleet_file)
        held = {secret.name: secret for secret in self._fleet_file.secrets}
        for secret in fleet_file.secrets:
            if secret != held.get(secret.name, secret):
                self._console.tell(f"Secret {secret.name}: what begins from now on uses the new one")
        if (url := self._url(fleet_file)) != self._url(self._fleet_file):
            self._console.tell(f"export GOPROXY={url}")
        self._fleet_file = fleet_file
        self._have_problem(missing(fleet_file))

    def _have_problem(self, problem: str | None) -> None:
        self._problem = problem
        self.changed()

    def _url(self, fleet_file: FleetFile) -> str:
        port = self._listener.getsockname()[1]
        prefix = fleet_file.goproxy.spec.expose.path_prefix or ""
        return client_url(self._address, port, prefix, names.scheme(tls=fleet_file.tls))

    async def _follow_replicas(self, session: aiohttp.ClientSession) -> None:
        while True:
            await asyncio.gather(*(_fetch(session, replica) for replica in self._processes.replicas))
            await asyncio.sleep(REPORT_EVERY_SECONDS)


async def _fetch(session: aiohttp.ClientSession, replica: ReplicaProcess) -> None:
    if (pid := replica.state.pid) is not None:
        admin_url = f"http://127.0.0.1:{replica.state.admin_port}"
        replica.reported(pid, await fetch_report(session, admin_url, REPORT_SECONDS))
