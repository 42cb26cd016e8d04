"""The seam, one half: what a replica is told. The operator and the local runner write it, modproxy reads it.

It is one JSON document. Names and meanings are those of the `GoProxy` object wherever it has them. Strict: an unknown
key or a bad value is refused with the path of the field. Pure: `modproxy.config_file` reads and watches the file.
"""

import hashlib
import json
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from modproxy.contract.fields import (
    ChainText,
    DatabaseText,
    Duration,
    HttpUrl,
    Listen,
    PathPrefix,
    PatternText,
    SecretName,
)

SCHEMA_VERSION: Literal[1] = 1
"""Raised when an older replica could not understand what is written; part of the ConfigMap's name."""


class ConfigError(ValueError):
    """The document is no `Config`: one line with the path of the field, what is wrong and what to do."""


class Section(BaseModel):
    """A part of the document: strict, immutable, camelCase keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class Credential(Section):
    """Which Secret is used for what: `pattern` is a prefix of host and path of the URL contacted."""

    pattern: PatternText
    secret_name: SecretName


class HttpProxy(Section):
    """A proxy on the way out. `secretName`: a Secret with `username` and `password` for it."""

    url: HttpUrl
    no_proxy: tuple[str, ...] = Field((), strict=False)
    secret_name: SecretName | None = None


class Upstream(Section):
    """Where modules come from, and how it is known that they are the right ones."""

    goproxy: ChainText | None = None
    """A chain in GOPROXY's syntax; absent: what `go env GOPROXY` says where the replica runs."""
    gosumdb: DatabaseText | None = None
    """A checksum database in GOSUMDB's syntax; absent: what `go env GOSUMDB` says where the replica runs."""
    goprivate: tuple[PatternText, ...] = Field((), strict=False)
    """Private modules: the default of the two below."""
    gonoproxy: tuple[PatternText, ...] | None = Field(None, strict=False)
    """Fetched from version control, never named to an upstream proxy."""
    gonosumdb: tuple[PatternText, ...] | None = Field(None, strict=False)
    """Not verified, never named to the checksum database."""
    credentials: tuple[Credential, ...] = Field((), strict=False)
    """For version control and upstream proxies alike."""
    trusted_ca_secret_name: SecretName | None = Field(None, alias="trustedCASecretName")
    """A Secret whose `ca.crt` is trusted besides the machine's certificates."""
    http_proxy: HttpProxy | None = None
    timeout: Duration = 30.0
    """Longest wait for a connection, for the first byte, and between two reads."""
    direct_timeout: Duration = 300.0
    """Longest time that one fetch from version control may take."""

    @property
    def not_proxied(self) -> tuple[str, ...]:
        """The patterns of modules that come from version control only."""
        return self.goprivate if self.gonoproxy is None else self.gonoproxy

    @property
    def not_verified(self) -> tuple[str, ...]:
        """The patterns of modules that the checksum database never hears of."""
        return self.goprivate if self.gonosumdb is None else self.gonosumdb


class Mode(StrEnum):
    """What happens to a module that may not be served."""

    ENFORCE = "Enforce"
    DRY_RUN = "DryRun"


class Imposed(Section):
    """Rules in force on top of a fleet's own, which its keepers cannot weaken: enforced whatever `mode` says."""

    by: str = Field(max_length=256)
    """Who imposes them, in the words of a refusal."""
    allow: tuple[PatternText, ...] = Field((), strict=False)
    """What may be served has to match these too. Empty: everything that is not denied."""
    deny: tuple[PatternText, ...] = Field((), strict=False)


class Modules(Section):
    """What may be served."""

    mode: Mode = Field(Mode.ENFORCE, strict=False)
    allow: tuple[PatternText, ...] = Field((), strict=False)
    """Empty, and no `allowlistFile`: everything that is not denied."""
    deny: tuple[PatternText, ...] = Field((), strict=False)
    contact: str | None = Field(None, max_length=256)
    """Whom a developer asks about a refusal: a name, a channel, an address."""
    allowlist_file: str | None = None
    """A file, relative to the config file's folder, with one more pattern a line. Once named it is in force, even when
    it is empty."""
    imposed: Imposed | None = None


