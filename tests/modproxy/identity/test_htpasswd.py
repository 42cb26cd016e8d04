"""The lines of an htpasswd file: which are taken, and how the others are refused by name."""

import bcrypt
import pytest
from argon2 import PasswordHasher

from modproxy.identity.htpasswd import MOST_FAULTS, MOST_USERS, parse_htpasswd
from modproxy.identity.passwords import PasswordChecks

BCRYPT = bcrypt.hashpw(b"pw", bcrypt.gensalt(4)).decode()
ARGON = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("pw")


@pytest.mark.parametrize(
    "text",
    [BCRYPT, *(BCRYPT.replace("$2b$", kind) for kind in ("$2y$", "$2a$")), ARGON, BCRYPT + ":a comment", BCRYPT + "\r"],
)
def test_a_line_of_an_accepted_kind(text: str) -> None:
    read = parse_htpasswd(f"# users\n\nalice:{text}\n")
    assert (list(read.users), read.faults) == (["alice"], ())
    checks = PasswordChecks()
    assert checks.check("pw", read.users["alice"])
    assert not checks.check("wrong", read.users["alice"])
    decoy = read.decoy()
    assert decoy is not None
    assert decoy.kind == read.users["alice"].kind
    assert not checks.check("pw", decoy)
    assert checks.count == 3


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("alice:secret-word", "plain"),
        ("alice:", "plain"),
        ("alice:{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=", "SHA-1"),
        ("alice:{SSHA}AAAA", "SHA-1"),
        ("alice:$apr1$abcdefgh$abcdefghijklmnopqrstuv", "MD5"),
        ("alice:$1$abcdefgh$abcdefghijklmnopqrstuv", "MD5"),
        ("alice:rqXexS6ZhobKA", "crypt"),
        ("alice:$5$salt$hash", "SHA-256 crypt"),
        ("alice:$6$salt$hash", "SHA-512 crypt"),
        ("alice:$y$j9T$salt$hash", "yescrypt"),
        ("alice:$argon2i$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", "argon2i"),
        ("alice:$argon2d$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", "argon2d"),
        ("alice:$2x$10$" + "a" * 53, "bcrypt of a faulty program"),
        ("alice:$2b$31$" + "a" * 53, "cost 31"),
        ("alice:$2b$10$" + "a" * 52, "damaged"),
        ("alice:$argon2id$v=19$m=4194304,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", "m=4194304"),
        ("alice:$argon2id$v=19$m=64,t=999999999,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", "t=999999999"),
        ("alice:$argon2id$v=19$m=65536,t=3,p=4", "damaged"),
        ("alice", "no colon"),
        (f":{BCRYPT}", "empty"),
        (f"system:node:{BCRYPT}", "plain"),
        (f"anonymous:{BCRYPT}", "without a credential"),
        (f"ali\u202ece:{BCRYPT}", "cannot be printed"),
        (f"{'a' * 300}:{BCRYPT}", "256 characters"),
        (f"{'a' * 600}:{BCRYPT}", "512 characters"),
    ],
)
def test_a_line_that_is_refused_is_named(line: str, told: str) -> None:
    read = parse_htpasswd(f"bob:{BCRYPT}\n{line}\ncarol:{BCRYPT}\n")
    assert list(read.users) == ["bob", "carol"]
    assert len(read.faults) == 1
    assert read.faults[0].startswith("line 2 of htpasswd: ")
    assert told in read.faults[0]
    assert "secret-word" not in read.faults[0]
    assert read.faults[0].isprintable()


def test_the_first_of_two_lines_of_a_user_counts() -> None:
    other = BCRYPT[:-1] + ("a" if BCRYPT[-1] != "a" else "b")
    read = parse_htpasswd(f"alice:{BCRYPT}\nalice:{other}\n")
    assert read.users["alice"].text == BCRYPT
    assert "line 2" in read.faults[0]
    assert "already" in read.faults[0]


def test_users_and_faults_have_bounds() -> None:
    many = parse_htpasswd("".join(f"u{n}:{BCRYPT}\n" for n in range(MOST_USERS + 100)))
    assert len(many.users) == MOST_USERS
    assert 0 < len(many.faults) <= MOST_FAULTS + 1
    assert len(parse_htpasswd("x\n" * 1000).faults) == MOST_FAULTS + 1


def test_the_decoy_is_of_the_most_common_kind() -> None:
    assert parse_htpasswd("").decoy() is None
    dear = bcrypt.hashpw(b"pw", bcrypt.gensalt(5)).decode()
    decoy = parse_htpasswd(f"a:{dear}\nb:{BCRYPT}\nc:{BCRYPT}\n").decoy()
    assert decoy is not None
    assert decoy.kind == "bcrypt 4"
    assert decoy.text not in {BCRYPT, dear}


def test_a_password_longer_than_bcrypt_hashes_is_that_of_htpasswd() -> None:
    made = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    line = parse_htpasswd(f"alice:{made}").users["alice"]
    assert PasswordChecks().check("x" * 90, line)
    assert not PasswordChecks().check("x" * 71, line)
    assert made not in repr(line)
