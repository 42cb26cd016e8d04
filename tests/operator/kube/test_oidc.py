"""An OIDC token that has expired: it is refreshed at the provider that the kubeconfig names, and at no other."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from goproxy_operator.kube.credentials import AccessError
from goproxy_operator.kube.kubeconfig import Kubeconfig
from tests.kubernetes.certificates import Authority
from tests.operator.kube.user_config import jwt, kubeconfig


class Provider:
    """An OIDC provider: `asked` are the paths of the requests it got."""

    def __init__(self, folder: Path) -> None:
        authority = Authority(folder, "idp")
        self.ca = authority.file
        self.fresh = jwt(3600)
        self.asked: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, document: dict[str, Any]) -> None:
                provider.asked.append(self.path)
                body = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.answer({"token_endpoint": f"{provider.url}/token"})

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.answer({"id_token": provider.fresh, "refresh_token": "next", "access_token": "a"})

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        pair = authority.issue("idp-server", "server", hosts=["127.0.0.1"])
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pair.certificate, pair.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}"

    def user(self, **more: str) -> dict[str, Any]:
        config = {"id-token": jwt(-60), "refresh-token": "first", "client-id": "kubectl", "client-secret": "s"}
        return {"auth-provider": {"name": "oidc", "config": config | {"idp-issuer-url": self.url} | more}}


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    made = Provider(tmp_path)
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def test_a_refreshed_token_is_written_into_the_kubeconfig_as_kubectl_does_it(
    tmp_path: Path, provider: Provider
) -> None:
    path = kubeconfig(tmp_path, provider.user(**{"idp-certificate-authority": str(provider.ca)}))
    before = yaml.safe_load(path.read_text())
    for _ in range(2):
        assert Kubeconfig(path).read(refused=False).authorization == f"Bearer {provider.fresh}"
    assert provider.asked == ["/.well-known/openid-configuration", "/token"], "the second reading finds it in the file"
    config = before["users"][0]["user"]["auth-provider"]["config"]
    config |= {"id-token": provider.fresh, "refresh-token": "next"}
    assert yaml.safe_load(path.read_text()) == before


def test_a_provider_whose_certificate_nobody_trusts_is_told_nothing(tmp_path: Path, provider: Provider) -> None:
    path = kubeconfig(tmp_path, provider.user())
    before = path.read_bytes()
    with pytest.raises(AccessError, match=r"(?i)certificate.?verify.?failed"):
        Kubeconfig(path).read(refused=False)
    assert provider.asked == []
    assert path.read_bytes() == before
