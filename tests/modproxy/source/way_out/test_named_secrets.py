"""What is told of the Secrets that a config names, as their files are on a disk."""

from pathlib import Path

import pytest

from modproxy.contract.config import UpstreamConfig
from modproxy.source.way_out.named_secrets import NamedSecrets
from tests.kubernetes.certificates import Authority

PLAIN, ENCRYPTED = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ==", "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHI="
KEY = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{PLAIN}\n-----END OPENSSH PRIVATE KEY-----"
LOCKED = KEY.replace(PLAIN, ENCRYPTED)
HOSTS = "git.example.com ssh-ed25519 AAAA\n"
CREDENTIAL = {"credentials": [{"pattern": "git.example.com", "secretName": "git"}]}
PROXY = {"httpProxy": {"url": "http://proxy.example.com:3128", "secretName": "egress"}}
AUTHORITY = {"trustedCASecretName": "ca"}


def put(folder: Path, secret: str, keys: dict[str, str | bytes]) -> None:
    (folder / secret).mkdir(exist_ok=True)
    for key, content in keys.items():
        (folder / secret / key).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("upstream", "secret", "keys", "told"),
    [
        (CREDENTIAL, "git", None, "Secret git is not found or not mounted yet, or has none of the keys"),
        (CREDENTIAL, "git", {"username": "me"}, "Secret git has no key password: it needs username and password, or"),
        (CREDENTIAL, "git", {"password": b"\xff"}, "Secret git, key password: not UTF-8 text"),
        (CREDENTIAL, "git", {"username": "a:b", "password": "x"}, "a colon in username"),
        (CREDENTIAL, "git", {"ssh-privatekey": KEY}, "Secret git has an ssh-privatekey and no known_hosts: add"),
        (CREDENTIAL, "git", {"ssh-privatekey": "x", "known_hosts": HOSTS}, "ssh-privatekey is no private key"),
        (CREDENTIAL, "git", {"ssh-privatekey": LOCKED, "known_hosts": HOSTS}, "ssh-privatekey has a passphrase"),
        (CREDENTIAL, "git", {"ssh-privatekey": KEY, "known_hosts": "# none\n"}, "known_hosts has no host's key"),
        (CREDENTIAL, "git", {"ssh-privatekey": KEY, "known_hosts": HOSTS}, None),
        (CREDENTIAL, "git", {"password": "x"}, None),
        (PROXY, "egress", None, "Secret egress is not found or not mounted yet"),
        (PROXY, "egress", {"password": "x"}, "Secret egress has no key username that can be read: it needs"),
        (PROXY, "egress", {"username": "x"}, "Secret egress has no key password that can be read"),
        (PROXY, "egress", {"username": "x", "password": "x"}, None),
        (AUTHORITY, "ca", None, "Secret ca is not found or not mounted yet"),
        (AUTHORITY, "ca", {"password": "x"}, "Secret ca has no key ca.crt that can be read"),
        (AUTHORITY, "ca", {"ca.crt": "no PEM"}, "Secret ca: ca.crt is no PEM certificate: it needs"),
    ],
)  # fmt: skip
def test_what_is_wrong(
    tmp_path: Path, upstream: dict[str, object], secret: str, keys: dict[str, str | bytes] | None, told: str | None
) -> None:
    if keys is not None:
        put(tmp_path, secret, keys)
    named = NamedSecrets(UpstreamConfig.model_validate(upstream), tmp_path)
    named.look()
    assert [problem.secret for problem in named.problems] == ([secret] if told else [])
    assert told is None or told in named.problems[0].problem


def unusable(named: NamedSecrets) -> list[str]:
    named.look()
    return [problem.secret for problem in named.problems]


def test_what_is_mended_is_over(tmp_path: Path) -> None:
    named = NamedSecrets(UpstreamConfig.model_validate({**CREDENTIAL, **PROXY}), tmp_path)
    assert unusable(named) == ["git", "egress"]
    put(tmp_path, "git", {"password": "x"})
    assert unusable(named) == ["egress"]
    put(tmp_path, "egress", {"username": "x", "password": "x"})
    assert unusable(named) == []
    (tmp_path / "git" / "password").unlink()
    assert unusable(named) == ["git"]


def test_an_authority_that_is_one(tmp_path: Path) -> None:
    put(tmp_path, "ca", {"ca.crt": Authority(tmp_path, "authority").file.read_bytes()})
    assert unusable(NamedSecrets(UpstreamConfig.model_validate(AUTHORITY), tmp_path)) == []
