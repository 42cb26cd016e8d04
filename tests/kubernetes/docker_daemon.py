"""Finds a docker daemon that can run nodes: the machine's if it can start privileged containers, else one of ours."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tests.kubernetes import prerequisites, programs
from tests.kubernetes.cache_folder import cache_folder
from tests.kubernetes.docker import Docker, DockerError
from tests.kubernetes.progress import say, step

RUNTIME = Path(__file__).resolve().parent / "runc-lite"
START = 30.0  # seconds
POD_IMAGE = "goproxy-operator.test/pod:2"  # with no files but pause and the links into /usr


class NoDaemonError(Exception):
    """No docker daemon that can run nodes; the message says what to do."""


def ensure() -> Docker:
    """The machine's daemon if it can run nodes, else ours, started if need be.

    Raises NoDaemonError, MissingPrerequisiteError, BuildError. The daemon holds POD_IMAGE afterwards.
    """
    prerequisites.require(prerequisites.CLIENT, "A cluster of ours")
    for docker in (Docker(), _ours()):
        if docker.answers() and _refusal(docker) is None:
            return docker
    if os.geteuid() != 0:
        reason = _refusal(Docker()) if Docker().answers() else "none answers to this user"
        raise NoDaemonError(
            f"No docker daemon that can run a cluster's nodes ({reason}), and only root can start one: start docker "
            "and join the group docker, run this as root, or set E2E_KUBECONFIG to the kubeconfig of a cluster."
        )
    prerequisites.require(prerequisites.DAEMON, "A docker daemon of ours")
    docker = _ours()
    if not docker.answers():
        with step("starting a docker daemon"):
            _start(docker)
    if refusal := _refusal(docker):
        raise NoDaemonError(f"Our docker daemon runs, but cannot start a privileged container:\n{refusal}")
    return docker


def find() -> Docker | None:
    """The daemon that `ensure` would take of those that run now, without trying containers; ours first."""
    running = [docker for docker in (_ours(), Docker()) if docker.answers()]
    return running[0] if running else None


def stop() -> None:
    """End the daemon that we started, if it runs, and never another one."""
    pid_file = _folder() / "pid"
    try:
        pid = int(pid_file.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return
    # Another process may have the number by now.
    if str(pid_file).encode() not in command:
        return
    with step("stopping our docker daemon"):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + START
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.1)


def _folder() -> Path:
    return cache_folder() / "docker"


def _ours() -> Docker:
    return Docker(f"unix://{_folder()}/socket")


def _refusal(docker: Docker) -> str | None:
    """Why the daemon cannot start a privileged container; None if it can."""
    try:
        if not docker.has_image(POD_IMAGE):
            _import_pod_image(docker)
        docker("run", "--rm", "--privileged", "--network=none", POD_IMAGE, "only-try", seconds=60)
    except DockerError as refusal:
        return str(refusal)
    return None


def _import_pod_image(docker: Docker) -> None:
    """An image of pause and of links: with the node's /usr mounted over its own, it has the node's programs."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for folder in ("usr", "etc", "tmp", "var", "run", "proc", "sys", "dev", "root"):
            (root / folder).mkdir()
        (root / "tmp").chmod(0o1777)
        for link in ("bin", "sbin", "lib", "lib64"):
            (root / link).symlink_to(f"usr/{link}")
        shutil.copy(programs.pause(), root / "pause")
        docker.import_tree(
            ["tar", "-C", scratch, "--numeric-owner", "--owner=0", "--group=0", "-c", "."],
            POD_IMAGE,
            'ENTRYPOINT ["/pause"]',
            "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
        )


def _start(docker: Docker) -> None:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    runtime = shutil.copy(RUNTIME, folder / "runc-lite")  # the daemon may outlive this checkout
    log = folder / "log"
    with log.open("wb") as output:
        subprocess.Popen(
            [
                "dockerd",
                f"--host={docker.host}",
                "--data-root",
                folder / "root",
                "--exec-root",
                folder / "exec",
                "--pidfile",
                folder / "pid",
                # Containers either join kind's own network or have none.
                "--bridge=none",
                "--add-runtime",
                f"lite={runtime}",
                "--default-runtime=lite",
            ],
            env=os.environ | {"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # It lives on for the next run; `down --all` ends it.
            start_new_session=True,
        )
    deadline = time.monotonic() + START
    while not docker.answers():
        if time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
            raise NoDaemonError(f"dockerd did not answer within {START:.0f} s; the end of {log}:\n{tail}")
        time.sleep(0.2)
    say(f"our docker daemon: DOCKER_HOST={docker.host}")
