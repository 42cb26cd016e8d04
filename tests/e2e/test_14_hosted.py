"""Modules of one's own in the cluster: published once and had from all replicas; an air gap that is enforced."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.enforcement import network_policies
from tests.e2e.module_tree import PROJECT
from tests.e2e.pods import config_map, ended, pod
from tests.e2e.release import Release
from tests.e2e.space import FLEET_LABEL, Object, Space
from tests.e2e.tenant_clients import ways_to
from tests.e2e.upstream import Upstream
from tests.e2e.waiting import until
from tests.kubernetes import go_build
from tests.kubernetes.kind_cluster import Cluster
from tests.modproxy.bucket.versity import BUCKET, Versity, versity
from tests.secrecy.registry import new_secret

FLEET = "team"
HOSTED = "corp.example.com/greeting"
EVERYBODY = {"anonymous": ["read", "fetch", "publish"]}
GO = {"GOTOOLCHAIN": "local", "HOME": "/tmp", "GOMODCACHE": "/tmp/modules", "GOCACHE": "/tmp/build"}


@pytest.fixture
def bucket(cluster: Cluster, tmp_path: Path) -> Iterator[Versity]:
    """A bucket of an S3 on this machine, at an address that only the cluster's pods reach."""
    with versity(tmp_path / "s3", new_secret("bucket"), cluster.gateway()) as serving:
        yield serving


def command(*arguments: str | Path, good: bool = True) -> str:
    """What `goproxy-operator ARGUMENTS` says."""
    done = subprocess.run(
        [sys.executable, "-m", "goproxy_operator", *arguments], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode == 0) is good, done.stderr
    return done.stdout + done.stderr


def go_run(space: Space, name: str, image: str, files: dict[str, str], script: str, **environment: str) -> str:
    """What a go command says that a pod with empty caches runs in a folder with these files."""
    shell = f"mkdir /tmp/project && cp /files/* /tmp/project && cd /tmp/project && {script}"
    made = pod(name, image, ["sh", "-c", shell], name, GO | environment)
    space.apply(config_map(name, files), made)
    phase = until(lambda: ended(space, name), f"the pod {name} ends", seconds=240)
    said = space.kubectl("logs", name)
    assert phase == "Succeeded", said
    return said


def module(folder: Path, words: str) -> Path:
    """Write a module that says these words."""
    folder.mkdir(exist_ok=True)
    (folder / "go.mod").write_text(f"module {HOSTED}\n\ngo 1.21\n")
    (folder / "greeting.go").write_text(f'package greeting\n\nconst Words = "{words}"\n')
    return folder


def test_a_module_is_published_once_and_had_from_every_replica(
    space: Space, goproxy: Callable[..., Object], operator: Release, upstream: Upstream, bucket: Versity
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": bucket.key, "AWS_SECRET_ACCESS_KEY": bucket.secret}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bucket"}, "stringData": keys}
    store = {"url": f"s3://{BUCKET}/team", "endpoint": bucket.url, "secretName": "bucket"}
    cache = {"objectStore": store, "storage": {"ephemeral": True, "size": "1Gi"}}
    hosted = {"enabled": True, "modules": ["corp.example.com"]}
    space.apply(secret, goproxy(FLEET, replicas=2, cache=cache, hosted=hosted, access=EVERYBODY))
    space.wait_ready(FLEET, 2)
    first, second = f"{FLEET}-0", f"{FLEET}-1"
    assert not space.ask(second, f"{HOSTED}/@v/list")[0], "the absence would be remembered of another module"
    folder = module(bucket.folder.parent / "module", "hello from the fleet")
    publish = partial(command, "publish", folder, "--version", "v1.0.0", "--worktree", "--to")
    with ways_to(space, FLEET) as ports:
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        assert "is published" in publish(urls[0])
        assert space.ask(second, f"{HOSTED}/@v/list") == (True, "v1.0.0\n")
        assert "published before" in publish(urls[1])
        module(folder, "something else")
        assert "answers 409" in publish(urls[1], good=False)
    files = {
        "go.mod": "module app.example.com/app\n\ngo 1.21\n",
    }
    # The image has the go command to fetch modules, and not what it needs to compile them.
    script = f'go get {HOSTED}@latest && cat "$(go list -m -f "{{{{.Dir}}}}" {HOSTED})/greeting.go"'
    url, image = f"http://{FLEET}:8080", operator.images.proxy
    said = go_run(space, "build", image, files, script, GOPROXY=url, GONOSUMDB="corp.example.com")
    assert "hello from the fleet" in said
    # The disks of the replicas are gone with their pods.
    space.kubectl("delete", "pod", first, second)
    space.wait_ready(FLEET, 2)
    said = go_run(space, "again", image, files, script, GOPROXY=url, GONOSUMDB="corp.example.com")
    assert "hello from the fleet" in said
    assert not [path for path in upstream.asked if "corp.example.com" in path], "upstream has learnt the name"


def bundle(folder: Path) -> Path:
    """Make a bundle of a real project's modules, with the checksum database's records, from this machine's proxy."""
    proxy = subprocess.run(
        [go_build.find_go(), "env", "GOPROXY"], capture_output=True, text=True, check=True
    ).stdout.partition(",")[0]
    made = folder / "project.bundle"
    command("bundle", "export", "--from", proxy.strip(), "--go-sum", PROJECT / "go.sum", "-o", made)
    return made


REACH = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 4)
except OSError:
    sys.exit(7)
"""


def test_a_fleet_behind_an_air_gap_builds_a_real_project_from_a_bundle(
    space: Space, goproxy: Callable[..., Object], operator: Release, upstream: Upstream, tmp_path: Path
) -> None:
    made = bundle(tmp_path)
    closed = {"goproxy": "off", "egressCIDRs": []}
    with network_policies(space.cluster):
        space.apply(
            goproxy(FLEET, replicas=1, upstream=closed, hosted={"enabled": True}, access=EVERYBODY),
            only_the_fleet("build"),
        )
        space.wait_ready(FLEET, 1)
        host, _, port = upstream.url.removeprefix("http://").partition(":")
        try_it = ("exec", f"{FLEET}-0", "--", "/app/bin/python", "-c", REACH, host, port)
        with pytest.raises(Exception, match="exit code 7"):
            space.kubectl(*try_it)
        with ways_to(space, FLEET) as ports:
            said = command("bundle", "import", made, "--to", f"http://127.0.0.1:{ports[0]}")
            assert "refused" not in said.lower().replace("0 refused", ""), said
        files = {name: (PROJECT / name).read_text() for name in ("go.mod", "go.sum")}
        del files["go.sum"]  # so that go asks the checksum database about each module
        url = f"http://{FLEET}:8080"
        script = "go mod download -x all && cat go.sum"
        said = go_run(space, "build", operator.images.proxy, files, script, GOPROXY=url, GOFLAGS="-mod=mod")
        wanted = [line for line in (PROJECT / "go.sum").read_text().splitlines() if "/go.mod " not in line]
        assert all(line in said for line in wanted), said
    assert not upstream.asked


def only_the_fleet(app: str) -> Object:
    """Let a pod connect to fleets and to the name servers, and to nobody else."""
    dns = {"ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]}
    a_fleet = {"matchExpressions": [{"key": FLEET_LABEL, "operator": "Exists"}]}
    spec = {
        "podSelector": {"matchLabels": {"app": app}},
        "policyTypes": ["Egress"],
        "egress": [dns, {"to": [{"podSelector": a_fleet}]}],
    }
    meta = {"name": f"only-fleets-{app}"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}
