"""Failures of the ways in which clients prove who they are."""

from __future__ import annotations

from typing import Any

from tests.e2e.failures.failure import Failure
from tests.e2e.failures.scene import Scene

READY = "AccessReady"
_GOOD = "bob:$2b$05$zfHkDQlU8z6hNIyPyZ.3keGUs9DkWr1XnFjNHCC5TYfIt3uWmL3qO"


def _access(scene: Scene, **access: Any) -> None:
    scene.fleet(access={"insecure": True, "anonymous": ["read", "fetch"], **access})


def _users(scene: Scene, **keys: str) -> None:
    scene.secret("users", **keys)
    _access(scene, basic={"secretName": "users"})


def _issuer(scene: Scene, issuer: str) -> None:
    _access(scene, oidc=[{"issuer": issuer, "audience": "goproxy"}])


def _proxy(scene: Scene) -> None:
    scene.secret("edge", token="under another key")
    _access(scene, trustedProxy={"cidrs": ["192.0.2.0/24"], "secretName": "edge"})


ACCESS = [
    Failure(
        "users-are-not-there",
        "the Secret of `access.basic` does not exist",
        READY,
        "AccessUnusable",
        "basic: Secret users is not found or not mounted yet, or has no key htpasswd: no user with",
        "the Secret needs the key htpasswd",
        "create the Secret, with lines USER:HASH under htpasswd",
        lambda scene: _access(scene, basic={"secretName": "users"}),
        seconds=45,
    ),
    Failure(
        "password-is-not-hashed",
        "a line of htpasswd has a password that is not hashed, or in a way that is not accepted",
        READY,
        "AccessUnusable",
        'basic: Secret users: line 2 of htpasswd: the password of "eve" is not hashed',
        "htpasswd -B",
        "make the line that the message names with `htpasswd -B`; the good lines are in force",
        lambda scene: _users(scene, htpasswd=f"{_GOOD}\neve:plain-and-open\n"),
        seconds=45,
    ),
    Failure(
        "group-line-has-no-colon",
        "a line of the users' groups cannot be read",
        READY,
        "AccessUnusable",
        "basic: Secret users: line 1 of groups",
        "GROUP",
        "write the line that the message names as `GROUP: USER USER`; the good lines are in force",
        lambda scene: _users(scene, htpasswd=_GOOD, groups="developers bob\n"),
        seconds=45,
    ),
    Failure(
        "secret-of-the-proxy-in-front-lacks-its-key",
        "the Secret of `access.trustedProxy` has no key secret",
        READY,
        "AccessUnusable",
        "trustedProxy: Secret edge is not found or not mounted yet, or has no key secret",
        "the Secret needs the key secret",
        "write what the proxy in front sends in its own header under the key secret",
        _proxy,
        seconds=45,
    ),
    Failure(
        "issuer-has-no-address",
        "the host of an issuer cannot be resolved",
        READY,
        "IssuerUnusable",
        "oidc https://sso.nowhere.test: .*the name of its host cannot be resolved.*its keys are not known",
        "check access.oidc.issuer, and that the replicas reach it",
        "check the URL of the issuer, and the DNS of the cluster",
        lambda scene: _issuer(scene, "https://sso.nowhere.test"),
        seconds=60,
    ),
    Failure(
        "issuer-refuses-connections",
        "nothing listens at the address of an issuer",
        READY,
        "IssuerUnusable",
        "oidc http://.*:9: .*refused.*its keys are not known",
        "check access.oidc.issuer, and that the replicas reach it",
        "check whether the provider runs, and whether replicas reach it; the keys that are known hold for a day",
        lambda scene: _issuer(scene, f"http://{scene.address}:9"),
        seconds=60,
    ),
    Failure(
        "issuer-is-none",
        "what answers at the URL of an issuer is no OpenID provider",
        READY,
        "IssuerUnusable",
        "oidc http://.*/500: .*500",
        "check access.oidc.issuer",
        "write the URL as iss of the tokens says it: `/.well-known/openid-configuration` below it has to answer",
        lambda scene: _issuer(scene, f"{scene.ill.url}/500"),
        seconds=60,
    ),
]
