"""Whether a webhook comes from a forge that has the secret. Pure.

All comparisons take the same time, whatever is wrong. Sources: "Validating webhook deliveries" of GitHub's documents;
Standard Webhooks, "Signature scheme", for the newer form of GitLab; the documents of each other forge. The raw body is
what is signed.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from modproxy.identity.authorization import Login, parse_authorization
from modproxy.identity.presented import BadCredential
from modproxy.sync.forge import Forge, Sender

CLOCK_SECONDS = 300.0
"""How far the time of a signature may be off: what Standard Webhooks recommends."""
_STANDARD_KEY = "whsec_"
_MOST_SIGNATURES = 8
"""Of one request: a key that is being replaced signs beside the new one."""
_HMAC_HEADERS: Mapping[Forge, tuple[tuple[str, str], ...]] = {
    Forge.GITHUB: (("X-Hub-Signature-256", "sha256="),),
    Forge.GITEA: (("X-Gitea-Signature", ""), ("X-Hub-Signature-256", "sha256=")),
    Forge.FORGEJO: (("X-Forgejo-Signature", ""), ("X-Gitea-Signature", ""), ("X-Hub-Signature-256", "sha256=")),
    Forge.BITBUCKET_CLOUD: (("X-Hub-Signature", "sha256="),),
    Forge.BITBUCKET_DATA_CENTER: (("X-Hub-Signature", "sha256="),),
}
"""Where a forge puts HMAC-SHA256 of the body, and what stands before the hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class WebhookKeys:
    """Carries what the Secret of webhooks holds."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What forges sign with. Each of them is good, so that they can be replaced one after the other."""
    login: Login | None = None
    """What a forge without signatures sends."""


class Lack(StrEnum):
    """Says why a webhook proves nothing."""

    UNSIGNED = "unsigned"
    WEAK = "weak"
    """Its only signature is of SHA-1, which is broken."""
    WRONG = "wrong"
    LATE = "late"
    """The time of its signature is too far off."""


def lack_of_proof(
    sender: Sender, headers: Mapping[str, str], body: bytes, keys: WebhookKeys, now: float
) -> Lack | None:
    """Return why a webhook proves nothing; None where it is from a forge that has a secret of `keys`.

    `now` is in seconds since the epoch. The mapping of headers ignores the case of names.
    """
    match sender.forge:
        case Forge.AZURE_DEVOPS:
            return _by_login(headers, keys)
        case Forge.GITLAB:
            return _by_gitlab(headers, body, keys, now)
    for header, prefix in _HMAC_HEADERS[sender.forge]:
        if header in headers:
            return _by_hmac(headers[header], prefix, body, keys)
    return Lack.WEAK if "X-Hub-Signature" in headers else Lack.UNSIGNED


def may_prove(sender: Sender, headers: Mapping[str, str]) -> bool:
    """Say whether a webhook has any proof, so that it is worth while to read its body."""
    if sender.forge is Forge.AZURE_DEVOPS:
        return True
    if sender.forge is Forge.GITLAB:
        return "X-Gitlab-Token" in headers or "webhook-signature" in headers
    return any(header in headers for header, _ in _HMAC_HEADERS[sender.forge]) or "X-Hub-Signature" in headers


def _by_hmac(value: str, prefix: str, body: bytes, keys: WebhookKeys) -> Lack | None:
    if not value.startswith(prefix):
        return Lack.WEAK if value.startswith("sha1=") else Lack.WRONG
    given = value.removeprefix(prefix)
    return _any_equal(given, [hmac.new(key.encode(), body, hashlib.sha256).hexdigest() for key in keys.secrets])


def _by_gitlab(headers: Mapping[str, str], body: bytes, keys: WebhookKeys, now: float) -> Lack | None:
    """Take the token, or the newer signature: the owner of a project may have set either, or both."""
    token, signature = headers.get("X-Gitlab-Token"), headers.get("webhook-signature")
    if token is not None and _any_equal(token, keys.secrets) is None:
        return None
    if signature is None:
        return Lack.UNSIGNED if token is None else Lack.WRONG
    stamp = headers.get("webhook-timestamp", "")
    # A header may have bytes that are no UTF-8.
    content = f"{headers.get('webhook-id', '')}.{stamp}.".encode("utf-8", "surrogateescape") + body
    wanted = [
        "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        for key in map(_standard_key, keys.secrets)
    ]
    lacks = [_any_equal(one, wanted) for one in signature.split()[:_MOST_SIGNATURES]]
    if all(lacks):
        return Lack.WRONG
    good_time = stamp.isascii() and stamp.isdigit() and len(stamp) < 12 and abs(now - int(stamp)) <= CLOCK_SECONDS
    return None if good_time else Lack.LATE


def _standard_key(secret: str) -> bytes:
    """Return the key of a secret: the bytes that stand in base64 after `whsec_`, or the secret itself."""
    if secret.startswith(_STANDARD_KEY):
        try:
            return base64.b64decode(secret.removeprefix(_STANDARD_KEY), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def _by_login(headers: Mapping[str, str], keys: WebhookKeys) -> Lack | None:
    try:
        given = parse_authorization(headers.get("Authorization", ""), tokens=False)
    except BadCredential:
        return Lack.WRONG
    if keys.login is None or not isinstance(given, Login):
        return Lack.WRONG
    user = hmac.compare_digest(given.user.encode(), keys.login.user.encode())
    password = hmac.compare_digest(given.password.encode(), keys.login.password.encode())
    return None if user and password else Lack.WRONG


def _any_equal(given: str, wanted: Sequence[str]) -> Lack | None:
    """Compare with all, also after one was equal."""
    equal = [hmac.compare_digest(given.encode("utf-8", "replace"), one.encode()) for one in wanted]
    return None if any(equal) else Lack.WRONG
