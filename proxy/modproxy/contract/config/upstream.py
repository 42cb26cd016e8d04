"""`upstream` of the config: where modules are fetched, through which proxy, and with which credentials."""

from pydantic import Field

from modproxy.contract.config.section import Section
from modproxy.contract.fields import (
    BaseUrl,
    ChainText,
    DatabaseText,
    Duration,
    HttpUrl,
    PatternText,
    SecretName,
    UrlPatternText,
)


class CredentialConfig(Section):
    """Configures which Secret is used for which URLs."""

    pattern: UrlPatternText
    """Matches host, port and the first path elements of a URL; the longest pattern that matches counts."""
    secret_name: SecretName
    """A Secret of the type kubernetes.io/basic-auth or kubernetes.io/ssh-auth."""
    url: BaseUrl | None = None
    """The base of repositories' URLs to use instead of what the pattern matches; when absent, the URL stays, but for
    that a Secret with an ssh key leads from https to ssh.
    """


class HttpProxyConfig(Section):
    """Configures an HTTP proxy for requests that leave the replica."""

    url: HttpUrl
    no_proxy: tuple[str, ...] = Field((), strict=False)
    """Hosts that are reached without the proxy, as in the variable NO_PROXY."""
    secret_name: SecretName | None = None
    """A Secret with `username` and `password` for the proxy."""


class UpstreamConfig(Section):
    """Configures where modules are fetched, and how they are verified."""

    goproxy: ChainText | None = None
    """A chain in the syntax of GOPROXY; when absent, `go env GOPROXY` of the machine."""
    gosumdb: DatabaseText | None = None
    """A checksum database in the syntax of GOSUMDB; when absent, `go env GOSUMDB` of the machine."""
    goprivate: tuple[PatternText, ...] = Field((), strict=False)
    """Patterns of private modules: the default of `gonoproxy` and `gonosumdb`."""
    gonoproxy: tuple[PatternText, ...] | None = Field(None, strict=False)
    """Patterns of modules that are fetched from version control, and whose names are never sent to an upstream
    proxy.
    """
    gonosumdb: tuple[PatternText, ...] | None = Field(None, strict=False)
    """Patterns of modules that are not verified, and whose names are never sent to the checksum database."""
    credentials: tuple[CredentialConfig, ...] = Field((), strict=False)
    """Credentials for version control and for upstream proxies."""
    insecure: tuple[PatternText, ...] = Field((), strict=False)
    """Patterns of modules that may be fetched from version control without TLS, as in GOINSECURE."""
    trusted_ca_secret_name: SecretName | None = Field(None, alias="trustedCASecretName")
    """A Secret whose `ca.crt` is trusted besides the certificates of the machine."""
    http_proxy: HttpProxyConfig | None = None
    machine_settings: bool = False
    """Whether the proxy variables of the process's environment and the netrc file of its user count, as they do for the
    go command. They count after `httpProxy` and `credentials`.
    """
    allow_private_targets: bool = False
    """Whether redirects may lead to private addresses, and modules may be fetched directly from them, where neither the
    upstream nor `goprivate` names the host.
    """
    timeout: Duration = 30.0
    """The longest wait for a connection, for the first byte, and between two reads."""
    direct_timeout: Duration = 300.0
    """How long one fetch from version control may take."""

    @property
    def not_proxied(self) -> tuple[str, ...]:
        """Patterns of modules that are fetched from version control only."""
        return self.goprivate if self.gonoproxy is None else self.gonoproxy

    @property
    def not_verified(self) -> tuple[str, ...]:
        """Patterns of modules whose names are never sent to the checksum database."""
        return self.goprivate if self.gonosumdb is None else self.gonosumdb
