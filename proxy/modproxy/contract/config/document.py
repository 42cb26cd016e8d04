"""The config document as a whole: its fields, how it is read and written, and the hash that names it."""

import hashlib
import json
from typing import Literal

from pydantic import Field, ValidationError

from modproxy.contract.config.access import AccessConfig
from modproxy.contract.config.audit import AuditConfig
from modproxy.contract.config.cache import CacheConfig
from modproxy.contract.config.hosted import HostedConfig, SyncConfig
from modproxy.contract.config.modules import ModulesConfig
from modproxy.contract.config.section import Section
from modproxy.contract.config.serving import ShutdownConfig, TlsConfig
from modproxy.contract.config.sharing import PeersConfig
from modproxy.contract.config.tracing import TracingConfig
from modproxy.contract.config.upstream import UpstreamConfig
from modproxy.contract.fields import HostName, Listen, PathPrefix

SCHEMA_VERSION: Literal[1] = 1
"""Must be raised when older replicas cannot understand the document any more. It is part of the ConfigMap's name."""


class ConfigError(ValueError):
    """The document is no `Config`; the message has the path of the field, and says what is wrong and what to do."""


class Config(Section):
    """Configures a replica."""

    schema_version: Literal[1] = SCHEMA_VERSION
    id: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,128}$")
    """Names the fleet in the Via header, so that a loop is noticed; when absent, a random name of the process."""
    fleet: str | None = Field(None, max_length=128)
    """Names the fleet in refusals: `namespace/name` of the GoProxy object."""
    docs: str | None = Field(None, pattern=r"^[!-~]{1,256}$")
    """Where clients read the folder docs of this repository: errors name the part that is about them. When absent, none
    does.
    """
    listen: Listen = "127.0.0.1:8080"
    """Where clients are served. It is read at the start only."""
    admin: Listen = "127.0.0.1:8081"
    """Where probes, the report and metrics are served. It is read at the start only."""
    secrets_dir: str = "/etc/modproxy/secrets"
    """Where Secrets are mounted, each as a folder."""
    hosts: tuple[HostName, ...] = Field((), strict=False)
    """The names and addresses by which clients may call this replica in the Host header; when empty, by any. A replica
    on a developer's machine has some, so that no web page can read it through a name of its own (DNS rebinding).
    """
    path_prefix: PathPrefix = ""
    """The URL path below which modules are served."""
    tls: TlsConfig | None = None
    """How clients are served over HTTPS; when absent, over plain HTTP. TLS is switched on or off at the start only. The
    admin listener always speaks plain HTTP.
    """
    access: AccessConfig | None = None
    """Who may do what; when absent, everybody may read and fetch."""
    upstream: UpstreamConfig = UpstreamConfig()
    modules: ModulesConfig = ModulesConfig()
    cache: CacheConfig = CacheConfig()
    hosted: HostedConfig | None = None
    """Modules that are published to the fleet; when absent, nothing can be published."""
    sync: SyncConfig | None = None
    peers: PeersConfig | None = None
    """The other replicas of the fleet; when absent, the replica shares nothing."""
    audit: AuditConfig = AuditConfig()
    tracing: TracingConfig | None = None
    """Where traces of requests go; when absent, nothing is traced."""
    shutdown: ShutdownConfig = ShutdownConfig()


def parse_config(text: str | bytes) -> Config:
    """Read the document. Raises `ConfigError` for the first fault of the document."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise ConfigError(f"not JSON: {e}") from None
    if not isinstance(document, dict):
        raise ConfigError("not a JSON object: write {} for all defaults")
    try:
        return Config.model_validate(document)
    except ValidationError as e:
        first = e.errors(include_url=False)[0]
        raise ConfigError(f"{_field_path(first['loc'])}: {_explain(first['type'], first['msg'])}") from None


def dump_config(config: Config) -> str:
    """Write the document.

    Fields that have their default are left out, so that older replicas understand as much as possible.
    """
    document = config.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def config_hash(config: str, allowlist: str | None = None) -> str:
    """Return a name for the documents, by which the operator compares what it wrote with what a replica reports."""
    digest = hashlib.sha256(config.encode())
    if allowlist is not None:
        digest.update(b"\0" + allowlist.encode())
    return digest.hexdigest()[:12]


def _field_path(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.removeprefix(".") or "(document)"


def _explain(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "unknown key: remove it, or check its spelling"
    return message.removeprefix("Value error, ")
