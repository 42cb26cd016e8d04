"""`spec.upstream` of the object: where modules come from, by which way, and with which credentials."""

from typing import Annotated

from pydantic import Field

from goproxy_operator.api.fields import (
    ChainText,
    GosumdbText,
    HttpProxyUrl,
    NoProxyEntry,
    Patterns,
    PatternText,
    PositiveDuration,
    SecretRef,
)
from goproxy_operator.api.part import ATOMIC, SET, Items, Part


class Credential(Part):
    """Which Secret is used for what."""

    pattern: PatternText
    """A prefix of host and path of the URL contacted, such as git.corp.example.com/platform; globs as in GOPRIVATE."""
    secret_name: SecretRef
    """A kubernetes.io/basic-auth Secret, or kubernetes.io/ssh-auth with known_hosts; rotation needs no restart."""


class HttpProxy(Part):
    """A proxy on the way out, for upstream proxies, checksum database and version control over HTTP."""

    url: HttpProxyUrl
    """http://HOST:PORT, without credentials."""
    no_proxy: Annotated[Items[NoProxyEntry], Field(max_length=64, json_schema_extra=SET)] = ()
    """What is reached without it, as in NO_PROXY: hosts, .domains, addresses, ranges."""
    secret_name: SecretRef | None = None
    """A kubernetes.io/basic-auth Secret for the proxy itself."""


class Upstream(Part):
    """Where modules come from, and how it is known that they are the right ones."""

    goproxy: ChainText | None = None
    """A chain in GOPROXY's syntax, without credentials. Default: what `go env GOPROXY` says where the replica runs."""
    gosumdb: GosumdbText | None = None
    """A checksum database in GOSUMDB's syntax, or off. Default: what `go env GOSUMDB` says where the replica runs."""
    goprivate: Patterns = ()
    """Private modules: fetched from version control, never named to an upstream proxy or a checksum database."""
    gonoproxy: Patterns | None = None
    """Modules never named to an upstream proxy; an empty list is none. Default: goprivate."""
    gonosumdb: Patterns | None = None
    """Modules never named to the checksum database; an empty list is none. Default: goprivate."""
    credentials: Annotated[Items[Credential], Field(max_length=64, json_schema_extra=ATOMIC)] = ()
    """For version control and upstream proxies alike; of those that match, the longest pattern."""
    trusted_ca_secret_name: SecretRef | None = Field(None, alias="trustedCASecretName")
    """A Secret whose ca.crt is trusted besides the certificates of the image."""
    http_proxy: HttpProxy | None = None
    timeout: PositiveDuration | None = None
    """Longest wait for a connection, for the first byte, and between two reads. Default: 30s."""
    direct_timeout: PositiveDuration | None = None
    """Longest time that one fetch from version control may take. Default: 5m."""
