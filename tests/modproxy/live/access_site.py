"""A replica over TLS that asks who is there: users with passwords, an issuer of tokens, service accounts, a proxy."""

from __future__ import annotations

import base64
import shutil
import ssl
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import bcrypt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.kubernetes.certificates import Authority
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.go_client import GoClient
from tests.modproxy.identity.issuer import Issuer, claims, jwk, key_set, sign
from tests.modproxy.proxy_process import ProxyProcess, Reply
from tests.secrecy.registry import REGISTRY, new_secret

_KEY = rsa.generate_private_key(65537, 2048)
CLUSTER = "https://kubernetes.default.svc.cluster.local"
TEAM_A, TEAM_B = "a.example.com/private", "b.example.com/private"
SHARED = "example.com/Mixed"
PROXY_SECRET = new_secret("edge")
PASSWORDS = {"alice": f"alice's pass:word {new_secret('alice')}", "bob": new_secret("bob")}
RULES: list[dict[str, Any]] = [
    {"groups": ["team-a"], "modules": ["a.example.com"], "verbs": ["read", "fetch"]},
    {"groups": ["team-b", "system:serviceaccounts:team-b"], "modules": ["b.example.com"], "verbs": ["read", "fetch"]},
    {"groups": ["system:authenticated"], "modules": ["example.com"], "verbs": ["read"]},
    {"groups": ["ci"], "modules": ["example.com"], "verbs": ["fetch"]},
]

for _user, _password in PASSWORDS.items():
    REGISTRY.add_login(_user, _password, "password of a user")


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(token: str) -> str:
    return f"Bearer {token}"


class AccessSite:
    """Use it as a context manager."""

    def __init__(self, folder: Path, upstream: FakeUpstream, **access: Any) -> None:
        self.folder = folder
        self.upstream = upstream
        self.issuer = Issuer()
        self.secrets = folder / "secrets"
        self._more = access
        (folder / "tls").mkdir(parents=True)
        self._authority = Authority(folder / "tls", "authority")
        self._clients = 0
        self.proxy: ProxyProcess

    async def __aenter__(self) -> Self:
        await self.issuer.__aenter__()
        for module in (TEAM_A, TEAM_B):
            self.upstream.add(module, "v1.0.0", "v1.1.0")
        pair = self._authority.issue("server", "server", hosts=["127.0.0.1", "localhost"])
        self.write("edge", **{"tls.crt": pair.certificate.read_text(), "tls.key": pair.key.read_text()})
        self.write_users(PASSWORDS)
        self.write("front", secret=PROXY_SECRET)
        config = {
            "secretsDir": str(self.secrets),
            "tls": {"secretName": "edge"},
            "fleet": "build/shared",
            "upstream": {"goproxy": self.upstream.url, "timeout": "2s"},
            "access": self.access(),
        }
        # A detailed log is searched for secrets too.
        self.proxy = ProxyProcess(self.folder / "proxy", config, arguments=("--verbose",))
        self.proxy.url = self.proxy.url.replace("http://", "https://")
        await self.proxy.session.close()
        self.proxy.session = _trusting(str(self._authority.file))
        await self.proxy.__aenter__()
        await self.proxy.until_report(lambda report: not report.access_problems)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.proxy.__aexit__(kind, error, trace)
        await self.issuer.__aexit__()

    def access(self, **changed: Any) -> dict[str, Any]:
        return {
            "basic": {"secretName": "users"},
            "oidc": [{"issuer": self.issuer.url, "audience": "goproxy", "groupsClaim": "groups"}],
            "serviceAccounts": {"audience": "goproxy", "issuer": CLUSTER, "keys": key_set(jwk(_KEY, "sa"))},
            "trustedProxy": {"cidrs": ["127.0.0.0/8"], "secretName": "front"},
            "rules": RULES,
            **self._more,
            **changed,
        }

    def write(self, name: str, /, **keys: str) -> None:
        """Write keys of a Secret as the kubelet does: each appears whole."""
        folder = self.secrets / name
        folder.mkdir(parents=True, exist_ok=True)
        for key, text in keys.items():
            draft = folder / f".{key}"
            draft.write_text(text)
            draft.replace(folder / key)

    def write_users(self, passwords: dict[str, str]) -> None:
        lines = [
            f"{user}:{bcrypt.hashpw(word.encode(), bcrypt.gensalt(5)).decode()}" for user, word in passwords.items()
        ]
        self.write("users", htpasswd="\n".join(lines) + "\n", groups="team-a: alice\nteam-b: bob\nci: alice\n")

    def service_account(self, namespace: str, name: str, **changed: object) -> str:
        more = {"sub": f"system:serviceaccount:{namespace}:{name}", "kubernetes.io": {"namespace": namespace}}
        return sign(claims(CLUSTER, **(more | changed)), _KEY, kid="sa")

    async def get(self, path: str, authorization: str | None = None, **headers: str) -> Reply:
        sent = {"Authorization": authorization} if authorization else {}
        return await self.proxy.get(path, **sent, **headers)

    def client(self, **settings: str) -> GoClient:
        """Make a developer's machine that trusts the replica's certificate."""
        self._clients += 1
        folder = self.folder / f"client-{self._clients}"
        shutil.rmtree(folder, ignore_errors=True)
        given = {"SSL_CERT_FILE": str(self._authority.file), **settings}
        return GoClient(folder, given.pop("GOPROXY", self.proxy.url), **given)


def _trusting(authority: str) -> aiohttp.ClientSession:
    context = ssl.create_default_context(cafile=authority)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=context))
