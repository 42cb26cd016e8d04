"""Which stored files today's rules would have let in."""

import pytest

from modproxy.mod.pattern import Pattern, parse_pattern
from modproxy.mod.sumdb import SumdbTarget
from modproxy.mod.target import Kind, parse_target
from modproxy.mod.vouching import CameFrom, verified_by, voucher
from modproxy.policy.admission import Admission

DB, OTHER = "sum.example.com+12345678", "sum.example.com+00000000"
OPEN = "upstream"
PROVED, PROVED_BY_OTHER = f"upstream {DB}", f"upstream {OTHER}"


@pytest.mark.parametrize(
    ("file", "text", "database", "private", "exempt", "admitted"),
    [
        # Without a database everything that upstream gave is good.
        ("v1.0.0.zip", "", None, "", "", True),
        ("v1.0.0.zip", OPEN, None, "", "", True),
        ("v1.0.0.zip", PROVED, None, "", "", True),
        # With one, what has a hash must be vouched for, by this database and key.
        ("v1.0.0.zip", PROVED, DB, "", "", True),
        ("v1.0.0.mod", PROVED, DB, "", "", True),
        ("v1.0.0.zip", OPEN, DB, "", "", False),
        ("v1.0.0.zip", "", DB, "", "", False),
        ("v1.0.0.mod", "vcs", DB, "", "", False),
        ("v1.0.0.zip", PROVED_BY_OTHER, DB, "", "", False),
        ("v1.0.0.zip", f"vcs {DB}", DB, "", "", True),
        ("v1.0.0.info", OPEN, DB, "", "", True),
        ("list", "", DB, "", "", True),
        # What is exempt needs no database.
        ("v1.0.0.zip", OPEN, DB, "", "example.com", True),
        ("v1.0.0.zip", "", DB, "", "example.com/*", True),
        ("v1.0.0.zip", OPEN, DB, "", "example.org", False),
        # What is private must come from version control, a list too.
        ("v1.0.0.zip", PROVED, DB, "example.com", "example.com", False),
        ("v1.0.0.zip", "vcs", DB, "example.com", "example.com", True),
        ("v1.0.0.zip", "vcs", DB, "example.com", "", False),
        ("v1.0.0.zip", f"vcs {DB}", DB, "example.com", "", True),
        ("list", OPEN, DB, "example.com", "example.com", False),
        ("list", "", None, "example.com", "", False),
        ("list", "vcs", None, "example.com", "", True),
        ("main.info", OPEN, None, "example.com", "", False),
    ],
)
def test_files_of_modules(
    file: str, text: str, database: str | None, *, private: str, exempt: str, admitted: bool
) -> None:
    def patterns(words: str) -> list[Pattern]:
        return [parse_pattern(words)] if words else []

    admission = Admission(database, patterns(private), patterns(exempt))
    target = parse_target(f"example.com/m/@v/{file}")
    assert admission.admits(target, text) is admitted
    assert admission.admits(target, text) is admitted, "the remembered decision"


def test_toolchains_are_verified_even_when_a_pattern_matches() -> None:
    admission = Admission(DB, (), (parse_pattern("golang.org"),))
    toolchain = parse_target("golang.org/toolchain/@v/v0.0.1-go1.26.0.linux-amd64.zip")
    assert not admission.admits(toolchain, OPEN)
    assert admission.admits(toolchain, PROVED)


@pytest.mark.parametrize(
    ("kind", "text", "admitted"),
    [
        (Kind.TILE, f"database {DB}", True),
        (Kind.LOOKUP, f"database {DB}", True),
        (Kind.TILE, f"database {OTHER}", False),
        (Kind.LOOKUP, "", False),
        (Kind.TREE, f"database {DB}", True),
        (Kind.TREE, f"database {OTHER}", False),
        (Kind.TREE, "", False),
    ],
)
def test_answers_of_the_database(kind: Kind, text: str, admitted: bool) -> None:
    assert Admission(DB, (), ()).admits(SumdbTarget("sum.example.com", "x", kind), text) is admitted


def test_how_a_voucher_is_written() -> None:
    assert voucher(CameFrom.UPSTREAM) == OPEN
    assert verified_by(OPEN, DB) == PROVED
    assert voucher(CameFrom.DATABASE, DB) == f"database {DB}"
