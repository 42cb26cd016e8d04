"""`audit` of the config: where a record of each decided request goes."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from modproxy.contract.config.section import Section
from modproxy.contract.fields import IndexName, ReceiverUrl, SecretName


class AuditTarget(StrEnum):
    """A place for the audit log that is the replica's own."""

    STDOUT = "Stdout"
    """Standard output, one JSON object a line. Logs are on standard error."""
    FILE = "File"
    """A file in the private folder of the cache, which is rotated."""


class ElasticsearchConfig(Section):
    """Configures a server with the bulk API of Elasticsearch, such as Elasticsearch or OpenSearch."""

    url: ReceiverUrl
    """The base of the server's URLs."""
    index: IndexName
    """The index or the data stream that the records go to."""
    secret_name: SecretName | None = None
    """A Secret with `apiKey`, or with `username` and `password`."""

    @model_validator(mode="after")
    def _keep_secrets(self) -> Self:
        if self.secret_name is not None and not self.url.startswith("https://"):
            raise ValueError("a login is not sent over plain http: write an https:// URL, or remove secretName")
        return self


class AuditConfig(Section):
    """Configures the audit log. Without any target there is none."""

    to: tuple[Annotated[AuditTarget, Field(strict=False)], ...] = Field((), strict=False)
    elasticsearch: ElasticsearchConfig | None = None

    @property
    def wanted(self) -> bool:
        """Whether records are made at all."""
        return bool(self.to) or self.elasticsearch is not None
