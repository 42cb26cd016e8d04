"""What replicas tell each other of a module that has news."""

import pytest

from modproxy.fleet.change import MOST_CHANGE_BYTES, MOST_NAMES, Change, ChangeError, read_change, write_change
from modproxy.mod.path import check_path

M = check_path("example.com/Upper/m")


@pytest.mark.parametrize(
    "change", [Change(M), Change(M, ("v1.0.0", "v1.2.3-rc.1")), Change(M, queries=("main", "feature-1"))]
)
def test_a_change_is_read_as_it_was_written(change: Change) -> None:
    assert read_change(write_change(change)) == change


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Expecting value"), (b"[]", "no JSON object"), (b"{}", "something else than names"),
        (b'{"path":"m"}', "m"), (b'{"path":"example.com/m","path":"example.com/n"}', "twice"),
        (b'{"path":"../etc"}', "malformed"), (b'{"path":"example.com/m","removed":["v2.0.0"]}', "v2.0.0"),
        (b'{"path":"example.com/m","removed":["latest"]}', "latest"),
        (b'{"path":"example.com/m","removed":"v1.0.0"}', "no list"),
        (b'{"path":"example.com/m","queries":["../x"]}', "no path can have"),
        (b'{"path":"example.com/m","queries":[1]}', "something else than names"),
        (b'{"path":"example.com/m","queries":[' + b",".join([b'"a"'] * (MOST_NAMES + 1)) + b"]}", "no list"),
        (b" " * (MOST_CHANGE_BYTES + 1), "too long"),
    ],
)  # fmt: skip
def test_what_is_no_change_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(ChangeError, match=words):
        read_change(body)
