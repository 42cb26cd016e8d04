"""`spec.cache.objectStore`: a store that holds what the disks of the replicas hold, and more."""

import re
from typing import Annotated, ClassVar

from pydantic import StringConstraints

from goproxy_operator.api.addresses import URL_HOST_RULES
from goproxy_operator.api.fields import Name, SecretRef
from goproxy_operator.api.part import Part
from goproxy_operator.api.rule import Rule, Ruled, Rules, ServerRule, matching
from goproxy_operator.api.upstream import CREDENTIALS_IN_URL
from modproxy.mod.chain import has_userinfo

_SCHEME = "^(s3|gs|az|file)://"
_FORMS = "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://ACCOUNT/CONTAINER/PREFIX"
_BUCKET = "[A-Za-z0-9]([A-Za-z0-9._-]{0,220}[A-Za-z0-9])?"
_STEP = "/[A-Za-z0-9_~=+,-][A-Za-z0-9._~=+,-]*"
"""One element of a prefix. None begins with a dot, so that no prefix climbs."""
BUCKET_URL = rf"^((s3|gs)://{_BUCKET}|az://{_BUCKET}/{_BUCKET}|file://{_STEP})({_STEP})*/?$"


def _of_known_scheme(text: str) -> bool:
    return re.match(_SCHEME, text) is not None


_URL_RULES: Rules[str] = (
    Rule(
        cel="!self.contains('@')",
        holds=lambda text: "@" not in text and not has_userinfo(text),
        message=CREDENTIALS_IN_URL,
    ),
    Rule(
        cel=f"self.contains('@') || self.matches('{_SCHEME}')",
        holds=_of_known_scheme,
        message=f"{{self}} is of no kind of object store that replicas know: write {_FORMS}; what speaks S3 "
        "elsewhere is s3://BUCKET with its URL as endpoint",
    ),
    Rule(
        cel=f"!self.matches('{_SCHEME}') || self.contains('@') || self.matches(r'{BUCKET_URL}')",
        holds=lambda text: re.fullmatch(BUCKET_URL, text) is not None,
        message=f"{{self}} names no bucket, or has a query, dots that climb, or two slashes in a row: write {_FORMS}",
    ),
)
BucketText = Annotated[str, StringConstraints(min_length=1, max_length=512), Ruled(_URL_RULES)]
"""The URL of a bucket, or of a folder."""

ENDPOINT_URL = r"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$"
_ENDPOINT_RULES: Rules[str] = (
    Rule(
        cel="!self.contains('@')",
        holds=lambda text: "@" not in text and not has_userinfo(text),
        message=CREDENTIALS_IN_URL,
    ),
    Rule(
        cel=f"self.contains('@') || self.matches(r'{ENDPOINT_URL}')",
        holds=lambda text: re.fullmatch(ENDPOINT_URL, text) is not None,
        message="{self} is no URL of a server: write https://HOST[:PORT] or http://HOST[:PORT], without a query, such "
        "as https://minio.corp.example.com:9000",
    ),
    *URL_HOST_RULES,
)
EndpointText = Annotated[str, StringConstraints(min_length=1, max_length=512), Ruled(_ENDPOINT_RULES)]
"""The URL of a server with an object store's protocol."""

_REGION_RULES: Rules[str] = (matching("^[a-z0-9-]+$", "{self} is no region: write for example eu-central-1"),)
Region = Annotated[str, StringConstraints(min_length=1, max_length=64), Ruled(_REGION_RULES)]

_FOLDER = "^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$"
_FOLDER_RULES: Rules[str] = (
    matching(_FOLDER, "{self} is no folder of a volume: write names without a leading slash, such as go/team-a"),
)
FolderText = Annotated[str, StringConstraints(min_length=1, max_length=253), Ruled(_FOLDER_RULES)]


def _scheme(spec: "ObjectStoreSpec") -> str:
    return (spec.url or "file:").partition(":")[0]


_IS_FILE = "(!has(self.url) || self.url.startsWith('file:'))"
_OBJECT_STORE_RULES: Rules["ObjectStoreSpec"] = (
    Rule(
        cel="has(self.url) != has(self.claimName)",
        holds=lambda spec: (spec.url is None) != (spec.claim_name is None),
        message="write either url, for a bucket, or claimName, for a volume that all replicas mount",
    ),
    Rule(
        cel=f"!{_IS_FILE} || (!has(self.secretName) && !has(self.endpoint))",
        holds=lambda spec: _scheme(spec) != "file" or (spec.secret_name is None and spec.endpoint is None),
        message="secretName and endpoint are of a bucket, and a folder has none: remove them",
    ),
    Rule(
        cel="!has(self.region) || (has(self.url) && self.url.startsWith('s3:'))",
        holds=lambda spec: spec.region is None or _scheme(spec) == "s3",
        message="region is of S3 alone: remove it, or write an s3:// URL",
    ),
    Rule(
        cel="!has(self.folder) || has(self.claimName)",
        holds=lambda spec: spec.folder is None or spec.claim_name is not None,
        message="folder is of the volume of claimName: write the prefix into the URL of a bucket",
    ),
    ServerRule(
        cel="!has(self.url) || !self.url.startsWith('file:')",
        message="a folder of a pod is neither kept nor shared: write claimName, a PersistentVolumeClaim with access "
        "mode ReadWriteMany, instead of url",
        because="on a machine of one's own all replicas share its folders",
    ),
)


class ObjectStoreSpec(Part):
    """A bucket, or a volume that all replicas mount: read before upstream, written in the background."""

    RULES: ClassVar = _OBJECT_STORE_RULES

    url: BucketText | None = None
    """s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://ACCOUNT/CONTAINER/PREFIX; locally file:///FOLDER too. Without
    credentials."""
    secret_name: SecretRef | None = None
    """A Secret with the keys that the store's own tools use, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and
    perhaps ca.crt. Default: workload identity."""
    endpoint: EndpointText | None = None
    """Where the store is, where it is none of the provider's own."""
    region: Region | None = None
    """Of an S3 bucket. Default: us-east-1."""
    claim_name: Name | None = None
    """A PersistentVolumeClaim of this namespace with access mode ReadWriteMany, instead of url."""
    folder: FolderText | None = None
    """The folder of that volume. Default: its root."""
