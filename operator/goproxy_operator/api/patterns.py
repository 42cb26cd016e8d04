"""Globs of path.Match, and patterns of module paths as in GOPRIVATE.

A pattern that can match no module path is refused: nobody would notice that it allows, denies or hides nothing.
Source of what a module path is: `CheckPath` of golang.org/x/mod/module.
"""

import re
from typing import Annotated

from pydantic import Field, StringConstraints

from goproxy_operator.api.part import SET, Items
from goproxy_operator.api.rule import MessageValue, ModelRule, Rule, Ruled, Rules
from modproxy.mod.dead_pattern import (
    BAD_DOTS,
    CAPITAL_HOST,
    NO_HOST,
    NO_LETTER,
    lower_host,
    without_dots,
    without_version,
)
from modproxy.mod.pattern import parse_pattern

_GLOB = r"^([^\\\[]|\\.|\[\^?(([^\\\]-]|\\.)(-([^\\\]-]|\\.))?)+\])*$"
"""The syntax of path.Match, except that empty ranges ([z-a]) match: literals, escapes, and classes."""

_PATTERN_RULES: Rules[str] = (
    Rule(
        cel="self != '' && self != '/'",
        holds=lambda text: text not in ("", "/"),
        message="an empty pattern: write a module path or a glob such as github.com/acme",
    ),
    Rule(
        cel="!self.contains('://')",
        holds=lambda text: "://" not in text,
        message="{self} is a URL: write the module path without a scheme, such as github.com/acme",
    ),
    Rule(
        cel=r"!self.matches(r'[\s,]')",
        holds=lambda text: not re.search(r"[\s,]", text, re.ASCII),
        message="{self} has white space or a comma: write one pattern an entry",
    ),
    Rule(
        cel="self == '/' || (!self.startsWith('/') && !self.contains('//')) || self.contains('://')",
        holds=lambda text: not text.startswith("/") and "//" not in text,
        message="{self} has an empty path element: write elements separated by single slashes, such as github.com/acme",
    ),
    Rule(
        cel=f"self.matches(r'{_GLOB}')",
        holds=lambda text: re.fullmatch(_GLOB, text, re.DOTALL) is not None,
        message="{self} has a [ without its ], an empty class, or ends in a backslash: write a glob such as "
        "*.corp.example.com or example.com/v[0-9]",
    ),
    ModelRule(parse_pattern, because="CEL cannot compare the two ends of a range"),
)
GlobText = Annotated[str, StringConstraints(max_length=256), Ruled(_PATTERN_RULES)]
"""A glob as of path.Match."""

_REFUSED_ALREADY = r"self.contains('://') || self.matches(r'[\s,]') || self.contains('@') || self.contains('...')"
"""Holds where another rule refuses the text, so that people read one message."""


def _refused_already(text: str) -> bool:
    return "://" in text or "@" in text or "..." in text or re.search(r"[\s,]", text, re.ASCII) is not None


def _without(pattern: str, message: str, values: dict[str, MessageValue[str]] | None = None) -> Rule[str]:
    """Return the rule that nothing in a text matches `pattern`."""
    return Rule(
        cel=f"{_REFUSED_ALREADY} || !self.matches(r'{pattern}')",
        holds=lambda text: _refused_already(text) or not re.search(pattern, text),
        message=message,
        values=values or {},
    )


_REST = "(self.contains('/') ? self.substring(self.indexOf('/')) : '')"
_MODULE_PATTERN_RULES: Rules[str] = (
    *_PATTERN_RULES,
    Rule(
        cel="self.contains('://') || !self.contains('@')",
        holds=lambda text: "://" in text or "@" not in text,
        message="{self} has a version, and a pattern is for all versions of a module: write {path}",
        values={"path": MessageValue("self.substring(0, self.indexOf('@'))", without_version)},
    ),
    Rule(
        cel="self.contains('@') || !self.contains('...')",
        holds=lambda text: "@" in text or "..." not in text,
        message="{self} has three dots, which no module path has; a pattern matches all that is below it: write {path}",
        values={"path": MessageValue("self.replace('/...', '').replace('...', '*')", without_dots)},
    ),
    _without(
        NO_LETTER,
        "{self} has a character that no module path has: write the letters of ASCII, digits and - . _ ~ only, such as "
        "github.com/acme",
    ),
    _without(
        CAPITAL_HOST,
        "{self} begins with a host in capital letters, and module paths begin in lower case: write {path}",
        {"path": MessageValue(f"self.split('/')[0].lowerAscii() + {_REST}", lower_host)},
    ),
    _without(
        NO_HOST,
        "{self} does not begin with a host, which has a dot: write for example github.com/acme, or */acme for any host",
    ),
    _without(
        BAD_DOTS,
        "{self} has an element that begins or ends with a dot, which no module path has: write for example "
        "*.corp.example.com",
    ),
)
ModulePattern = Annotated[str, StringConstraints(max_length=256), Ruled(_MODULE_PATTERN_RULES)]
"""A glob that matches a prefix of a module path's elements, as in GOPRIVATE."""
Patterns = Annotated[Items[ModulePattern], Field(max_length=512, json_schema_extra=SET)]
