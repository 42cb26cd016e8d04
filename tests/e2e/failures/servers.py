"""Failures of the servers that a fleet asks, and of the Secrets with which it asks them."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.failures.failure import Failure
from tests.e2e.failures.scene import Scene

REACHABLE = "UpstreamReachable"
CREDENTIALS = "CredentialsReady"
BASIC = "kubernetes.io/basic-auth"
SSH = "kubernetes.io/ssh-auth"
NOT_A_KEY = "this is no key"
_KEY = """-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUx
OQAAACDM
-----END OPENSSH PRIVATE KEY-----
"""


def _credentials(secret: str) -> Callable[[Scene], None]:
    def make(scene: Scene) -> None:
        scene.upstreams(credentials=[{"pattern": "git.example.com", "secretName": secret}])

    return make


def _after(*first: Callable[[Scene], None]) -> Callable[[Scene], None]:
    def make(scene: Scene) -> None:
        for step in first:
            step(scene)

    return make


def _other_authority(scene: Scene) -> None:
    scene.secret("corp-ca", ca_crt=scene.ill.other_authority)
    scene.upstreams(goproxy=scene.ill.secure_url, trustedCASecretName="corp-ca")


def _proxy(url: str, secret: str | None = None) -> Callable[[Scene], None]:
    def make(scene: Scene) -> None:
        proxy = {"url": url.format(ill=scene.ill.url, address=scene.address)}
        if secret:
            proxy["secretName"] = secret
        scene.upstreams(goproxy="http://goproxy.example.com", httpProxy=proxy)

    return make


SERVERS = [
    Failure(
        "upstream-has-no-address",
        "the name of an upstream cannot be resolved",
        REACHABLE,
        "HostNotFound",
        "upstream https://goproxy.nowhere.test.* cannot be resolved",
        "check the host in spec.upstream.goproxy, and the DNS of the cluster",
        "check the host in `spec.upstream.goproxy`, and the DNS of the cluster",
        lambda scene: scene.upstreams(goproxy="https://goproxy.nowhere.test"),
        asks=True,
        seconds=60,
    ),
    Failure(
        "upstream-refuses-connections",
        "nothing listens at the address of an upstream",
        REACHABLE,
        "ConnectionFailed",
        "upstream http://.*:9",
        "check the address in spec.upstream.goproxy, that the server runs",
        "check the address, that the server runs, and that firewalls and NetworkPolicies let the replicas reach it",
        lambda scene: scene.upstreams(goproxy=f"http://{scene.address}:9"),
        asks=True,
        seconds=60,
    ),
    Failure(
        "upstream-is-slow",
        "an upstream does not answer in time",
        REACHABLE,
        "NoAnswer",
        "upstream http://.*/slow did not answer within 1 s",
        "that the server runs",
        "look at the server; a longer `spec.upstream.timeout` waits longer",
        lambda scene: scene.upstreams(goproxy=f"{scene.ill.url}/slow", timeout="1s"),
        asks=True,
        seconds=75,
    ),
    Failure(
        "authority-is-not-trusted",
        "the certificate of an upstream is of another authority than `trustedCASecretName` has",
        REACHABLE,
        "CertificateNotTrusted",
        "upstream https://.* certificate",
        "put the certificate of its authority under ca.crt into the Secret of spec.upstream.trustedCASecretName",
        "put the right authority's certificate under ca.crt",
        _other_authority,
        asks=True,
        seconds=60,
    ),
    Failure(
        "upstream-wants-a-login",
        "an upstream answers 401",
        REACHABLE,
        "LoginRefused",
        "upstream http://.*/401 .*401",
        "put a login that it takes into the Secret of its entry in spec.upstream.credentials, or add an entry",
        "add an entry to `spec.upstream.credentials`, or mend the login in its Secret: no restart is needed",
        lambda scene: scene.upstreams(goproxy=f"{scene.ill.url}/401"),
        asks=True,
        seconds=60,
    ),
    Failure(
        "upstream-is-ill",
        "an upstream answers 5xx",
        REACHABLE,
        "ServerFails",
        "upstream http://.*/500 .*500",
        "look into the server's own log",
        "look into the server's own log; a second upstream after `|` takes over",
        lambda scene: scene.upstreams(goproxy=f"{scene.ill.url}/500"),
        asks=True,
        seconds=60,
    ),
    Failure(
        "database-has-no-address",
        "the checksum database cannot be reached",
        REACHABLE,
        "HostNotFound|ConnectionFailed|ServerFails|NoAnswer",
        "checksum database ",
        "spec.upstream.gosumdb",
        "name an upstream that passes the database on, or open the way to it; `gosumdb: off` verifies nothing",
        lambda scene: scene.upstreams(gosumdb="sum.golang.org http://sum.nowhere.test"),
        asks=True,
        seconds=60,
    ),
    Failure(
        "http-proxy-is-not-there",
        "nothing listens at the address of the HTTP proxy",
        REACHABLE,
        "ConnectionFailed",
        "HTTP proxy .*:9",
        "check the address in spec.upstream.httpProxy.url",
        "check `spec.upstream.httpProxy.url`, and that the proxy runs",
        _proxy("http://{address}:9"),
        asks=True,
        seconds=60,
    ),
    Failure(
        "http-proxy-wants-a-login",
        "the HTTP proxy answers 407",
        REACHABLE,
        "LoginRefused",
        "HTTP proxy .*407",
        "into the Secret of spec.upstream.httpProxy.secretName",
        "put user name and password into the Secret of `spec.upstream.httpProxy.secretName`",
        _proxy("{ill}"),
        asks=True,
        seconds=60,
    ),
    Failure(
        "git-host-has-no-address",
        "the host of private modules cannot be resolved",
        REACHABLE,
        "HostNotFound",
        "version control at github.com",
        "check the host in the module's path",
        "check the host, the DNS of the cluster, and whether `spec.upstream.httpProxy` is needed",
        lambda scene: scene.upstreams(goprivate=["github.com"]),
        asks=True,
        seconds=90,
    ),
    Failure(
        "secret-is-not-there",
        "a Secret of `credentials` does not exist",
        CREDENTIALS,
        "SecretUnusable",
        "Secret corp-git is not found or not mounted yet",
        "it needs username and password",
        "create the Secret, of type kubernetes.io/basic-auth or kubernetes.io/ssh-auth",
        _credentials("corp-git"),
        seconds=45,
    ),
    Failure(
        "secret-lacks-a-key",
        "a Secret of `credentials` has no password",
        CREDENTIALS,
        "SecretUnusable",
        "Secret corp-git has no key password",
        "it needs",
        "add the key that the message names",
        _after(lambda scene: scene.secret("corp-git", username="bot"), _credentials("corp-git")),
        seconds=45,
    ),
    Failure(
        "ssh-secret-knows-no-host",
        "a Secret with an ssh key has no known_hosts",
        CREDENTIALS,
        "SecretUnusable",
        "Secret corp-git .*known_hosts",
        "known_hosts",
        "add known_hosts with the keys that the host publishes",
        _after(lambda scene: scene.secret("corp-git", SSH, ssh_privatekey=_KEY), _credentials("corp-git")),
        seconds=45,
    ),
    Failure(
        "ssh-secret-has-no-key",
        "the ssh key in a Secret is none",
        CREDENTIALS,
        "SecretUnusable",
        "Secret corp-git: ssh-privatekey is no private key",
        "put the whole file that ssh-keygen wrote there",
        "put the whole private key there, from BEGIN to END, without a passphrase",
        _after(
            lambda scene: scene.secret("corp-git", SSH, ssh_privatekey=NOT_A_KEY, known_hosts="a b c"),
            _credentials("corp-git"),
        ),
        seconds=45,
    ),
    Failure(
        "authority-is-no-certificate",
        "the Secret of `trustedCASecretName` holds no certificate",
        CREDENTIALS,
        "SecretUnusable",
        "Secret corp-ca: ca.crt is no PEM certificate",
        "it needs certificates in PEM under ca.crt",
        "put certificates in PEM under ca.crt",
        _after(
            lambda scene: scene.secret("corp-ca", ca_crt=NOT_A_KEY),
            lambda scene: scene.upstreams(trustedCASecretName="corp-ca"),
        ),
        seconds=45,
    ),
    Failure(
        "login-of-the-http-proxy-is-not-there",
        "the Secret of the HTTP proxy does not exist",
        CREDENTIALS,
        "SecretUnusable",
        "Secret egress is not found or not mounted yet",
        "spec.upstream.httpProxy.secretName",
        "create the Secret with username and password",
        _proxy("http://{address}:9", "egress"),
        seconds=45,
    ),
]
