"""The Secrets of a file, as values. Pure. No message and no repr tells what a Secret holds."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from goproxy_operator.api.fields import HOST_NAME, NAME_LENGTH
from modproxy.contract.secret_keys import (
    AUDIT_KEYS,
    OBJECT_STORE_KEYS,
    SERVING_KEYS,
    TRUSTED_PROXY_KEYS,
    UPSTREAM_KEYS,
    USERS_KEYS,
    WEBHOOK_KEYS,
)

_OF_CLIENTS = (*USERS_KEYS, *TRUSTED_PROXY_KEYS, *WEBHOOK_KEYS)
_READ = tuple(dict.fromkeys((*UPSTREAM_KEYS, *SERVING_KEYS, *_OF_CLIENTS, *AUDIT_KEYS, *OBJECT_STORE_KEYS)))
_MOST_BYTES = 1 << 20
"""The API server accepts no more."""
_FIELDS = ("apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData")


class SecretError(ValueError):
    """The document is no Secret. The message says which one, which key and what to do, and no value."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Holds those keys of a Secret that replicas read."""

    name: str
    data: Mapping[str, bytes] = field(repr=False)


def parse_secret(document: dict[str, Any]) -> Secret:
    """Read a document of kind Secret, or raise `SecretError`. As in Kubernetes, `stringData` wins over `data`."""
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or len(name) > NAME_LENGTH or not re.fullmatch(HOST_NAME, name):
        raise SecretError("a Secret's metadata.name: write lower-case letters, digits, dashes and dots")
    for key in document:
        if key not in _FIELDS:
            raise SecretError(f"Secret {name}: a field that no Secret has: write its keys under data or stringData")
    values = {key: _decode(name, key, text) for key, text in _texts(name, document, "data").items()}
    values |= {key: text.encode() for key, text in _texts(name, document, "stringData").items()}
    if sum(map(len, values.values())) > _MOST_BYTES:
        raise SecretError(f"Secret {name}: more than 1 MiB: no Secret may hold so much")
    return Secret(name, {key: values[key] for key in _READ if key in values})


def missing_secrets(field: str, named: Iterable[str], secrets: Iterable[Secret], then: str) -> str | None:
    """Return what to tell when Secrets that the object names in `field` are not in the file; `then` is what follows."""
    missing = sorted(set(named) - {secret.name for secret in secrets})
    return f"{field}: Secret {', '.join(missing)} is not in the file: {then}; add the Secret" if missing else None


def _texts(name: str, document: dict[str, Any], under: str) -> dict[str, str]:
    texts = document.get(under)
    if texts is None:
        return {}
    if not isinstance(texts, dict):
        raise SecretError(f"Secret {name}: {under} holds no keys: write KEY: TEXT below it")
    for key, text in texts.items():
        if not isinstance(key, str) or not isinstance(text, str):
            shown = f".{key}" if key in _READ else ""
            raise SecretError(f"Secret {name}: {under}{shown} is no text: put it into quotes")
    return texts


def _decode(name: str, key: str, text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        shown = f".{key}" if key in _READ else ""
        raise SecretError(
            f"Secret {name}: data{shown} is not base64: encode it, or write it as it is under stringData"
        ) from None
