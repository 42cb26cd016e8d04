"""A rule of the object: its CEL, which the API server runs, its Python twin, which the models run, and one message.

Both sides check, because a file on a laptop meets no API server. What a rule may cost the API server is limited, so
every string has a maxLength and every list a maxItems. CEL does not run the rule of a field that is absent: a rule
about presence belongs to the section around the field.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

KEY = "x-kubernetes-validations"
"""Where structural schemas carry CEL rules."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MessageValue(Generic[T]):
    """Gives a message a value that is no plain field: as a CEL expression, and from the model."""

    cel: str
    of: Callable[[T], object]


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """Refuses the same values on both sides, with the same words.

    `message` says what to write instead. In it `{self}` stands for the whole value in quotes, `{size}` for the field
    `size` of a section (or the entry of `values` that is called so), `{minReplicas:d}` for a number.
    """

    cel: str
    holds: Callable[[T], bool]
    message: str
    field_path: str = ""
    """Of the field that the API server names; empty: the value itself."""
    values: Mapping[str, MessageValue[T]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServerRule:
    """Refuses values at the API server only; `because` says why. `{oldSelf.size}` is the value before."""

    cel: str
    message: str
    because: str
    field_path: str = ""


@dataclass(frozen=True, slots=True)
class ModelRule(Generic[T]):
    """Refuses values in the models only, by a `check` that raises `ValueError`; `because` says why CEL cannot."""

    check: Callable[[T], object]
    because: str


Rules: TypeAlias = Sequence[Rule[T] | ServerRule | ModelRule[T]]
"""The rules of one field or section, in the order in which they are checked."""

NO_OLD_OBJECT = "the models see one object, never the one before it"


def matching(pattern: str, message: str) -> Rule[str]:
    """Return the rule that a text has the form of `pattern`, so that both sides read one text.

    `pattern` begins with `^`, ends with `$`, and means the same to RE2 and to Python.
    """
    return Rule(
        cel=f"self.matches(r'{pattern}')",
        holds=lambda text: re.fullmatch(pattern, text) is not None,
        message=message,
    )


def check(rules: Rules[T], value: T) -> None:
    """Raise `ValueError` with the message of the first rule that the value breaks."""
    for rule in rules:
        if isinstance(rule, ModelRule):
            rule.check(value)
        elif isinstance(rule, Rule) and not rule.holds(value):
            raise ValueError(_message(rule, value))


def validations(rules: Rules[T]) -> dict[str, Any]:
    """Return what the CRD's schema says of the rules; nothing when the API server checks none of them."""
    found = [_validation(rule) for rule in rules if not isinstance(rule, ModelRule)]
    return {KEY: found} if found else {}


class Ruled(Generic[T]):
    """Attaches rules to a type of field, as metadata of `Annotated`: to its schema in the CRD and to its validation."""

    def __init__(self, rules: Rules[T]) -> None:
        self.rules = rules

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | validations(self.rules)

    def _checked(self, value: T) -> T:
        check(self.rules, value)
        return value


def quoted(text: str) -> str:
    """Put a value into quotes, as the messages of the API server do. Characters that cannot be printed are escaped."""
    return '"' + "".join(char if char.isprintable() else repr(char)[1:-1] for char in text) + '"'


def _message(rule: Rule[T], value: T) -> str:
    return "".join(
        literal + ("" if name is None else _told(rule, value, name))
        for literal, name, _, _ in Formatter().parse(rule.message)
    )


def _told(rule: Rule[T], value: T, name: str) -> str:
    if name == "self":
        return quoted(str(value))
    if name in rule.values:
        return str(rule.values[name].of(value))
    section: BaseModel = value  # type: ignore[assignment]  # only a section has fields that a message can name
    return str(section.model_dump(mode="json", by_alias=True)[name])


def _validation(rule: Rule[T] | ServerRule) -> dict[str, str]:
    values = rule.values if isinstance(rule, Rule) else {}
    made = {"rule": rule.cel, **_cel_message(rule.message, {name: value.cel for name, value in values.items()})}
    return made | ({"fieldPath": rule.field_path} if rule.field_path else {})


def _cel_message(message: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return the message as a CRD has it: fixed text, or an expression that yields it."""
    parsed = list(Formatter().parse(message))
    if all(name is None for _, name, _, _ in parsed):
        return {"message": message}
    if any(spec for _, _, spec, _ in parsed):
        text = "".join(literal + (f"%{spec}" if name else "") for literal, name, spec, _ in parsed)
        arguments = ", ".join(_expression(name, values) for _, name, _, _ in parsed if name)
        return {"messageExpression": f"'{text}'.format([{arguments}])"}
    terms: list[str] = []
    text = ""
    for literal, name, _, _ in parsed:
        quote = '"' if name == "self" else ""
        text += literal + quote
        if name:
            terms += [f"'{text}'"] if text else []
            terms.append(_expression(name, values))
            text = quote
    terms += [f"'{text}'"] if text else []
    return {"messageExpression": " + ".join(terms)}


def _expression(name: str, values: Mapping[str, str]) -> str:
    if name in values:
        return values[name]
    return name if name == "self" or name.startswith("oldSelf.") else f"self.{name}"
