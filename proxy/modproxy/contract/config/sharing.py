"""`peers`, `cache.parent` and `cache.objectStore` of the config: with whom a replica shares what it holds."""

from typing import Annotated

from pydantic import Field

from modproxy.contract.config.section import Section
from modproxy.contract.fields import BucketUrl, HostName, HttpServerUrl, Listen, PeerAddress, SecretName

Account = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
"""A service account, as NAMESPACE/NAME."""

PEER_AUDIENCE = "modproxy-peer"
"""What `aud` of the tokens says by which replicas prove themselves to other replicas."""


class ProofConfig(Section):
    """Configures by which service accounts' tokens other replicas prove who they are."""

    issuer: str | None = Field(None, min_length=1, max_length=512)
    """What `iss` of the tokens says: the cluster's issuer. When absent, the operator does not know it yet."""
    keys: str = Field('{"keys":[]}', max_length=65536)
    """The cluster's public keys: a JSON Web Key Set (RFC 7517, section 5) as text."""
    peers: tuple[Account, ...] = Field((), strict=False)
    """The service accounts of this fleet's replicas, as NAMESPACE/NAME."""
    children: tuple[Account, ...] = Field((), strict=False)
    """The service accounts of fleets that have this fleet as their parent, as NAMESPACE/NAME."""


class PeersConfig(Section):
    """Configures how the replicas of a fleet find each other, and prove who they are.

    They are found either by `host` and `port`, or by `addresses`.
    """

    listen: Listen = ":8082"
    """Where other replicas are answered. It is read at the start only."""
    name: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9.-]{0,252}$")
    """This replica's own name among its peers, which outlives its restarts; when absent, the machine's host name. It is
    read at the start only.
    """
    host: HostName | None = None
    """A name that resolves to the addresses of all replicas: that of a headless Service."""
    port: int = Field(8082, ge=1, le=65535)
    """The port of `host` at which replicas answer each other."""
    addresses: tuple[PeerAddress, ...] = Field((), strict=False, max_length=512)
    """The addresses of all replicas, as HOST:PORT."""
    token_file: str = "/var/run/secrets/modproxy/peer/token"  # noqa: S105 - the path of a file, and no secret
    """What this replica proves itself with, to its peers and to its parent. The file is read again when it changes."""
    proof: ProofConfig | None = None
    """How other replicas prove who they are; when absent, by the very content of `token_file`."""


class ParentConfig(Section):
    """Configures another fleet that is asked before upstream. The replica proves itself with `peers.tokenFile`."""

    url: HttpServerUrl
    """Where the parent's replicas answer others."""
    name: str = Field(max_length=128)
    """The parent, as NAMESPACE/NAME, for messages."""


class ObjectStoreConfig(Section):
    """Configures an object store that holds what the disks of the replicas hold, and more."""

    url: BucketUrl
    """`s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `az://ACCOUNT/CONTAINER/PREFIX`, or `file:///FOLDER`."""
    secret_name: SecretName | None = None
    """A Secret with the credentials; when absent, those of the machine (workload identity) are used."""
    endpoint: HttpServerUrl | None = None
    """Where the store is, if it is none of the provider's own; `http` is allowed."""
    region: str | None = Field(None, pattern=r"^[a-z0-9-]{1,64}$")
    """The region of the bucket, which signatures for S3 name; when absent, us-east-1."""
