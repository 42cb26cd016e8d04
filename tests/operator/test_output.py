"""Documents for programs stay what they are, and move no terminal."""

import json

import yaml

from goproxy_operator.output import as_json, as_yaml

HOSTILE = {"message": "a\x1b[31m\x9b0m\x7f\u202ecod.exe\u2028\U000e0041 caf\u00e9 \U0001f600", "more": ["two\nlines"]}


def test_json_has_nothing_that_a_terminal_obeys() -> None:
    for document in (HOSTILE, {"half of a pair": "\ud800"}):
        text = as_json(document)
        assert text.replace("\n", "").isprintable()
        assert json.loads(text) == document


def test_yaml_has_nothing_that_a_terminal_obeys() -> None:
    text = as_yaml(HOSTILE)
    assert text.replace("\n", "").isprintable()
    assert yaml.safe_load(text) == HOSTILE


def test_other_languages_stay_readable() -> None:
    assert "caf\u00e9" in as_json({"a": "caf\u00e9"}) and "caf\u00e9" in as_yaml({"a": "caf\u00e9"})
