"""The object itself, and how a document becomes a `GoProxy`."""

import json
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from goproxy_operator.api.errors import told
from goproxy_operator.api.rule import Rule, Rules, ServerRule, check
from goproxy_operator.api.spec import GoProxySpec
from goproxy_operator.api.status import Status
from goproxy_operator.api.transitions import STORAGE_TRANSITIONS

GROUP = "goproxy-operator.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "GoProxy"
PLURAL = "goproxies"
SHORT_NAME = "gop"

_NAME = "^[a-z]([-a-z0-9]*[a-z0-9])?$"
_LONGEST_NAME = 40
OBJECT_RULES: Rules[Any] = (
    Rule(
        cel=f"self.metadata.name.matches('{_NAME}') && self.metadata.name.size() <= {_LONGEST_NAME}",
        holds=lambda goproxy: (
            re.fullmatch(_NAME, goproxy.metadata.name) is not None and len(goproxy.metadata.name) <= _LONGEST_NAME
        ),
        message=f"metadata.name must start with a letter, hold only a-z, 0-9 and -, and have at most {_LONGEST_NAME} "
        "characters: write for example team-a",
    ),
    ServerRule(
        cel="!has(self.spec) || !has(self.spec.cache) || !has(self.spec.cache.parent) "
        "|| has(self.spec.cache.parent.namespace) || self.spec.cache.parent.name != self.metadata.name",
        message="spec.cache.parent is the GoProxy itself: write another one, or remove it",
        because="a class may name one parent for all its fleets, of which that parent may be one",
    ),
    *STORAGE_TRANSITIONS,
)
"""Of the whole object: no schema but the API server's own may say anything of `metadata`."""


class InvalidGoProxyError(ValueError):
    """The document is no `GoProxy`. Each mistake is one line: the path of the field, and what to write instead."""

    def __init__(self, *mistakes: str) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(mistakes))


class Metadata(BaseModel):
    """Holds what is read of the object's metadata. A file has neither `uid` nor `generation`."""

    model_config = ConfigDict(frozen=True, strict=True)

    name: str
    namespace: str = "default"
    uid: str = ""
    generation: int = 0
    deletion_timestamp: str | None = Field(None, alias="deletionTimestamp")


class GoProxy(BaseModel):
    """A fleet of caching Go module proxies, as its user asks for it."""

    model_config = ConfigDict(frozen=True)

    metadata: Metadata
    spec: GoProxySpec = GoProxySpec()
    status: Status = Status()

    @model_validator(mode="after")
    def _keeps_its_rules(self) -> "GoProxy":
        check(OBJECT_RULES, self)
        return self


def parse_goproxy(document: dict[str, Any]) -> GoProxy:
    """Read the object as YAML or the API server gives it, or raise `InvalidGoProxyError`.

    An unknown field of `spec` is refused, because a field that is accepted and ignored could be a hole. `status` is not
    read, because the operator alone writes it.
    """
    if document.get("apiVersion") != API_VERSION or document.get("kind") != KIND:
        raise InvalidGoProxyError(
            f"is no {KIND}: write apiVersion: {API_VERSION} and kind: {KIND}, "
            f"not {document.get('apiVersion')!r} and {document.get('kind')!r}"
        )
    known = {key: value for key, value in document.items() if key in ("metadata", "spec")}
    try:
        return GoProxy.model_validate_json(json.dumps(known))
    except ValidationError as e:
        raise InvalidGoProxyError(*told(e)) from None
