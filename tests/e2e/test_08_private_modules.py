"""A fleet serves private modules from a git host, with login and certificate from Secrets; the login may change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.private_network import PrivateNetwork
from tests.e2e.space import Object, Space
from tests.e2e.upstream import Upstream
from tests.e2e.waiting import until
from tests.kubernetes.kind_cluster import Cluster
from tests.modproxy.git_host import HOST

MODULE = f"{HOST}/lib"
ROTATED = 180.0  # seconds: the kubelet looks at Secrets about once a minute


def secret(name: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def login(network: PrivateNetwork) -> Object:
    username, password = network.git.login
    return secret("corp-git", username=username, password=password)


def test_private_modules(
    space: Space, cluster: Cluster, upstream: Upstream, goproxy: Callable[..., Object], tmp_path: Path
) -> None:
    with PrivateNetwork(cluster.gateway(), tmp_path / "git") as network:
        network.git.commit("lib", {"go.mod": f"module {MODULE}\n", "lib.go": "package lib\n"}, "v1.0.0")
        space.apply(login(network), secret("corp-ca", **{"ca.crt": network.git.ca_file.read_text()}))
        space.apply(
            goproxy(
                "team",
                replicas=1,
                upstream={
                    "goproxy": upstream.url,
                    "gosumdb": "off",
                    "goprivate": [HOST],
                    "credentials": [{"pattern": HOST, "secretName": "corp-git"}],
                    "trustedCASecretName": "corp-ca",
                    "httpProxy": {"url": network.proxy_url, "noProxy": [cluster.gateway()]},
                },
            )
        )
        space.wait_ready("team", 1)
        (pod,) = space.pods("team")
        name = pod["metadata"]["name"]
        served, answer = space.ask(name, f"{MODULE}/@v/v1.0.0.mod")
        assert served, answer
        assert answer == f"module {MODULE}\n"

        network.git.login = ("robot", "rotated-secret")
        network.git.commit("lib", {"lib.go": "package lib // 2\n"}, "v1.1.0")
        served, answer = space.ask(name, f"{MODULE}/@v/v1.1.0.info")
        assert not served
        space.apply(login(network))
        until(lambda: space.ask(name, f"{MODULE}/@v/v1.1.0.info")[0], "the new login is in use", ROTATED)

        (after,) = space.pods("team")
        assert after["metadata"]["uid"] == pod["metadata"]["uid"]
        assert set(network.asked) == {HOST}
        assert not [path for path in upstream.asked if HOST in path]
        assert "-secret" not in space.kubectl("logs", name)
