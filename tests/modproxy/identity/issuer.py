"""An OpenID provider on loopback: a real HTTP server with metadata and a key set, whose tokens PyJWT signs."""

import json
import time
from typing import Any, Self

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.secrecy.registry import REGISTRY

AUDIENCE = "goproxy"
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
EC384_KEY = ec.generate_private_key(ec.SECP384R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def jwk(key: Any, kid: str | None = "k1", **more: object) -> dict[str, Any]:
    """Return the public key as a JSON Web Key."""
    kinds: list[tuple[type, Any]] = [
        (rsa.RSAPrivateKey, RSAAlgorithm),
        (ec.EllipticCurvePrivateKey, ECAlgorithm),
        (ed25519.Ed25519PrivateKey, OKPAlgorithm),
    ]
    algorithm = next(algorithm for kind, algorithm in kinds if isinstance(key, kind))
    made: dict[str, Any] = algorithm.to_jwk(key.public_key(), as_dict=True)
    made.pop("key_ops", None)
    return made | ({"kid": kid} if kid is not None else {}) | more


def key_set(*keys: dict[str, Any]) -> str:
    """Return a key set as text."""
    return json.dumps({"keys": keys})


def sign(
    claims: dict[str, Any], key: Any = RSA_KEY, alg: str = "RS256", kid: str | None = "k1", **header: object
) -> str:
    """Sign claims."""
    token = jwt.encode(claims, key, alg, headers={"kid": kid, **header} if kid is not None else header)
    REGISTRY.add_token(token, "token of an issuer")
    return token


def claims(issuer: str, **more: object) -> dict[str, Any]:
    """Make the claims of a good token. Those that are None are left out."""
    now = int(time.time())
    made = {"iss": issuer, "aud": AUDIENCE, "sub": "alice", "iat": now, "nbf": now, "exp": now + 300} | more
    return {name: value for name, value in made.items() if value is not None}


class Issuer:
    """Serves metadata and keys. It counts what it is asked for."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [jwk(RSA_KEY)]
        self.metadata: dict[str, object] = {}
        """Members that differ from good metadata."""
        self.status = 200
        self.asked: list[str] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    def token(self, key: Any = RSA_KEY, alg: str = "RS256", kid: str | None = "k1", **more: object) -> str:
        """Sign a good token, with other claims where they are given."""
        return sign(claims(self.url, **more), key, alg, kid)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0][:2])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.status != 200:
            return web.Response(status=self.status, headers={"Location": f"{self.url}/elsewhere"})
        if request.path == "/.well-known/openid-configuration":
            return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | self.metadata)
        if request.path in {"/keys", "/elsewhere"}:
            return web.json_response({"keys": self.keys})
        return web.Response(status=404)
