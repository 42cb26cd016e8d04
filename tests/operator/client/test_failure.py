"""How commands end, whatever their standard streams are, and whatever others put into their messages."""

import io
import sys

import pytest

from goproxy_operator.__main__ import main
from goproxy_operator.client.failure import ClientError, guarded


def test_a_message_moves_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise ClientError("the plugin says \x1b]0;title\x07\nand \u202eevil\x9b31m")

    assert guarded(fail) == 1
    assert capsys.readouterr().err == (
        "goproxy-operator: the plugin says \\x1b]0;title\\x07\nand \\u202eevil\\x9b31m\n"
    )


def test_closed_streams_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> int:
        sys.stdout.write(sys.stdin.read())
        print("told", file=sys.stderr)
        return 0

    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert guarded(work) == 0


def test_all_characters_are_written_whatever_the_locale_is(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert guarded(lambda: print("caf\u00e9 \udcff") or 0) == 0
    assert written.getvalue() == b"caf\xc3\xa9 \\udcff\n"


def test_wrong_usage_is_told_in_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["top", "a", "b\x1b[31m"])
    said = capsys.readouterr().err
    assert said == ("goproxy-operator: error: unrecognized arguments: b\\x1b[31m\ngoproxy-operator --help tells more\n")


def test_a_shell_that_asks_nonsense_gets_no_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"_ARGCOMPLETE": "1", "COMP_LINE": "goproxy-operator st", "COMP_POINT": "x"}.items():
        monkeypatch.setenv(name, value)
    assert main([]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("called", "named"),
    [
        ("/usr/local/bin/kubectl-goproxy", "kubectl goproxy"),
        ("goproxy-operator", "goproxy-operator"),
        ("", "goproxy-operator"),
    ],
)
def test_messages_begin_with_the_name_that_was_called(
    called: str, named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [called])

    def refuse() -> int:
        raise ClientError("no")

    assert guarded(refuse) == 1
    assert capsys.readouterr().err == f"{named}: no\n"
