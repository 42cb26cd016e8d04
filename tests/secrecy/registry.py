"""The secrets that tests use, and the forms in which each of them could be written somewhere.

What a test makes by `new_secret` is registered by that. The harness registers what a test brings by itself: the keys of
mounted Secrets, the credentials that a client sends, the tokens that the test's issuers sign.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import re
import secrets
from urllib.parse import quote, quote_plus

LEAST = 8
"""Characters of a secret that can be told from other text. A shorter one is searched as a part of its login only."""
_PIECE = 24
"""Characters of each end of a long secret: so a text that shows a part of the secret is found too."""
_PUBLIC_KEYS = frozenset({"ca.crt", "tls.crt", "known_hosts", "groups", "username"})
"""The keys of Secrets that are not secret: certificates, public keys, names."""
_NUMBERS = itertools.count(1)


class Registry:
    """Has what to search for, and the name of the secret that it belongs to.

    What is registered while a test runs is forgotten after the test, unless it is `lasting`.
    """

    def __init__(self) -> None:
        self._lasting: dict[bytes, str] = {}
        self._of_test: dict[bytes, str] = {}
        self.in_test = False

    def begin_test(self) -> None:
        self._of_test = {}
        self.in_test = True

    def __contains__(self, text: str) -> bool:
        needle = text.encode()
        return needle in self._lasting or needle in self._of_test

    def add(self, text: str, name: str, *, lasting: bool = False) -> None:
        """Register a secret in all its forms. One that is shorter than `LEAST` is only searched within logins."""
        forms = forms_of(text) if len(text) >= LEAST else ()
        self._keep(forms, name, lasting)

    def add_login(self, user: str, password: str, name: str, *, lasting: bool = False) -> None:
        """Register a password, which may be a token, and how it is sent (RFC 7617)."""
        self.add_token(password, name, lasting=lasting)
        self._keep((encoded(f"{user}:{password}"),), name, lasting)

    def add_token(self, token: str, name: str, *, lasting: bool = False) -> None:
        """Register a token. Of a JSON Web Token the claims and the signature are searched, and not the header, which is
        the same in all tokens of a key.
        """
        if token.count(".") != 2:
            self.add(token, name, lasting=lasting)
            return
        for part in token.split(".")[1:]:
            if len(part) >= LEAST:
                self._keep((*ends(part), encoded(part)), name, lasting)
        self._keep((encoded(token),), name, lasting)

    def add_pem(self, text: str, name: str, *, lasting: bool = False) -> None:
        """Register a private key by the lines of its body. The first lines of an ssh key are its public part."""
        lines = [line for line in text.splitlines() if len(line) >= _PIECE and not line.startswith("-")]
        self._keep(lines[-3:], name, lasting)

    def add_authorization(self, value: str, name: str) -> None:
        """Register what a client sends in a header."""
        scheme, _, rest = value.partition(" ")
        if scheme.lower() == "bearer":
            self.add_token(rest, name)
        elif scheme.lower() == "basic" and len(rest) >= LEAST:
            try:
                user, _, password = base64.b64decode(rest).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return
            self.add_login(user, password, name)

    def add_keys(self, where: str, keys: dict[str, str]) -> None:
        """Register the keys of a Secret (those that `modproxy.contract.secret_keys` names)."""
        user = keys.get("username", "git").strip()
        for key, text in keys.items():
            name = f"{where}/{key}"
            if key in _PUBLIC_KEYS:
                continue
            if key == "htpasswd":
                for line in text.splitlines():
                    self.add(line.partition(":")[2], name)
            elif "PRIVATE KEY" in text:
                self.add_pem(text, name)
            elif key == "password":
                self.add_login(user, text.strip(), name)
            else:
                self.add(text.strip(), name)

    def found_in(self, data: bytes) -> list[str]:
        """Return the names of the secrets that `data` shows."""
        needles = itertools.chain(self._lasting.items(), self._of_test.items())
        return sorted({name for needle, name in needles if needle in data})

    def _keep(self, texts: tuple[str, ...] | list[str], name: str, lasting: bool) -> None:
        # A secret that a module makes while it is imported is used by any of its tests.
        kept = self._of_test if self.in_test and not lasting else self._lasting
        for text in texts:
            if (needle := text.encode("utf-8", "surrogateescape")) not in self._lasting:
                kept[needle] = name


REGISTRY = Registry()


def new_secret(purpose: str) -> str:
    """Make a secret of the test's own that no other text resembles."""
    text = f"{purpose}-{next(_NUMBERS)}-{secrets.token_hex(8)}"
    REGISTRY.add(text, purpose)
    return text


def forms_of(text: str) -> tuple[str, ...]:
    """Return the forms in which a text can be written."""
    whole = {text, json.dumps(text)[1:-1], quote(text, safe=""), quote_plus(text), encoded(text)}
    pieces = ends(text) if len(text) > 2 * _PIECE and not re.search(r"\s", text) else ()
    return tuple(sorted(whole | set(pieces)))


def ends(text: str) -> tuple[str, ...]:
    """Return the first and the last characters of a long text; of a shorter one all."""
    return (text[:_PIECE], text[-_PIECE:]) if len(text) > _PIECE else (text,)


def encoded(text: str) -> str:
    """Return the text in base64, without the padding."""
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode().rstrip("=")
