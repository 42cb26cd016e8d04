"""The processes of a control plane all end, whatever happens to the tests that started them."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.kubernetes.component import POLL, ComponentError, free_ports
from tests.kubernetes.control_plane import ControlPlane


def test_a_start_that_fails_says_why_and_leaves_nothing(programs: Path, tmp_path: Path) -> None:
    plane = ControlPlane(programs, tmp_path)
    with (
        socket.socket() as taken,
        pytest.raises(ComponentError, match=r"(?s)kube-apiserver ended with 1\..*address already in use"),
    ):
        taken.bind(("127.0.0.1", int(plane.url.rpartition(":")[2])))
        plane.start()
    for component in (plane.etcd, plane.apiserver, plane.controllers):
        with pytest.raises(ComponentError, match="does not run"):
            _ = component.pid


def test_a_killed_test_run_leaves_no_server(programs: Path, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [str(programs / "etcd"), f"--listen-client-urls={url}", f"--advertise-client-urls={url}"]
    command += [f"--data-dir={tmp_path / 'data'}", "--listen-peer-urls=http://127.0.0.1:0"]

    def answers() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    def until(wanted: bool) -> None:
        deadline = time.monotonic() + 30
        while answers() != wanted:
            assert time.monotonic() < deadline
            time.sleep(POLL)

    script = (
        "import os, pathlib, signal, sys\n"
        "from tests.kubernetes.component import Component\n"
        "etcd = Component(sys.argv[2:], pathlib.Path(sys.argv[1]), lambda: True)\n"
        "etcd.start()\n"
        "sys.stdin.read()\n"
    )
    root = Path(__file__).parents[2]
    run = subprocess.Popen([sys.executable, "-c", script, tmp_path / "log", *command], cwd=root, stdin=subprocess.PIPE)
    try:
        until(True)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    until(False)
