"""The service account of the pod that this process runs in: files that the kubelet keeps up to date."""

import os
from pathlib import Path

from goproxy_operator.kube.credentials import AccessError, ApiCredentials
from goproxy_operator.kube.tls import TlsMaterial

FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ServiceAccount:
    """Logs in as the pod's account, whose token the kubelet replaces now and then in `folder`."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def read(self, *, refused: bool) -> ApiCredentials:
        """Return the credentials of now. Raises `AccessError` outside of a pod."""
        token, authorities = self._folder / "token", self._folder / "ca.crt"
        if not token.is_file():
            raise AccessError("not in a pod: name a kubeconfig with --kubeconfig FILE")
        try:
            return ApiCredentials(
                server=_server(),
                tls=TlsMaterial(authorities=authorities.read_bytes() if authorities.is_file() else b""),
                authorization=f"Bearer {token.read_text(encoding='utf-8').strip()}",
            )
        except (OSError, ValueError) as e:
            raise AccessError(f"the pod's service account cannot be read: {e}") from e


def own_namespace(folder: Path = FOLDER) -> str | None:
    """Return the namespace of the pod that this process runs in; None outside of a cluster."""
    file = folder / "namespace"
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None


def _server() -> str:
    """Return the address that every pod is given, so that the cluster's DNS is not needed."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if host is None:
        return "https://kubernetes.default.svc"
    return f"https://{f'[{host}]' if ':' in host else host}:{port}"
