"""`spec.audit` of the object: where a record of each decided request goes."""

import re
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from goproxy_operator.api.addresses import URL_HOST_RULES
from goproxy_operator.api.fields import SecretRef
from goproxy_operator.api.part import SET, Items, Part
from goproxy_operator.api.rule import Rule, Ruled, Rules, matching
from goproxy_operator.api.upstream import CREDENTIALS_IN_URL
from modproxy.contract.config import AuditTarget
from modproxy.contract.fields import INDEX_NAME
from modproxy.mod.chain import has_userinfo

_RECEIVER_URL = r"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$"
_RECEIVER_URL_RULES: Rules[str] = (
    Rule(
        cel="!self.matches('://[^/]*@')",
        holds=lambda text: not re.search("://[^/]*@", text) and not has_userinfo(text),
        message=CREDENTIALS_IN_URL,
    ),
    Rule(
        cel=f"self.contains('@') || self.matches(r'{_RECEIVER_URL}')",
        holds=lambda text: re.fullmatch(_RECEIVER_URL, text) is not None,
        message="{self} is no receiver of audit records: write https://HOST[:PORT], perhaps with a path, without a "
        "query, such as https://es.corp.example.com:9200",
    ),
    *URL_HOST_RULES,
)
AuditReceiverUrl = Annotated[str, StringConstraints(max_length=512), Ruled(_RECEIVER_URL_RULES)]
"""The base of the URLs of a server with Elasticsearch's API."""

_INDEX_RULES: Rules[str] = (
    matching(
        f"^{INDEX_NAME.pattern}$",
        "{self} is no name of an index: write lower-case letters, digits, dashes, dots and underscores, such as "
        "goproxy-audit",
    ),
)
AuditIndex = Annotated[str, StringConstraints(min_length=1, max_length=128), Ruled(_INDEX_RULES)]

_ELASTICSEARCH_RULES: Rules["ElasticsearchSpec"] = (
    Rule(
        cel="!has(self.secretName) || !self.url.startsWith('http://')",
        holds=lambda spec: spec.secret_name is None or not spec.url.startswith("http://"),
        message="a login is not sent over plain http: write an https:// URL, or remove secretName",
    ),
)


class ElasticsearchSpec(Part):
    """A server with the bulk API of Elasticsearch, such as Elasticsearch or OpenSearch."""

    RULES: ClassVar = _ELASTICSEARCH_RULES

    url: AuditReceiverUrl
    """https://HOST[:PORT], without credentials; upstream.trustedCASecretName, .httpProxy and .egressCIDRs count."""
    index: AuditIndex
    """The index or the data stream that the records go to."""
    secret_name: SecretRef | None = None
    """A Secret with apiKey, or with username and password; rotation needs no restart."""


class AuditSpec(Part):
    """A record of each request that is decided: who asked for which module, and what was decided."""

    enabled: bool | None = None
    """False: no record is made. Default: true where `to` or `elasticsearch` is written, else false."""
    to: (
        Annotated[
            Items[Annotated[AuditTarget, Field(strict=False)]],
            Field(min_length=1, max_length=len(AuditTarget), json_schema_extra=SET),
        ]
        | None
    ) = None
    """Stdout: a line of JSON each. File: .modproxy/audit-log on the cache's volume, rotated. Default: Stdout where
    elasticsearch is absent."""
    elasticsearch: ElasticsearchSpec | None = None
    """A receiver; while it is away the records wait on the cache's volume."""
