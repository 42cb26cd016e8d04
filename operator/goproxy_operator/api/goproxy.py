"""The object itself, and how a document becomes one."""

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from goproxy_operator.api.errors import field_path, one_line
from goproxy_operator.api.spec import Spec
from goproxy_operator.api.status import Status

GROUP = "goproxy-operator.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "GoProxy"
PLURAL = "goproxies"
SHORT_NAME = "gop"
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", re.ASCII)


class InvalidGoProxyError(ValueError):
    """The document is no `GoProxy`: one line with the path of the field, what is wrong and what to write instead."""


def _check_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} must start with a letter, hold only a-z, 0-9 and -, and have at most 40 characters: "
            "write for example team-a"
        )
    return text


class Metadata(BaseModel):
    """What we read of the object's metadata. `uid` and `generation` are the API server's; a file has neither."""

    model_config = ConfigDict(frozen=True, strict=True)

    name: Annotated[str, AfterValidator(_check_name)]
    namespace: str = "default"
    uid: str = ""
    generation: int = 0
    deletion_timestamp: str | None = Field(None, alias="deletionTimestamp")


class GoProxy(BaseModel):
    """A fleet of caching Go module proxies, as its user asks for it."""

    model_config = ConfigDict(frozen=True)

    metadata: Metadata
    spec: Spec = Spec()
    status: Status = Status()


def parse_goproxy(document: dict[str, Any]) -> GoProxy:
    """Read the object as YAML or the API server gives it, or raise `InvalidGoProxyError`.

    An unknown field of `spec` is refused: what would be accepted and ignored could be a hole. `status` is not read: it
    is ours to write.
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
        first = e.errors(include_url=False)[0]
        raise InvalidGoProxyError(f"{field_path(first['loc'])}: {one_line(first['type'], first['msg'])}") from None
