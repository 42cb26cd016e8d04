"""The verification of one password by one hash. It blocks for as long as the hash costs: up to a second of a core."""

from modproxy.identity.htpasswd import PasswordHash

_BCRYPT_BYTES = 72
"""bcrypt hashes no more of a password. Apache's htpasswd leaves the rest out, and so its users expect that here."""


class PasswordChecks:
    """Verifies passwords, and counts the verifications."""

    def __init__(self) -> None:
        self.count = 0

    def check(self, password: str, line: PasswordHash) -> bool:
        """Say whether a password is the one of a line. Blocks."""
        self.count += 1
        return _bcrypt(password, line.text) if line.is_bcrypt else _argon2(password, line.text)


def _bcrypt(password: str, text: str) -> bool:
    # Each library is loaded with the first hash of its kind, so that other fleets save its memory.
    import bcrypt  # noqa: PLC0415

    try:
        return bcrypt.checkpw(password.encode()[:_BCRYPT_BYTES], text.encode())
    except ValueError:
        return False


def _argon2(password: str, text: str) -> bool:
    from argon2.exceptions import Argon2Error  # noqa: PLC0415
    from argon2.low_level import Type, verify_secret  # noqa: PLC0415

    try:
        return verify_secret(text.encode(), password.encode(), Type.ID)
    except Argon2Error:
        return False
