"""`access` of the config: who may do what, and how clients prove who they are."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from modproxy.contract.config.section import Section
from modproxy.contract.fields import Cidr, HeaderName, IssuerUrl, PatternText, SecretName


class Verb(StrEnum):
    """What a principal may do with a module."""

    READ = "read"
    """Get what the fleet holds."""
    FETCH = "fetch"
    """Make the fleet fetch what it does not hold."""
    PUBLISH = "publish"
    """Add a version to the modules that the fleet itself hosts."""
    DELETE = "delete"
    """Remove a version."""


AnyVerb = Annotated[Verb, Field(strict=False)]
"""A verb, as the document writes it."""


class BasicConfig(Section):
    """Configures users with passwords."""

    secret_name: SecretName
    """A Secret with `htpasswd`, and perhaps `groups`."""


class OidcConfig(Section):
    """Configures one issuer of tokens (OpenID Connect Discovery 1.0)."""

    issuer: IssuerUrl
    """What `iss` of its tokens says, and where its metadata are."""
    audience: str = Field(min_length=1, max_length=256)
    """What `aud` of its tokens has to contain."""
    username_claim: str = Field("sub", min_length=1, max_length=128)
    """The claim that names the user."""
    username_prefix: str = Field("", max_length=64)
    """Goes before the name, so that names of two issuers stay apart."""
    groups_claim: str | None = Field(None, min_length=1, max_length=128)
    """The claim that names the user's groups, one or a list; when absent, the tokens give no groups."""
    groups_prefix: str = Field("", max_length=64)
    """Goes before the name of each group."""


class ServiceAccountsConfig(Section):
    """Configures the tokens of a cluster's service accounts."""

    audience: str = Field(min_length=1, max_length=256)
    """What `aud` of the tokens has to contain."""
    issuer: str | None = Field(None, min_length=1, max_length=512)
    """What `iss` of the tokens says: the cluster's issuer. When absent, the operator does not know it yet."""
    keys: str = Field('{"keys":[]}', max_length=65536)
    """The cluster's public keys: a JSON Web Key Set (RFC 7517, section 5) as text."""


class TrustedProxyConfig(Section):
    """Configures a proxy in front of the fleet that authenticates users and names them in headers."""

    cidrs: tuple[Cidr, ...] = Field(strict=False, min_length=1)
    """Where the proxy's connections come from."""
    secret_name: SecretName
    """A Secret with `secret`, which the proxy sends in `secret_header`."""
    secret_header: HeaderName = "X-Auth-Proxy-Secret"  # noqa: S105 - the name of a header, and no secret
    """The header that carries the shared secret."""
    user_header: HeaderName = "X-Forwarded-User"
    """The header that names the user."""
    groups_header: HeaderName = "X-Forwarded-Groups"
    """The header that names the user's groups, separated by commas."""


class RuleConfig(Section):
    """Grants verbs on modules to principals: to those who are in one of the lists."""

    users: tuple[str, ...] = Field((), strict=False)
    """Names of users."""
    groups: tuple[str, ...] = Field((), strict=False)
    """Names of groups."""
    service_accounts: tuple[str, ...] = Field((), strict=False)
    """Service accounts, as NAMESPACE/NAME."""
    modules: tuple[PatternText, ...] = Field(strict=False)
    """Patterns of the modules."""
    verbs: tuple[AnyVerb, ...] = Field(strict=False)
    """What they may do."""


class AccessConfig(Section):
    """Configures who may do what. Nothing is granted but by a rule, or by `anonymous`."""

    anonymous: tuple[AnyVerb, ...] = Field((), strict=False)
    """What everybody may do with every module, also without a credential."""
    basic: BasicConfig | None = None
    oidc: tuple[OidcConfig, ...] = Field((), strict=False)
    service_accounts: ServiceAccountsConfig | None = None
    trusted_proxy: TrustedProxyConfig | None = None
    hide: bool = False
    """Whether a refusal is a 404, so that it does not tell whether there is such a module."""
    rules: tuple[RuleConfig, ...] = Field((), strict=False)

    @property
    def proves(self) -> bool:
        """Whether there is a way to prove who asks. Without one, everybody is anonymous whatever he presents."""
        return bool(self.oidc) or any((self.basic, self.service_accounts, self.trusted_proxy))
