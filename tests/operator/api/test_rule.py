"""Rules: how one is told to the API server, and the table of all of them against the models."""

from __future__ import annotations

import importlib
import pkgutil
from string import Formatter
from typing import Any

import pytest

from goproxy_operator import api
from goproxy_operator.api.goproxy import InvalidGoProxyError, parse_goproxy
from goproxy_operator.api.rule import KEY, MessageValue, ModelRule, Rule, ServerRule, check, quoted, validations
from tests.operator.api.cases.case import Case
from tests.operator.api.cases.goproxyclass import REFUSED as OF_CLASSES
from tests.operator.api.cases.table import ACCEPTED, NAME_MESSAGE, NAMES, REFUSED
from tests.operator.objects import document

REFUSED_BY_MODELS = [case for case in REFUSED if case.models is not None]


@pytest.mark.parametrize("case", REFUSED_BY_MODELS, ids=lambda case: case.id)
def test_where_there_is_no_api_server_the_models_refuse(case: Case) -> None:
    with pytest.raises(InvalidGoProxyError) as refused:
        parse_goproxy(document(**case.spec))
    path, _, said = str(refused.value).partition(": ")
    assert path == case.path
    assert case.models is not None
    assert case.models in said
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("spec", ACCEPTED, ids=str)
def test_what_the_models_accept(spec: dict[str, Any]) -> None:
    parse_goproxy(document(**spec))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_no_service_could_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidGoProxyError) as refused:
        parse_goproxy(document(name))
    assert str(refused.value) == NAME_MESSAGE


def _rule(message: str, **more: Any) -> Rule[Any]:
    return Rule(cel="self != 'no'", holds=lambda value: value != "no", message=message, **more)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (_rule("write yes"), {"rule": "self != 'no'", "message": "write yes"}),
        (_rule("{self} is bad"), {"rule": "self != 'no'", "messageExpression": "'\"' + self + '\" is bad'"}),
        (_rule("not {self}"), {"rule": "self != 'no'", "messageExpression": "'not \"' + self + '\"'"}),
        (
            _rule("{size} is below {oldSelf.size}", field_path=".size"),
            {
                "rule": "self != 'no'",
                "messageExpression": "self.size + ' is below ' + oldSelf.size",
                "fieldPath": ".size",
            },
        ),
        (
            _rule("{low:d} of {most:d}", values={"most": MessageValue("8", lambda _: 8)}),
            {"rule": "self != 'no'", "messageExpression": "'%d of %d'.format([self.low, 8])"},
        ),
    ],
)
def test_what_the_api_server_is_told(rule: Rule[Any], told: dict[str, str]) -> None:
    assert validations((rule,)) == {KEY: [told]}


def test_each_side_checks_its_own_rules_in_their_order() -> None:
    def refuse(_: str) -> None:
        raise ValueError("the models know better")

    rules = (
        ServerRule(cel="self == oldSelf", message="it may not change", because="there is no old one"),
        _rule("{self} is bad"),
        ModelRule(refuse, because="CEL cannot tell"),
    )
    assert [told["rule"] for told in validations(rules)[KEY]] == ["self == oldSelf", "self != 'no'"]
    with pytest.raises(ValueError, match=r'^"no" is bad$'):
        check(rules, "no")
    with pytest.raises(ValueError, match=r"the models know better"):
        check(rules, "yes")
    assert validations(rules[2:]) == {}


@pytest.mark.parametrize(
    ("text", "shown"), [("a", '"a"'), ("a\nb", '"a\\nb"'), ("Zürich 'x'", "\"Zürich 'x'\""), ("\u202e", '"\\u202e"')]
)
def test_a_value_in_a_message_is_one_line(text: str, shown: str) -> None:
    assert quoted(text) == shown


def _rules_of_both_sides() -> list[Rule[Any]]:
    modules = [importlib.import_module(found.name) for found in pkgutil.iter_modules(api.__path__, f"{api.__name__}.")]
    lists = [value for module in modules for value in vars(module).values() if isinstance(value, tuple)]
    return list({id(rule): rule for rules in lists for rule in rules if isinstance(rule, Rule)}.values())


def test_every_rule_of_both_sides_is_in_the_table() -> None:
    told = [case.models or "" for case in [*REFUSED, *OF_CLASSES]] + [NAME_MESSAGE]
    rules = _rules_of_both_sides()
    assert len(rules) > 40
    for rule in rules:
        words = max((literal for literal, *_ in Formatter().parse(rule.message)), key=len)
        assert any(words[:30] in message or (message and message in words) for message in told), rule.message
