"""What runs beside a fleet that two tenants share: ways to its replicas, and go commands in pods."""

from __future__ import annotations

import io
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from modproxy.mod.archive import check_carefully, go_mod_hash
from modproxy.mod.path import check_path
from modproxy.mod.version import check_version
from tests.e2e.dex import CLIENT
from tests.e2e.pods import pod
from tests.e2e.space import Object, Space
from tests.e2e.tenancy import ACCOUNT, FLEET, VERSION, Tenancy, zip_of
from tests.kubernetes import kube_binary
from tests.modproxy.module_files import go_mod

FROM_NETRC = (
    'printf "machine %s login anybody password %s\\n" "$FLEET" "$(cat /token/token)" > /tmp/.netrc && '
    "go mod download -x"
)
FROM_GOAUTH = "GOAUTH='/files/goauth' go mod download -x"
GOAUTH = '#!/bin/sh\nprintf "https://%s\\n\\nAuthorization: Bearer %s\\n\\n" "$FLEET" "$(cat /token/token)"\n'


def go_project(module: str) -> dict[str, str]:
    """Return go.mod and go.sum of a program that needs a module."""
    path = check_path(module)
    zip_hash = check_carefully(io.BytesIO(zip_of(module)), path, check_version(path, VERSION))
    sums = [f"{module} {VERSION} {zip_hash}", f"{module} {VERSION}/go.mod {go_mod_hash(go_mod(module))}"]
    return {
        "go.mod": f"module app.example.com/app\n\ngo 1.21\n\nrequire {module} {VERSION}\n",
        "go.sum": "\n".join(sums) + "\n",
    }


@contextmanager
def ways_to(space: Space, fleet: str = FLEET) -> Iterator[list[int]]:
    """While the context is open, each returned port of this machine leads to a replica of the fleet."""
    program = kube_binary.ensure() / "kubectl"
    environment = space.cluster.environment()
    running: list[subprocess.Popen[str]] = []
    ports = []
    try:
        for one in space.pods(fleet):
            target = f"pod/{one['metadata']['name']}"
            process = subprocess.Popen(
                [program, f"--namespace={space.name}", "port-forward", target, ":8080", "--address=127.0.0.1"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
            running.append(process)
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"127\.0\.0\.1:(\d+) ", line)
            assert found, f"kubectl port-forward said {line!r}"
            ports.append(int(found[1]))
            threading.Thread(target=_drop, args=[process.stdout], name="port-forward", daemon=True).start()
        yield ports
    finally:
        for process in running:
            process.terminate()
            process.wait()


def _drop(lines: IO[str]) -> None:
    """Read to the end, so that whoever writes does not wait."""
    for _ in lines:
        pass


def with_token(made: Object, audience: str = CLIENT) -> Object:
    """Let a pod run as the tenant's service account, with a projected token of it at /token/token."""
    source = {"serviceAccountToken": {"audience": audience, "expirationSeconds": 600, "path": "token"}}
    made["spec"]["serviceAccountName"] = ACCOUNT
    made["spec"]["volumes"].append({"name": "token", "projected": {"sources": [source]}})
    made["spec"]["containers"][0]["volumeMounts"].append({"name": "token", "mountPath": "/token"})
    return made


def go_client(name: str, image: str, tenancy: Tenancy, command: str, **environment: str) -> Object:
    """Make a pod that runs a shell command with the go command set up for the fleet; it has the project of /files."""
    settings = {
        "GOPROXY": tenancy.url,
        "GOSUMDB": "off",  # go.sum is complete, and there is no internet
        "GOTOOLCHAIN": "local",
        "HOME": "/tmp",
        "GOMODCACHE": "/tmp/modules",
        "SSL_CERT_FILE": "/files/ca.crt",
    }
    return with_token(pod(name, image, ["sh", "-c", command], name, settings | environment))
