"""The kinds of values that several sections of the object have, each with its rules."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from goproxy_operator.api.rule import Rule, Ruled, Rules, matching, quoted
from goproxy_operator.quantity import QuantityError, size_in_bytes
from modproxy.contract.duration import parse_duration

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

_TOO_LITTLE = "256Mi"
"""The zip of one large module has so much, and whoever writes less most often meant Gi."""


def _is_size(text: str) -> bool:
    try:
        return size_in_bytes(text) < size_in_bytes(_TOO_MUCH)
    except QuantityError:
        return False


_READABLE = f"!self.matches('{HUGE}') && isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))"
_SIZE_RULES: Rules[str] = (
    Rule(
        cel=f"{_READABLE} && quantity(self).isLessThan(quantity('{_TOO_MUCH}'))",
        holds=_is_size,
        message="{self} is not a size: write for example 50Gi",
    ),
    Rule(
        cel=f"!({_READABLE}) || !quantity(self).isLessThan(quantity('{_TOO_LITTLE}'))",
        holds=lambda text: size_in_bytes(text) >= size_in_bytes(_TOO_LITTLE),
        message="{self} holds no more than a few modules: write " + _TOO_LITTLE + " or more, for example 50Gi",
    ),
)
Size = Annotated[str, StringConstraints(max_length=32), Ruled(_SIZE_RULES)]
"""The number of bytes of a cache: `50Gi`."""

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
        message="{self} is not a duration: write for example 30s, 5m or 72h (a day is 24h)",
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

KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
"""A qualified name, as Kubernetes calls it: the syntax of keys of labels and annotations."""
_KEY_FORM = (
    "write at most 63 letters, digits, - _ and ., with a domain and a slash before them where it has one, such as "
)


def _no_key(words: Mapping[str, str]) -> str | None:
    """Return the first key that Kubernetes does not take; None where it takes all."""
    return next((key for key in words if re.fullmatch(KEY, key) is None), None)


def check_keys(words: Mapping[str, str]) -> None:
    """Raise `ValueError` where a key of labels is no such key."""
    if (key := _no_key(words)) is not None:
        raise ValueError(f"{quoted(key)} is no key of a label: {_KEY_FORM}topology.kubernetes.io/zone")


def keys_rule(what: str, example: str) -> Rule[dict[str, str]]:
    """Return the rule that the keys of labels or annotations are such as Kubernetes takes; `what` they are keys of."""
    return Rule(
        cel=f"self.all(k, k.matches(r'{KEY}'))",
        holds=lambda words: _no_key(words) is None,
        message=f"a key is no key of {what}: {_KEY_FORM}{example}",
    )


_LABEL_KEY_RULES: Rules[str] = (
    matching(KEY, f"{{self}} is no key of a label: {_KEY_FORM}topology.kubernetes.io/zone"),
)
LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=317), Ruled(_LABEL_KEY_RULES)]
"""A label's key, with its prefix."""
LabelValue = Annotated[str, StringConstraints(max_length=63, pattern=r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")]

_MATCH_LABELS_RULES: Rules[dict[str, str]] = (keys_rule("labels", "topology.kubernetes.io/zone"),)
MatchLabels = Annotated[dict[str, LabelValue], Field(max_length=64), Ruled(_MATCH_LABELS_RULES)]
"""Labels that have to match, all of them."""

_OWN_LABELS = [f"app.kubernetes.io/{key}" for key in ("name", "instance", "component", "managed-by")]
_LABELS_RULES: Rules[dict[str, str]] = (
    keys_rule("labels", "example.com/team"),
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
    keys_rule("annotations", "example.com/owner"),
    Rule(
        cel=f"self.all(k, !k.startsWith('{OWN_PREFIX}'))",
        holds=lambda annotations: not any(key.startswith(OWN_PREFIX) for key in annotations),
        message=f"annotations under {OWN_PREFIX} are the operator's own: choose other keys",
    ),
)
AnnotationsText = Annotated[dict[str, Annotated[str, StringConstraints(max_length=4096)]], Field(max_length=64)]
Annotations = Annotated[AnnotationsText, Ruled(_ANNOTATIONS_RULES)]
"""Annotations for a child, beside the operator's own."""
