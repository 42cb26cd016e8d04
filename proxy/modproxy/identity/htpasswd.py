"""The users of an htpasswd file: `user:hash` a line, bcrypt as Apache's `htpasswd -B` writes it, or argon2id. Pure.

Every other kind of hash is refused by name, because a stolen file of them gives the passwords away within hours.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from modproxy.identity.names import UnfitName, check_name
from modproxy.quoting import quoted

MOST_BYTES = 1 << 20
"""A Secret holds no more (Kubernetes' limit of a Secret is 1 MiB)."""
MOST_USERS = 10_000
"""More users belong into a directory with OpenID Connect."""
MOST_LINE = 512
"""Characters of a line: a name of 256, and a hash of about 100."""
MOST_FAULTS = 16
"""Faults that are told. People mend a few, and look again."""
_LEAST_BCRYPT, _MOST_BCRYPT = 4, 14
"""bcrypt's own least cost, and one that takes about a second of a core; each step more doubles it."""
_MOST_ARGON2_KIB = 128 * 1024
"""KiB of memory for one verification. Two run at once, and a replica's memory is limited."""
_MOST_ARGON2_WORK = 1024 * 1024
"""Memory in KiB times passes: about a second of a core."""
_MOST_LANES = 16
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}", re.ASCII)
_ARGON2ID = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})", re.ASCII
)
_MAKE_ONE = "make a line with `htpasswd -B`"
_REFUSED = (
    ("$apr1$", "MD5 ($apr1$)"),
    ("{SHA}", "SHA-1 ({SHA})"),
    ("{SSHA}", "SHA-1 ({SSHA})"),
    ("$argon2i$", "argon2i"),
    ("$argon2d$", "argon2d"),
    ("$1$", "MD5 ($1$)"),
    ("$2x$", "bcrypt of a faulty program ($2x$)"),
    ("$2$", "bcrypt of the first kind ($2$)"),
    ("$5$", "SHA-256 crypt ($5$)"),
    ("$6$", "SHA-512 crypt ($6$)"),
    ("$y$", "yescrypt ($y$)"),
    ("$7$", "scrypt ($7$)"),
    ("$pbkdf2", "PBKDF2"),
)


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """The hash of one line, of a kind and cost that is accepted."""

    text: str = field(repr=False)
    kind: str
    """Kind and cost: what two hashes share that take the same time to verify."""

    @property
    def is_bcrypt(self) -> bool:
        """Whether bcrypt verifies it; argon2 verifies the others."""
        return self.text.startswith("$2")


@dataclass(frozen=True, slots=True)
class Htpasswd:
    """The users of a file, and what is wrong with its other lines."""

    users: Mapping[str, PasswordHash]
    faults: tuple[str, ...] = ()

    def decoy(self) -> PasswordHash | None:
        """Return a hash that no password has, of the kind that most lines are of; None without users.

        It is verified for unknown users, so that they cost what known ones cost.
        """
        counted = Counter(line.kind for line in self.users.values())
        if not counted:
            return None
        kind = counted.most_common(1)[0][0]
        return PasswordHash(_decoy_of(next(line.text for line in self.users.values() if line.kind == kind)), kind)


def parse_htpasswd(text: str) -> Htpasswd:
    """Read a file. Lines that cannot be used are left out, and told in `faults` by their number."""
    users: dict[str, PasswordHash] = {}
    faults: list[str] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        if not line.strip() or line.startswith("#"):
            continue
        try:
            if len(users) >= MOST_USERS:
                raise ValueError(f"there are more than {MOST_USERS} users: let a directory prove them (access.oidc)")
            name, password = _read_line(line)
            if name in users:
                raise ValueError(f"user {quoted(name, 64)} has a line already, which counts: remove one")
        except ValueError as e:
            faults.append(f"line {number} of htpasswd: {e}")
            if len(faults) > MOST_FAULTS:
                break
            continue
        users[name] = password
    if len(faults) > MOST_FAULTS:
        faults[-1] = f"more lines of htpasswd cannot be used, from line {number} on: the users there are not looked for"
    return Htpasswd(users, tuple(faults))


def _read_line(line: str) -> tuple[str, PasswordHash]:
    if len(line) > MOST_LINE:
        raise ValueError(f"it has more than {MOST_LINE} characters")
    name, colon, rest = line.partition(":")
    if not colon:
        raise ValueError("it has no colon: write USER:HASH")
    try:
        check_name(name, "the user")
    except UnfitName as e:
        raise ValueError(str(e)) from None
    # What follows a second colon is a comment in Apache's file.
    return name, _read_hash(rest.partition(":")[0].strip(), name)


def _read_hash(text: str, name: str) -> PasswordHash:
    who = f"the password of {quoted(name, 64)}"
    if found := _BCRYPT.fullmatch(text):
        cost = int(found[1])
        if not _LEAST_BCRYPT <= cost <= _MOST_BCRYPT:
            raise ValueError(f"{who} has cost {cost}: bcrypt's cost is {_LEAST_BCRYPT} to {_MOST_BCRYPT} here")
        return PasswordHash(text, f"bcrypt {cost}")
    if found := _ARGON2ID.fullmatch(text):
        memory, passes, lanes = int(found[1]), int(found[2]), int(found[3])
        if (
            not (8 * lanes <= memory <= _MOST_ARGON2_KIB and passes >= 1 and 1 <= lanes <= _MOST_LANES)
            or memory * passes > _MOST_ARGON2_WORK
        ):
            raise ValueError(
                f"{who} has argon2id with m={memory},t={passes},p={lanes}: at most m={_MOST_ARGON2_KIB}, "
                f"p={_MOST_LANES} and m times t {_MOST_ARGON2_WORK} are verified here"
            )
        return PasswordHash(text, f"argon2id {memory} {passes} {lanes}")
    if text.startswith(("$2a$", "$2b$", "$2y$", "$argon2id$")):
        raise ValueError(f"{who} is a damaged hash: {_MAKE_ONE}")
    for start, kind in _REFUSED:
        if text.startswith(start):
            raise ValueError(f"{who} is hashed with {kind}, which is not accepted: {_MAKE_ONE}")
    if re.fullmatch(r"[./A-Za-z0-9]{13}", text):
        raise ValueError(f"{who} is hashed with crypt, or is not hashed: neither is accepted: {_MAKE_ONE}")
    raise ValueError(f"{who} is not hashed (plain), or in a way that is not accepted: {_MAKE_ONE}")


def _decoy_of(text: str) -> str:
    """Return the hash with another result: the same kind, cost and salt, and bytes that no password gives."""
    if text.startswith("$2"):
        return text[:29] + "." * 31
    head, _, result = text.rpartition("$")
    return f"{head}${'A' * len(result)}"
