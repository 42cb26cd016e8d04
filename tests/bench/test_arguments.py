"""The command line of `python -m bench`."""

import importlib.util

import pytest

from bench.arguments import parse
from bench.measurements import NAMES, NEED_NGINX_AND_WRK, SPEED, TABLE


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], NAMES),
        (["all"], NAMES),
        (["speed"], SPEED),
        (["table"], TABLE),
        (["memory", "hits", "hits"], ("hits", "memory")),
        (["table", "fleets"], (*TABLE, "fleets")),
    ],
)
def test_measurements_run_once_and_in_their_order(words: list[str], names: tuple[str, ...]) -> None:
    assert parse(words).names == names


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hit"], "no such measurement: hit; there are hits"),
        (["--rounds", "0"], "at least one round"),
        (["--label", "../x"], "--label"),
        (["--peer", "serve"], "--peer NAME='COMMAND'"),
        (["--peer", "a=b", "--peer", "a=c"], "two peers have one name"),
    ],
)
def test_a_wrong_command_line_is_explained(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_the_help_names_every_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    said = capsys.readouterr().out
    assert [name for name in NAMES if f"  {name} " not in said] == []


def test_every_measurement_is_a_module() -> None:
    assert [name for name in NAMES if importlib.util.find_spec(f"bench.measurements.{name}") is None] == []
    assert set(NAMES) >= NEED_NGINX_AND_WRK
