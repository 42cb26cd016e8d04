"""Small answers: which lines of a list are stored, and what an `.info` may say."""

import pytest

from modproxy.mod.answer import AnswerError, check_answer
from modproxy.mod.target import Target, parse_target


def made(path: str) -> Target:
    return parse_target(path)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"", b""),
        (b"v1.0.0\nv1.1.0\n", b"v1.0.0\nv1.1.0\n"),
        (b"v1.0.0 2020-01-01T00:00:00Z\r\n", b"v1.0.0\n"),
        (b"v2.0.0+incompatible\nv1\nmaster\n", b"v2.0.0+incompatible\n"),
        (b"v0.0.0-20200101000000-0123456789ab\n", b""),
    ],
)
def test_a_list_is_tidied(body: bytes, kept: bytes) -> None:
    assert check_answer(made("example.com/m/@v/list"), body) == kept


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("example.com/m/@v/v1.0.0.info", b'{"Version": 1}', "with a"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version": "v1.0.0"', "not JSON"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version": "v1.0.1"}', "instead of the one asked for"),
        ("example.com/m/@v/main.info", b'{"Version": "main"}', "cannot have"),
        ("example.com/m/v2/@latest", b'{"Version": "v1.0.0"}', "cannot have"),
        ("example.com/m/@v/v1.0.0.mod", b"// nothing\n", "no module directive"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0","Time":"yesterday"}', "no RFC 3339 time"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0","Time":17}', "no RFC 3339 time"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0","Time":""}', "no RFC 3339 time"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0","Time":"2024-01-01T00:00:00\\u005a"}', "no RFC 3339"),
        ("example.com/m/@latest", b'{"Version":"v1.0.0","Time":"2024-02-30T00:00:00Z"}', "no RFC 3339 time"),
        ("example.com/m/@v/main.info", b'{"Version":"v1.0.0","Time":[]}', "no RFC 3339 time"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0","Origin":"git"}', "Origin"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0","Origin":{"URL":1}}', "Origin"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0","Origin":{"url":1}}', "another case"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0","Version":"v1.0.0"}', "a key twice"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0","version":"v9.9.9"}', "another case"),
        ("example.com/m/@v/v1.0.0.info", '{"Version":"v1.0.0","Ver\u017fion":"v9.9.9"}'.encode(), "another case"),
        (
            "example.com/m/@v/v1.0.0.info",
            b"<!doctype html><title>Log in</title>",
            "HTML in place of JSON: .* login page",
        ),
        ("example.com/m/@v/v1.0.0.info", b'\xef\xbb\xbf{"Version":"v1.0.0"}', "not JSON"),
        ("example.com/m/@v/v1.0.0.info", '{"Version":"v1.0.0"}'.encode("utf-16"), "not JSON"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0"} trailing', "not JSON"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0","X":NaN}', "not JSON"),
        ("example.com/m/@v/v1.0.0.info", b"[" * 100_000, "nested too deeply"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0","X":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "deeply"),
        ("example.com/m/@v/v1.0.0.info", b" " * (200 << 10), "larger than"),
        ("example.com/m/@v/list", b"v1.0.0\n" * 200_000, "larger than"),
        ("example.com/m/@v/v1.0.0.mod", b"module m\n" + b" " * (16 << 20), "larger than"),
        ("example.com/m/@v/v1.0.0.info", b'{"Version":"v1.0.0\\u001b[31m"}', r"\\x1b"),
    ],
)
def test_what_is_refused(path: str, body: bytes, why: str) -> None:
    with pytest.raises(AnswerError, match=why):
        check_answer(made(path), body)


@pytest.mark.parametrize("body", [b"module example.com/m\n", b'module "example.com/m"\n', b"// c\nmodule (\n x\n)\n"])
def test_a_go_mod_has_a_module_directive(body: bytes) -> None:
    assert check_answer(made("example.com/m/@v/v1.0.0.mod"), body) == body


@pytest.mark.parametrize(
    "body",
    [
        b'{"Version":"v1.0.0"}',
        b' {"Version":"v1.0.0","Time":null,"Origin":null}\n',
        b'{"Version":"v1.0.0","Time":"2024-01-01T00:00:00.5+02:00","Other":{"a":[1]}}',
        b'{"Version":"v1.0.0","Origin":{"VCS":"git","URL":"https://git.example.com/m","Hash":"00","Ref":null}}',
    ],
)
def test_an_info_that_the_go_command_reads_is_kept_as_it_is(body: bytes) -> None:
    assert check_answer(made("example.com/m/@v/v1.0.0.info"), body) == body
