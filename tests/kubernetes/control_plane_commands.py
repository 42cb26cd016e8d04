"""The command lines of etcd, kube-apiserver and kube-controller-manager, and kubeconfig files. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.kubernetes.certificates import KeyPair

FRONT_PROXY = "front-proxy-client"  # the common name with which the API server calls an aggregated API

# These are the controllers that our objects need, with their owner references and namespaces. There is no kubelet, so a
# controller that waits for nodes is left out. The endpointslice-controller is left out because pods have addresses of
# loopback here, which it refuses.
CONTROLLERS = (
    "clusterrole-aggregation-controller",  # or the roles view, edit and admin would be empty
    "disruption-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "namespace-controller",
    "persistentvolume-binder-controller",
    "persistentvolume-expander-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    "serviceaccount-controller",
    "statefulset-controller",
)


@dataclass(frozen=True)
class Limits:
    """How many calls a second each controller may make, and how many at once."""

    qps: int
    burst: int


QUICK = Limits(500, 1000)
AS_SHIPPED = Limits(20, 30)
"""What kube-controller-manager has where nobody says otherwise."""


@dataclass(frozen=True)
class Layout:
    """Where everything of one control plane is."""

    programs: Path
    folder: Path
    etcd_port: int
    apiserver_port: int
    controllers_port: int
    tokens: Path
    audit_policy: Path
    audit_log: Path
    service_account_key: Path
    ca: Path
    front_proxy_ca: Path
    apiserver: KeyPair
    front_proxy: KeyPair
    controllers: KeyPair
    controllers_kubeconfig: Path

    @property
    def etcd_url(self) -> str:
        """Where the API server finds etcd."""
        return f"http://127.0.0.1:{self.etcd_port}"

    @property
    def etcd_data(self) -> Path:
        """The folder of etcd's database."""
        return self.folder / "etcd"


def etcd_command(layout: Layout) -> list[str | Path]:
    """An etcd of one member that does not wait for the disk: what it holds ends with the tests."""
    return [
        layout.programs / "etcd",
        f"--data-dir={layout.etcd_data}",
        f"--listen-client-urls={layout.etcd_url}",
        f"--advertise-client-urls={layout.etcd_url}",
        "--listen-peer-urls=http://127.0.0.1:0",
        "--unsafe-no-fsync",
        "--log-level=error",
    ]


def apiserver_command(layout: Layout) -> list[str | Path]:
    """A kube-apiserver with RBAC, tokens, client certificates, service accounts, aggregation and an audit log."""
    return [
        layout.programs / "kube-apiserver",
        f"--etcd-servers={layout.etcd_url}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.apiserver_port}",
        # No endpoint reconciler tells anybody this address. Without it the API server wants a default route.
        "--advertise-address=192.0.2.1",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--allow-privileged",
        "--authorization-mode=RBAC",
        f"--tls-cert-file={layout.apiserver.certificate}",
        f"--tls-private-key-file={layout.apiserver.key}",
        f"--client-ca-file={layout.ca}",
        f"--token-auth-file={layout.tokens}",
        f"--service-account-key-file={layout.service_account_key}",
        f"--service-account-signing-key-file={layout.service_account_key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--requestheader-client-ca-file={layout.front_proxy_ca}",
        f"--requestheader-allowed-names={FRONT_PROXY}",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={layout.front_proxy.certificate}",
        f"--proxy-client-key-file={layout.front_proxy.key}",
        f"--audit-policy-file={layout.audit_policy}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-mode=blocking",  # a call is in the file before it is handled
        "--audit-log-maxsize=100000",  # MB: its reader keeps a position in the one file
    ]


def controllers_command(layout: Layout, limits: Limits) -> list[str | Path]:
    """A kube-controller-manager whose controllers each have their own identity, and the HPA acts every second."""
    return [
        layout.programs / "kube-controller-manager",
        f"--kubeconfig={layout.controllers_kubeconfig}",
        f"--authentication-kubeconfig={layout.controllers_kubeconfig}",
        f"--authorization-kubeconfig={layout.controllers_kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.controllers_port}",
        f"--tls-cert-file={layout.controllers.certificate}",
        f"--tls-private-key-file={layout.controllers.key}",
        "--leader-elect=false",
        f"--controllers={','.join(CONTROLLERS)}",
        "--use-service-account-credentials",  # as a real cluster has it: RBAC limits the HPA's calls for metrics
        f"--service-account-private-key-file={layout.service_account_key}",
        f"--root-ca-file={layout.ca}",
        f"--kube-api-qps={limits.qps}",
        f"--kube-api-burst={limits.burst}",
        "--horizontal-pod-autoscaler-sync-period=1s",
        "--horizontal-pod-autoscaler-downscale-stabilization=3s",
    ]


def kubeconfig(url: str, ca: Path, credential: str | KeyPair) -> str:
    """A kubeconfig file for a token or for a client certificate, as JSON, which is YAML."""
    if isinstance(credential, KeyPair):
        user = {"client-certificate": str(credential.certificate), "client-key": str(credential.key)}
    else:
        user = {"token": credential}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": url, "certificate-authority": str(ca)}}],
        "users": [{"name": "test", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }
    return json.dumps(content, indent=2)
