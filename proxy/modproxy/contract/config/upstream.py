"""`upstream` of the config: where modules come from, by which way, with which credentials."""

from pydantic import Field

from modproxy.contract.config.section import Section
from modproxy.contract.fields import ChainText, DatabaseText, Duration, HttpUrl, PatternText, SecretName


class CredentialConfig(Section):
    """Which Secret is used for what: `pattern` is a prefix of host and path of the URL contacted."""

    pattern: PatternText
    secret_name: SecretName


class HttpProxyConfig(Section):
    """A proxy on the way out. `secretName`: a Secret with `username` and `password` for it."""

    url: HttpUrl
    no_proxy: tuple[str, ...] = Field((), strict=False)
    secret_name: SecretName | None = None


class UpstreamConfig(Section):
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
    credentials: tuple[CredentialConfig, ...] = Field((), strict=False)
    """For version control and upstream proxies alike."""
    trusted_ca_secret_name: SecretName | None = Field(None, alias="trustedCASecretName")
    """A Secret whose `ca.crt` is trusted besides the machine's certificates."""
    http_proxy: HttpProxyConfig | None = None
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
