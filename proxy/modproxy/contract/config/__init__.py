"""What a replica is told: one JSON document, a file here for each of its sections.

The operator and the local runner write the document, modproxy reads it. Names and meanings are those of the `GoProxy`
object wherever the object has them. The document is strict: an unknown key or a bad value is refused with the path of
the field. Everything here is pure; `modproxy.config_file` reads and watches the file.
"""

from modproxy.contract.config.cache import CacheConfig
from modproxy.contract.config.document import (
    SCHEMA_VERSION,
    Config,
    ConfigError,
    config_hash,
    dump_config,
    parse_config,
)
from modproxy.contract.config.modules import Imposed, ModulesConfig, PolicyMode
from modproxy.contract.config.section import Section
from modproxy.contract.config.serving import ShutdownConfig, TlsConfig
from modproxy.contract.config.upstream import CredentialConfig, HttpProxyConfig, UpstreamConfig

__all__ = [
    "SCHEMA_VERSION",
    "CacheConfig",
    "Config",
    "ConfigError",
    "CredentialConfig",
    "HttpProxyConfig",
    "Imposed",
    "ModulesConfig",
    "PolicyMode",
    "Section",
    "ShutdownConfig",
    "TlsConfig",
    "UpstreamConfig",
    "config_hash",
    "dump_config",
    "parse_config",
]
