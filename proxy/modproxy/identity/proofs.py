"""What was proved a while ago, and what was refused a moment ago, without the credentials themselves. Pure.

A credential is known by an HMAC under a random key of this process, so that a dump of the memory gives no credential
away and nobody can look for collisions.
"""

import hmac
import secrets
from dataclasses import dataclass

from modproxy.identity.authorization import Login, Token
from modproxy.identity.presented import BadCredential
from modproxy.identity.principal import Principal

PASSWORD_SECONDS = 300.0
"""How long a password is remembered. A go command asks for hundreds of files with one password."""
REFUSED_SECONDS = 10.0
"""How long a refusal is remembered. Over https the go command asks again at once for every 4xx (go help goauth)."""
MOST_PROOFS = 4096
"""Credentials that are remembered: the developers and CI jobs that use one replica within minutes."""
MOST_REFUSALS = 1024


class Grounds:
    """Something that a proof rests on: a key, a Secret, a section of the config. Once it is `void`, it stays so."""

    __slots__ = ("void",)

    def __init__(self) -> None:
        self.void = False


@dataclass(frozen=True, slots=True)
class Proof:
    """A principal that is proved until a moment, in seconds since the epoch, while none of the grounds is void."""

    principal: Principal
    until: float
    grounds: tuple[Grounds, ...]

    @property
    def stands(self) -> bool:
        """Whether all that it rests on is still so."""
        return not any(ground.void for ground in self.grounds)


class Proofs:
    """Remembers proofs and refusals by their credential. Times are in seconds since the epoch."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._proofs: dict[bytes, Proof] = {}
        self._refusals: dict[bytes, tuple[float, str, str]] = {}

    def name_of(self, credential: Login | Token) -> bytes:
        """Return what a credential is known by, in whatever spelling it came.

        A token is known by itself, because it may come with any user name: one client could otherwise push out what
        others have proved.
        """
        if isinstance(credential, Token):
            text = f"token {credential.text}"
        else:
            text = f"login {credential.user}:{credential.password}"
        return hmac.digest(self._key, text.encode(errors="surrogatepass"), "sha256")

    def find(self, name: bytes, now: float) -> Proof | None:
        """Return the proof of a credential that is good now."""
        proof = self._proofs.get(name)
        return proof if proof is not None and now < proof.until and proof.stands else None

    def was_proved(self, name: bytes) -> bool:
        """Say whether a credential was good, though perhaps longer ago than proofs are remembered."""
        proof = self._proofs.get(name)
        return proof is not None and proof.stands

    def keep(self, name: bytes, proof: Proof) -> None:
        """Remember a proof. The oldest one goes when there are too many."""
        self._proofs.pop(name, None)
        if len(self._proofs) >= MOST_PROOFS:
            del self._proofs[next(iter(self._proofs))]
        self._proofs[name] = proof

    def refusal(self, name: bytes, now: float) -> BadCredential | None:
        """Return why a credential was refused a moment ago; None when it was not."""
        until, reason, told = self._refusals.get(name, (0.0, "", ""))
        return BadCredential(reason, told) if now < until else None

    def refuse(self, name: bytes, why: BadCredential, now: float) -> None:
        """Remember a refusal. The oldest one goes when there are too many."""
        self._refusals.pop(name, None)
        if len(self._refusals) >= MOST_REFUSALS:
            del self._refusals[next(iter(self._refusals))]
        # An error itself has its traceback, and so the credential that it was about.
        self._refusals[name] = now + REFUSED_SECONDS, str(why), why.told

    def forget_refusals(self) -> None:
        """Forget every refusal: what was refused may be good, because keys or users have changed."""
        self._refusals.clear()

    def tidy(self) -> None:
        """Forget the proofs whose grounds are void."""
        self._proofs = {name: proof for name, proof in self._proofs.items() if proof.stands}
