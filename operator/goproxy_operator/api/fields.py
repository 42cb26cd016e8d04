"""The types of the object's fields: what the API server checks by schema and CEL, checked here by the same rules.

Local mode has no API server, and an empty range in a pattern is beyond CEL; so both sides check.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from goproxy_operator.api import cel, cel_upstream
from goproxy_operator.api.part import SET, Items
from goproxy_operator.quantity import parse_quantity, size_in_bytes
from modproxy.contract.duration import parse_duration
from modproxy.mod.chain import has_userinfo, parse_chain
from modproxy.mod.pattern import parse_pattern
from modproxy.mod.sumdb import parse_gosumdb

NAME_LENGTH = 253
"""The longest name of any Kubernetes object."""
_NANOSECOND = 1e-9
_PREFIX = re.compile(r"/[^/%]+(/[^/%]+)*")
_OBJECT_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def _check_size(text: str) -> str:
    size_in_bytes(text)
    return text


def _check_quantity(text: str) -> str:
    parse_quantity(text)
    return text


def _check_duration(text: str) -> str:
    parse_duration(text)
    return text


def _check_positive(text: str) -> str:
    if parse_duration(text) < _NANOSECOND:
        raise ValueError("must be longer than nothing: write for example 30s")
    return text


def _check_pattern(text: str) -> str:
    parse_pattern(text)
    return text


def _check_chain(text: str) -> str:
    if any(has_userinfo(entry.url) for entry in parse_chain(text)):
        raise ValueError("credentials do not belong into the URL: remove the user name and the password before the @")
    return text


def _check_prefix(text: str) -> str:
    if text and not _PREFIX.fullmatch(text):
        raise ValueError(f"{text!r} is no path prefix: write it as /go, with a leading and without a trailing slash")
    return text


def _check_gosumdb(text: str) -> str:
    if any(has_userinfo(word) for word in text.split()):
        raise ValueError("credentials do not belong into the URL: remove the user name and the password before the @")
    parse_gosumdb(text)
    if re.search(r"\s\S*[?#]", text):
        raise ValueError(f"{text!r} has no URL after its key: write one with https:// or http://, without a query")
    return text


def _check_secret_name(text: str) -> str:
    if not _OBJECT_NAME.fullmatch(text) or ".." in text:
        raise ValueError(
            f"{text!r} is no name of a Secret: write lower-case letters, digits, dashes and dots, such as corp-git"
        )
    return text


def _check_name(text: str) -> str:
    if not _OBJECT_NAME.fullmatch(text) or ".." in text:
        raise ValueError(
            f"{text!r} is no name of an object: write lower-case letters, digits, dashes and dots, such as team-a"
        )
    return text


def _check_proxy_url(text: str) -> str:
    if has_userinfo(text):
        raise ValueError(
            "credentials do not belong into the URL: remove what is before the @, and name a Secret with username and "
            "password as httpProxy.secretName"
        )
    if not re.fullmatch(cel_upstream.PROXY_URL, text):
        raise ValueError(f"{text!r} is no HTTP proxy: write http://HOST:PORT, such as http://egress.example.com:3128")
    return text


def _check_no_proxy(text: str) -> str:
    if not re.fullmatch(cel_upstream.NO_PROXY, text):
        raise ValueError(
            f"{text!r} is nothing to reach without the proxy: write one host, domain, address or range an entry, such "
            "as .corp.example.com or 10.0.0.0/8"
        )
    return text


def _check_contact(text: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("has a line break or another control character: write one line")
    return text


def _check_labels(labels: dict[str, str]) -> dict[str, str]:
    if any(key.startswith("goproxy-operator.dev/") or key in cel.OWN_LABELS for key in labels):
        raise ValueError(cel.OWN_LABELS_MESSAGE)
    return labels


def _whole_number(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _ruled(rules: dict[str, Any]) -> Any:
    return Field(json_schema_extra=rules)


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NAME_LENGTH),
    AfterValidator(_check_name),
    _ruled(cel.OBJECT_NAME),
]
"""The name of another object."""
Size = Annotated[str, StringConstraints(max_length=32), AfterValidator(_check_size), _ruled(cel.SIZE)]
"""Bytes, more than none: `50Gi`."""
Quantity = Annotated[
    str,
    BeforeValidator(_whole_number),
    AfterValidator(_check_quantity),
    Field(json_schema_extra={"x-kubernetes-int-or-string": True, "type": None}, max_length=32),
]
"""Any quantity as containers have them: `500m`, `1Gi`, `2`."""
Duration = Annotated[str, StringConstraints(max_length=32), AfterValidator(_check_duration), _ruled(cel.DURATION)]
PositiveDuration = Annotated[
    str, StringConstraints(max_length=32), AfterValidator(_check_positive), _ruled(cel.POSITIVE_DURATION)
]
PatternText = Annotated[str, StringConstraints(max_length=256), AfterValidator(_check_pattern), _ruled(cel.PATTERN)]
"""A glob that matches a prefix of a module path's elements, as in GOPRIVATE."""
Patterns = Annotated[Items[PatternText], Field(max_length=512, json_schema_extra=SET)]
ChainText = Annotated[str, StringConstraints(max_length=2048), AfterValidator(_check_chain), _ruled(cel_upstream.CHAIN)]
"""A chain in GOPROXY's syntax, without credentials."""
GosumdbText = Annotated[
    str, StringConstraints(max_length=1024), AfterValidator(_check_gosumdb), _ruled(cel_upstream.GOSUMDB)
]
"""A checksum database in GOSUMDB's syntax, or `off`."""
SecretRef = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NAME_LENGTH),
    AfterValidator(_check_secret_name),
    _ruled(cel_upstream.SECRET_NAME),
]
"""The name of a Secret of the same namespace."""
HttpProxyUrl = Annotated[
    str, StringConstraints(max_length=512), AfterValidator(_check_proxy_url), _ruled(cel_upstream.HTTP_PROXY_URL)
]
NoProxyEntry = Annotated[
    str, StringConstraints(max_length=256), AfterValidator(_check_no_proxy), _ruled(cel_upstream.NO_PROXY_ENTRY)
]
Contact = Annotated[
    str, StringConstraints(min_length=1, max_length=256), AfterValidator(_check_contact), _ruled(cel.CONTACT)
]
PathPrefix = Annotated[str, StringConstraints(max_length=256), AfterValidator(_check_prefix), _ruled(cel.PATH_PREFIX)]
LabelValue = Annotated[str, StringConstraints(max_length=63, pattern=r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")]
Labels = Annotated[
    dict[str, LabelValue], Field(max_length=64, json_schema_extra=cel.POD_LABELS), AfterValidator(_check_labels)
]
"""On a child or a pod, beside the operator's own."""
