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
    ],
)
def test_what_is_refused(path: str, body: bytes, why: str) -> None:
    with pytest.raises(AnswerError, match=why):
        check_answer(made(path), body)


@pytest.mark.parametrize("body", [b"module example.com/m\n", b'module "example.com/m"\n', b"// c\nmodule (\n x\n)\n"])
def test_a_go_mod_has_a_module_directive(body: bytes) -> None:
    assert check_answer(made("example.com/m/@v/v1.0.0.mod"), body) == body
