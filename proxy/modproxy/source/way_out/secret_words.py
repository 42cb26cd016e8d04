"""What is wrong with the content of a Secret, in words for the keepers of a fleet. No content is ever shown. Pure.

A Secret that does not exist and one that has none of the keys that a replica reads look alike from inside a pod: the
operator mounts these keys only.
"""

import base64
import binascii
from collections.abc import Sequence

_ENCRYPTED = ("ENCRYPTED PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED")
"""How PEM says that a key has a passphrase (PKCS #8, and RFC 1421)."""
_OPENSSH = "-----BEGIN OPENSSH PRIVATE KEY-----"
_OPENSSH_PLAIN = b"openssh-key-v1\0\0\0\0\4none"
"""How a key without a passphrase begins in the form of OpenSSH (PROTOCOL.key)."""


def not_there(secret: str, needs: str) -> str:
    """Say that nothing of a Secret can be read."""
    return (
        f"Secret {secret} is not found or not mounted yet, or has none of the keys that replicas read: it needs {needs}"
    )


def login_missing(secret: str, missing: Sequence[str], *, there: bool) -> str:
    """Say what the Secret of the HTTP proxy lacks."""
    needs = "username and password, in UTF-8 (spec.upstream.httpProxy.secretName)"
    if not there:
        return not_there(secret, needs)
    return f"Secret {secret} has no key {' and no key '.join(missing)} that can be read: it needs {needs}"


def authorities_missing(secret: str, *, there: bool, malformed: bool = False) -> str:
    """Say that the Secret with trusted certificates has none."""
    needs = "certificates in PEM under ca.crt (spec.upstream.trustedCASecretName)"
    if malformed:
        return f"Secret {secret}: ca.crt is no PEM certificate: it needs {needs}"
    return (
        f"Secret {secret} has no key ca.crt that can be read: it needs {needs}" if there else not_there(secret, needs)
    )


def key_problem(secret: str, private_key: str) -> str | None:
    """Say what is wrong with the form of a private key for ssh; None when ssh may take it."""
    if "PRIVATE KEY-----" not in private_key:
        return (
            f"Secret {secret}: ssh-privatekey is no private key: put the whole file that ssh-keygen wrote there, from "
            "BEGIN to END"
        )
    if any(mark in private_key for mark in _ENCRYPTED) or _has_passphrase(private_key):
        return (
            f"Secret {secret}: ssh-privatekey has a passphrase, and nobody is there to type it: use a key without one"
        )
    return None


def known_hosts_problem(secret: str, known_hosts: str) -> str | None:
    """Say that no host is known, which refuses every host; None when any is (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""
    lines = (line.split() for line in known_hosts.splitlines() if not line.lstrip().startswith("#"))
    if any(len(words) >= 3 for words in lines):
        return None
    return (
        f"Secret {secret}: known_hosts has no host's key: add the host's keys (ssh-keyscan prints them; compare them "
        "with what the host publishes)"
    )


def _has_passphrase(private_key: str) -> bool:
    if _OPENSSH not in private_key:
        return False
    body = "".join(private_key.partition(_OPENSSH)[2].partition("-----END")[0].split())
    try:
        return not base64.b64decode(body).startswith(_OPENSSH_PLAIN)
    except (binascii.Error, ValueError):
        return False