class Cache(Section):
    """What is kept, where, and for how long."""

    dir: str = "/var/cache/modproxy"
    size_bytes: int | None = Field(None, gt=0)
    """How much the cache may hold; absent: what the file system holds."""
    high_watermark_percent: int = Field(85, ge=1, le=99)
    """Of the capacity: above, the least recently used files go ..."""
    low_watermark_percent: int = Field(75, ge=1, le=99)
    """... down to here."""
    inactive: Duration | None = Field(None, gt=0)
    """What nobody asked for this long goes; absent: nothing goes for that."""
    list_ttl: Duration = Field(60.0, alias="listTTL")
    """How long a list, an `@latest` or a query is served before it is asked for anew."""
    not_found_ttl: Duration = Field(60.0, alias="notFoundTTL")
    """How long a 404 or 410 of upstream is remembered."""
    stale_if_error: Duration = 24 * 3600.0
    """How long after its refresh was due an answer may still be served while upstream is out of reach."""

    @model_validator(mode="after")
    def _low_is_below_high(self) -> Self:
        if self.low_watermark_percent >= self.high_watermark_percent:
            raise ValueError(
                f"lowWatermarkPercent {self.low_watermark_percent} is not below highWatermarkPercent "
                f"{self.high_watermark_percent}: write for example 75 and 85"
            )
        return self


class Shutdown(Section):
    """How SIGTERM is obeyed."""

    delay: Duration = 0.0
    """How long requests are still accepted after readiness went off, so that load balancers can notice."""
    timeout: Duration = 30.0
    """How long requests in flight are waited for."""


class Tls(Section):
    """Clients are served over HTTPS. `secretName`: a Secret with `tls.crt` and `tls.key`; a new pair is taken within
    seconds.
    """

    secret_name: SecretName


class Config(Section):
    """All that a replica is told."""

    schema_version: Literal[1] = SCHEMA_VERSION
    id: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,128}$")
    """Names the fleet in `Via`, so that a request that comes back is seen; absent: random, of this process."""
    fleet: str | None = Field(None, max_length=128)
    """What refusals call the fleet: `namespace/name` of the GoProxy object."""
    listen: Listen = "127.0.0.1:8080"
    admin: Listen = "127.0.0.1:8081"
    secrets_dir: str = "/etc/modproxy/secrets"
    """Where Secrets are mounted, a folder each, read anew for each use."""
    path_prefix: PathPrefix = ""
    tls: Tls | None = None
    """Absent: plain HTTP. Switched on or off at the start only; the admin listener is plain HTTP always."""
    upstream: Upstream = Upstream()
    modules: Modules = Modules()
    cache: Cache = Cache()
    shutdown: Shutdown = Shutdown()


def parse_config(text: str | bytes) -> Config:
    """Read the document, or raise `ConfigError`: one line for the first thing that is wrong in it."""
    try:
        document = json.loads(text)
    except ValueError as e:
        raise ConfigError(f"not JSON: {e}") from None
    if not isinstance(document, dict):
        raise ConfigError("not a JSON object: write {} for all defaults")
    try:
        return Config.model_validate(document)
    except ValidationError as e:
        first = e.errors(include_url=False)[0]
        raise ConfigError(f"{_field_path(first['loc'])}: {_explain(first['type'], first['msg'])}") from None


def dump_config(config: Config) -> str:
    """Write the document: only what differs from the defaults, so that an older replica understands it if it can."""
    document = config.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def config_hash(config: str, allowlist: str | None = None) -> str:
    """Name the documents in force: what the operator wrote and what a replica reports are compared by it."""
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
