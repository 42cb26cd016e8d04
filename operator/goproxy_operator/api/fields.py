"""The kinds of values that several sections of the object have, each with its rules."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints

from goproxy_operator.api.part import SET, Items
from goproxy_operator.api.rule import ModelRule, Rule, Ruled, Rules, matching
from goproxy_operator.quantity import QuantityError, size_in_bytes
from modproxy.contract.duration import parse_duration
from modproxy.mod.pattern import parse_pattern

NAME_LENGTH = 253
"""The longest name of any Kubernetes object."""
OWN_PREFIX = "goproxy-operator.dev/"
"""Keys of labels and annotations that begin so are the operator's own."""

# RE2, which is CEL's, and Python read every pattern here alike.

_OBJECT_NAME = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"


def _object_name(message: str) -> Rule[str]:
    return Rule(
        cel=f"self.matches('{_OBJECT_NAME}') && !self.contains('..')",
        holds=lambda text: re.fullmatch(_OBJECT_NAME, text) is not None and ".." not in text,
        message=message,
    )


_NAME_RULES: Rules[str] = (
    _object_name("{self} is no name of an object: write lower-case letters, digits, dashes and dots, such as team-a"),
)
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), Ruled(_NAME_RULES)]
"""The name of another object."""

_SECRET_REF_RULES: Rules[str] = (
    _object_name("{self} is no name of a Secret: write lower-case letters, digits, dashes and dots, such as corp-git"),
)
SecretRef = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), Ruled(_SECRET_REF_RULES)]
"""The name of a Secret of the same namespace."""

HOST_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
"""A DNS-1123 subdomain."""

_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
DNS_NAME = rf"^{_LABEL}([.]{_LABEL})*$"
"""A DNS-1123 subdomain that can be looked up: RFC 1035 allows 63 characters between two dots."""

_NO_DNS_NAME = r"(^|[,|\s])\s*(https?://)?[^/+,|\s]*([^./:+,|\s]{64}|[.][.])"
"""Matches where a URL, or the name of a checksum database, has a host that nobody can look up. A path may be so."""
NO_HOST = (
    "a host name has two dots in a row, or more than 63 characters between two dots, so that nobody can look it up: "
    "write for example https://goproxy.example.com"
)


def _check_hosts(text: str) -> None:
    for word in re.split(r"[,|\s]+", text):
        host = urlsplit(word).hostname or "" if "://" in word else re.split("[/:+]", word, maxsplit=1)[0]
        try:
            host.removesuffix(".").encode("idna")
        except UnicodeError as e:
            raise ValueError(NO_HOST) from e


URL_HOST_RULES: Rules[str] = (
    Rule(
        cel=f"!self.matches(r'{_NO_DNS_NAME}')",
        holds=lambda text: not re.search(_NO_DNS_NAME, text, re.ASCII),
        message=NO_HOST,
    ),
    ModelRule(_check_hosts, because="CEL does not know how letters beyond ASCII are written in a look-up (IDNA)"),
)
"""Of a text with one URL or several. They are found out here, because whoever uses such a URL fails only then."""

_SUBDOMAIN_RULES: Rules[str] = (
    matching(
        HOST_NAME,
        "{self} is no name: write lower-case letters, digits, dashes and dots, such as nginx",
    ),
)
ObjectName = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), Ruled(_SUBDOMAIN_RULES)]
"""The name of another object, where that has to be a DNS-1123 subdomain."""

HUGE = "[eE][+-]?[0-9]{3}"
"""Matches quantities such as 1e9999999, which would keep the API server busy for a minute."""
_TOO_MUCH = "7Ei"
"""A size has to be less. The API server stores 16Ei as one byte less than 8Ei, so that it would differ for ever."""


def _is_size(text: str) -> bool:
    try:
        return size_in_bytes(text) < size_in_bytes(_TOO_MUCH)
    except QuantityError:
        return False


_SIZE_RULES: Rules[str] = (
    Rule(
        cel=f"!self.matches('{HUGE}') && isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))"
        f" && quantity(self).isLessThan(quantity('{_TOO_MUCH}'))",
        holds=_is_size,
        message="{self} is not a size: write for example 50Gi",
    ),
)
Size = Annotated[str, StringConstraints(max_length=32), Ruled(_SIZE_RULES)]
"""A number of bytes that is more than zero: `50Gi`."""

_NANOSECOND = 1e-9


def _is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except ValueError:
        return False
    return True


_DURATION_RULES: Rules[str] = (
    Rule(
        cel="self == '0' || self.matches('^([0-9]+([.][0-9]+)?(ns|us|ms|s|m|h))+$')",
        holds=_is_duration,
        message="{self} is not a duration: write for example 30s, 5m or 72h",
    ),
)
Duration = Annotated[str, StringConstraints(max_length=32), Ruled(_DURATION_RULES)]

_POSITIVE_DURATION_RULES: Rules[str] = (
    *_DURATION_RULES,
    Rule(
        cel="self.matches('[1-9]')",
        holds=lambda text: parse_duration(text) >= _NANOSECOND,
        message="must be longer than nothing: write for example 30s",
    ),
)
PositiveDuration = Annotated[str, StringConstraints(max_length=32), Ruled(_POSITIVE_DURATION_RULES)]

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
PatternText = Annotated[str, StringConstraints(max_length=256), Ruled(_PATTERN_RULES)]
"""A glob that matches a prefix of a module path's elements, as in GOPRIVATE."""
Patterns = Annotated[Items[PatternText], Field(max_length=512, json_schema_extra=SET)]

LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=317)]
"""A label's key, with its prefix."""
LabelValue = Annotated[str, StringConstraints(max_length=63, pattern=r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")]

_OWN_LABELS = [f"app.kubernetes.io/{key}" for key in ("name", "instance", "component", "managed-by")]
_LABELS_RULES: Rules[dict[str, str]] = (
    Rule(
        cel=f"self.all(k, !k.startsWith('{OWN_PREFIX}') && !(k in {_OWN_LABELS}))",
        holds=lambda labels: not any(key.startswith(OWN_PREFIX) or key in _OWN_LABELS for key in labels),
        message=f"labels under {OWN_PREFIX} and app.kubernetes.io/name, instance, component and managed-by are the "
        "operator's own: choose other keys",
    ),
)
Labels = Annotated[dict[str, LabelValue], Field(max_length=64), Ruled(_LABELS_RULES)]
"""Labels for a child or a pod, beside the operator's own."""

_ANNOTATIONS_RULES: Rules[dict[str, str]] = (
    Rule(
        cel=f"self.all(k, !k.startsWith('{OWN_PREFIX}'))",
        holds=lambda annotations: not any(key.startswith(OWN_PREFIX) for key in annotations),
        message=f"annotations under {OWN_PREFIX} are the operator's own: choose other keys",
    ),
)
Annotations = Annotated[
    dict[str, Annotated[str, StringConstraints(max_length=4096)]], Field(max_length=64), Ruled(_ANNOTATIONS_RULES)
]
"""Annotations for a child, beside the operator's own."""
