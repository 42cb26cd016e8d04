"""One fleet that two tenants share: who may ask for which modules, over TLS, and what tests ask of it."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from pathlib import Path
from typing import Any, NamedTuple

import bcrypt

from tests.e2e.dex import CLIENT, Dex
from tests.e2e.space import Object, Space
from tests.kubernetes.certificates import Authority
from tests.modproxy.module_files import go_mod, info, module_zip

FLEET = "shared"
VERSION = "v1.0.0"
OF_A, OF_B = "a.example.com/private", "b.example.com/private"
FILES = ("@v/list", "@latest", f"@v/{VERSION}.info", f"@v/{VERSION}.mod", f"@v/{VERSION}.zip")
ACCOUNT = "builder"  # of both tenants, and only one of them may ask
BOTH = ["read", "fetch"]


def write_modules(tree: Path) -> None:
    """Write the private modules of both tenants as a GOPROXY tree."""
    for module in (OF_A, OF_B):
        files = {
            "@v/list": f"{VERSION}\n".encode(),
            "@latest": info(VERSION),
            f"@v/{VERSION}.info": info(VERSION),
            f"@v/{VERSION}.mod": go_mod(module),
            f"@v/{VERSION}.zip": zip_of(module),
        }
        for name, content in files.items():
            path = tree / module / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def zip_of(module: str) -> bytes:
    """Return the zip of a module."""
    return module_zip(module, VERSION, {"go.mod": go_mod(module), "m.go": b"package m\n"})


def users(**passwords: str) -> Object:
    """Make the Secret of users with passwords; each is of the group testers."""
    lines = [f"{user}:{bcrypt.hashpw(word.encode(), bcrypt.gensalt(5)).decode()}" for user, word in passwords.items()]
    data = {"htpasswd": "\n".join(lines) + "\n", "groups": f"testers: {' '.join(passwords)}\n"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "users"}, "stringData": data}


def basic(user: str, password: str) -> str:
    """Make the header of a user with a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(token: str) -> str:
    """Make the header of a token."""
    return f"Bearer {token}"


class Reply(NamedTuple):
    """A status and the body as text."""

    status: int
    text: str


class Tenancy:
    """The shared fleet in `shared`, and the namespaces `a` and `b` of two tenants."""

    def __init__(self, shared: Space, a: Space, b: Space, dex: Dex, folder: Path) -> None:
        self.shared, self.a, self.b, self.dex = shared, a, b, dex
        self.host = f"{FLEET}.{shared.name}.svc"
        authority = Authority(folder, "tenancy")
        hosts = ["127.0.0.1", self.host]
        pair = authority.issue("edge", self.host, hosts=hosts)
        self.authority = authority.file.read_text()
        self._tls = {"tls.crt": pair.certificate.read_text(), "tls.key": pair.key.read_text()}
        self._context = ssl.create_default_context(cafile=str(authority.file))
        self.ways: list[int] = []
        """A port of this machine for each replica."""

    @property
    def url(self) -> str:
        """What pods write as GOPROXY."""
        return f"https://{self.host}:8080"

    def access(self, **changed: Any) -> Object:
        """Make the section `access`."""
        oidc = {
            "issuer": self.dex.issuer,
            "audience": CLIENT,
            "usernameClaim": "email",
            "groupsClaim": "groups",
            "groupsPrefix": "sso:",
        }
        account = f"{self.b.name}/{ACCOUNT}"
        rules = [
            {"groups": ["sso:team-a", "testers"], "modules": ["a.example.com"], "verbs": BOTH},
            {"groups": ["sso:team-b"], "serviceAccounts": [account], "modules": ["b.example.com"], "verbs": BOTH},
        ]
        given = {"basic": {"secretName": "users"}, "oidc": [oidc], "serviceAccounts": {"audience": CLIENT}}
        return given | {"rules": rules} | changed

    def fleet(self, upstream: str) -> Object:
        """Make the fleet, of two replicas. `upstream` is a URL."""
        spec = {
            "replicas": 2,
            "upstream": {"goproxy": upstream, "gosumdb": "off"},
            "cache": {"storage": {"size": "1Gi", "whenDeleted": "Delete"}},
            "expose": {"tls": {"secretName": "edge"}},
            "access": self.access(),
            "audit": {"enabled": True, "to": ["Stdout"]},
        }
        return {
            "apiVersion": "goproxy-operator.dev/v1alpha1",
            "kind": "GoProxy",
            "metadata": {"name": FLEET},
            "spec": spec,
        }

    def change_access(self, **changed: Any) -> None:
        """Change the section `access` of the fleet."""
        patch = json.dumps({"spec": {"access": self.access(**changed)}})
        self.shared.kubectl("patch", "goproxy", FLEET, "--type=merge", f"--patch={patch}")

    def ready(self) -> Object:
        """Return the condition AccessReady."""
        return self.shared.condition(FLEET, "AccessReady") or {"status": "", "reason": ""}

    def containers(self) -> list[tuple[str, str, int]]:
        """Return the pods, with their uids and how often their containers were restarted."""
        found = []
        for one in self.shared.pods(FLEET):
            (container,) = one["status"]["containerStatuses"]
            found.append((one["metadata"]["name"], one["metadata"]["uid"], container["restartCount"]))
        return found

    def secrets(self) -> tuple[Object, ...]:
        """Make the Secrets that the fleet names; the user alice has the password first."""
        edge = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "edge"}, "type": "kubernetes.io/tls"}
        return edge | {"stringData": self._tls}, users(alice="first")

    def account_token(self, space: Space, audience: str = CLIENT, account: str = ACCOUNT) -> str:
        """Ask the API server for a token of a service account."""
        return space.kubectl("create", "token", account, f"--audience={audience}", "--duration=10m").strip()

    def ask(self, path: str, authorization: str | None = None, replica: int = 0, **headers: str) -> Reply:
        """Ask one replica for a path, over TLS."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if authorization is not None:
            sent["Authorization"] = authorization
        connection = http.client.HTTPSConnection("127.0.0.1", self.ways[replica], timeout=30, context=self._context)
        try:
            connection.request("GET", f"/{path}", headers=sent)
            answer = connection.getresponse()
            return Reply(answer.status, answer.read().decode(errors="replace"))
        finally:
            connection.close()

    def statuses(self, path: str, authorization: str | None = None, times: int = 3) -> set[int]:
        """Ask every replica so often that its memory answers too; the statuses."""
        return {self.ask(path, authorization, n).status for n in range(len(self.ways)) for _ in range(times)}
