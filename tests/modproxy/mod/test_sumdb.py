"""Checksum databases: what GOSUMDB may say, and which hashes a record has."""

import pytest

from modproxy.mod.path import check_path
from modproxy.mod.sumdb import SumdbError, database_folder, hashes_of, parse_gosumdb, parse_sumdb_target
from modproxy.mod.target import NoSuchTarget, TargetError
from modproxy.mod.version import Version
from tests.modproxy.fake_sumdb import FakeSumdb


def test_databases() -> None:
    key = FakeSumdb().verifier_key
    known = parse_gosumdb("sum.golang.org")
    assert known is not None
    assert (known.name, known.url) == ("sum.golang.org", "https://sum.golang.org")
    assert parse_gosumdb("off") is None
    own = parse_gosumdb(f"{key} http://127.0.0.1:1/x/")
    assert own is not None
    assert (own.name, own.url, own.explicit) == ("sum.example.com", "http://127.0.0.1:1/x", True)
    assert not known.explicit
    alias = parse_gosumdb("sum.golang.google.cn")
    assert alias is not None
    assert (alias.name, alias.explicit) == ("sum.golang.org", True)
    with_login = parse_gosumdb(f"{key} https://me:secret@sums.example.com")
    assert with_login is not None
    assert "secret" not in repr(with_login)
    assert with_login.url == "https://sums.example.com"


@pytest.mark.parametrize("name", ["localhost.localdev/sumdb", "localhost:8080/a/b", "Sum.example.com", "x"])
def test_names_of_databases(name: str) -> None:
    found = parse_gosumdb(FakeSumdb(name).verifier_key)
    assert found is not None
    assert (found.name, found.url) == (name, f"https://{name}")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/../b", "a/.", "a/", "/a", "a//b", "a?b", "a#b", "a%2fb", "u@a", "x" * 300, "\u00e4"]
)
def test_no_names_of_databases(name: str) -> None:
    with pytest.raises(SumdbError, match="no name of a checksum database"):
        parse_gosumdb(FakeSumdb(name).verifier_key)


@pytest.mark.parametrize("name", ["sum.example.com", "a/b", "A", "a", "a..b", "..", ".a", "a.", "a:1", "x" * 150])
def test_the_folder_of_a_database(name: str) -> None:
    folder = database_folder(name)
    assert "/" not in folder
    assert folder == folder.lower()
    assert not folder.startswith(".")
    assert len(folder) <= 100
    others = {database_folder(other) for other in ("sum.example.com", "a/b", "A", "a", "a..b", "..", ".a", "a.", "a:1")}
    assert len(others) == 9


def test_no_message_shows_the_login_of_a_database() -> None:
    for text in ("x https://me:secret@a b", "sum.golang.org ftp://me:secret@a", "x https://me:secret@a"):
        with pytest.raises(SumdbError) as caught:
            parse_gosumdb(text)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "unknown.example.com", "a+b+c", "sum.golang.org ftp://x", "sum.golang.org https://x y", "a b c"]
)
def test_no_databases(text: str) -> None:
    with pytest.raises(SumdbError):
        parse_gosumdb(text)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("latest", "sumdb/{folder}/latest"),
        ("tile/8/0/x001/067.p/5", "sumdb/{folder}/tile/8/0/x001/067.p/5"),
        ("lookup/example.com/!m@v1.0.0", "sumdb/{folder}/lookup/example.com/!m@v1.0.0"),
    ],
)
@pytest.mark.parametrize("name", ["sum.example.com", "localhost.localdev/sumdb"])
def test_targets(path: str, key: str, name: str) -> None:
    target = parse_sumdb_target(f"sumdb/{name}/{path}", name)
    assert target is not None
    assert target.url_path == f"sumdb/{name}/{path}"
    assert target.key == key.format(folder=database_folder(name))
    assert parse_sumdb_target(f"sumdb/{name}/supported", name) is None


@pytest.mark.parametrize(
    "path",
    ["sumdb/localhost.localdev/supported", "sumdb/localhost.localdev/sumdb2/supported", "sumdb/", "sumdb/x",
     "sumdb/localhost.localdev/sumdb", "sumdb/localhost.localdev/sumdb/", "sumdb/localhost.localdev/sumdb/other",
     "sumdb/localhost.localdev/sumdb/tile/8/0/../../x", "sumdb/localhost.localdev/sumdb//latest"],
)  # fmt: skip
def test_no_targets(path: str) -> None:
    for database in ("localhost.localdev/sumdb", None):
        with pytest.raises((NoSuchTarget, TargetError)):
            parse_sumdb_target(path, database)


def test_hashes_of_a_record() -> None:
    text = b"""example.com/m v1.0.0 h1:zip
example.com/m v1.0.0/go.mod h1:mod
example.com/m v1.0.0 h1:second
example.com/m v1.0.1 h1:other
example.com/mm v1.0.0 h1:other
example.com/m v1.0.0 h1:too many words
"""
    found = hashes_of(text, check_path("example.com/m"), Version("v1.0.0"))
    assert found == {"v1.0.0": "h1:zip", "v1.0.0/go.mod": "h1:mod"}
