"""The config of a replica: one JSON document. Each section of the document has a file here.

The operator and the local runner write the document, and modproxy reads it. Fields that the `GoProxy` object has too
have the same names and meanings here. The document is strict: an unknown key or a bad value is refused with the path of
the field. Everything here is pure; `modproxy.config_file` reads and watches the file.
"""

from modproxy.contract.config.access import (
    AccessConfig,
    BasicConfig,
    OidcConfig,
    RuleConfig,
    ServiceAccountsConfig,
    TrustedProxyConfig,
    Verb,
)
from modproxy.contract.config.audit import AuditConfig, AuditTarget, ElasticsearchConfig
from modproxy.contract.config.cache import CacheConfig
from modproxy.contract.config.document import (
    SCHEMA_VERSION,
    Config,
    ConfigError,
    config_hash,
    dump_config,
    parse_config,
)
from modproxy.contract.config.hosted import HostedConfig, SyncConfig
from modproxy.contract.config.modules import (
    Imposed,
    LicensesConfig,
    ModulesConfig,
    PolicyMode,
    VulnerabilitiesConfig,
    Widening,
)
from modproxy.contract.config.section import Section
from modproxy.contract.config.serving import ShutdownConfig, TlsConfig
from modproxy.contract.config.sharing import (
    PEER_AUDIENCE,
    ObjectStoreConfig,
    ParentConfig,
    PeersConfig,
    ProofConfig,
)
from modproxy.contract.config.tracing import TracingConfig
from modproxy.contract.config.upstream import CredentialConfig, HttpProxyConfig, UpstreamConfig

__all__ = [
    "PEER_AUDIENCE",
    "SCHEMA_VERSION",
    "AccessConfig",
    "AuditConfig",
    "AuditTarget",
    "BasicConfig",
    "CacheConfig",
    "Config",
    "ConfigError",
    "CredentialConfig",
    "ElasticsearchConfig",
    "HostedConfig",
    "HttpProxyConfig",
    "Imposed",
    "LicensesConfig",
    "ModulesConfig",
    "ObjectStoreConfig",
    "OidcConfig",
    "ParentConfig",
    "PeersConfig",
    "PolicyMode",
    "ProofConfig",
    "RuleConfig",
    "Section",
    "ServiceAccountsConfig",
    "ShutdownConfig",
    "SyncConfig",
    "TlsConfig",
    "TracingConfig",
    "TrustedProxyConfig",
    "UpstreamConfig",
    "Verb",
    "VulnerabilitiesConfig",
    "Widening",
    "config_hash",
    "dump_config",
    "parse_config",
]
