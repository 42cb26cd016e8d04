"""`spec.access` of the object: who may do what, and how clients prove who they are."""

import re
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from goproxy_operator.api.addresses import URL_HOST_RULES, AddressRange
from goproxy_operator.api.family import ChildrenSpec
from goproxy_operator.api.fields import SecretRef
from goproxy_operator.api.part import ATOMIC, SET, Items, Part
from goproxy_operator.api.patterns import ModulePattern
from goproxy_operator.api.rule import Rule, Ruled, Rules, matching
from goproxy_operator.api.upstream import CREDENTIALS_IN_URL
from modproxy.contract.config import Verb

_ISSUER = r"^https?://[^/?#\s@]+(/[^?#\s]*)?$"
_ISSUER_RULES: Rules[str] = (
    Rule(
        cel="!self.matches('://[^/]*@')",
        holds=lambda text: not re.search("://[^/]*@", text),
        message=CREDENTIALS_IN_URL,
    ),
    Rule(
        cel=f"self.matches('://[^/]*@') || self.matches(r'{_ISSUER}')",
        holds=lambda text: "@" in text or re.fullmatch(_ISSUER, text) is not None,
        message="{self} is no issuer: write its URL as iss of its tokens says it, without a query, such as "
        "https://sso.corp.example.com",
    ),
    *URL_HOST_RULES,
)
IssuerText = Annotated[str, StringConstraints(min_length=1, max_length=512), Ruled(_ISSUER_RULES)]
"""The URL of an OpenID provider."""

_WORD_RULES: Rules[str] = (
    Rule(
        cel="!self.matches('[[:cntrl:]]')",
        holds=lambda text: not re.search(r"[\x00-\x1f\x7f]", text),
        message="has a line break or another control character: write the text without it",
    ),
)
_NAME_RULES: Rules[str] = (
    *_WORD_RULES,
    Rule(
        cel=r"!self.matches(r'^\s|\s$')",
        holds=lambda text: not re.search(r"^\s|\s$", text, re.ASCII),
        message="{self} begins or ends with white space, and names are compared as they are: remove it",
    ),
)
Word = Annotated[str, StringConstraints(min_length=1, max_length=256), Ruled(_WORD_RULES)]
PrincipalName = Annotated[str, StringConstraints(min_length=1, max_length=256), Ruled(_NAME_RULES)]
"""The name of a user or a group."""
Prefix = Annotated[str, StringConstraints(max_length=64), Ruled(_WORD_RULES)]

_ACCOUNT = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
_ACCOUNT_RULES: Rules[str] = (
    matching(_ACCOUNT, "{self} is no service account: write NAMESPACE/NAME, such as ci/builder"),
)
AccountName = Annotated[str, StringConstraints(min_length=1, max_length=317), Ruled(_ACCOUNT_RULES)]

_HEADER_RULES: Rules[str] = (
    matching(
        "^[A-Za-z0-9-]+$", "{self} is no name of a header: write letters, digits and dashes, such as X-Forwarded-User"
    ),
    Rule(
        cel="!(self.lowerAscii() in ['authorization', 'host', 'cookie', 'via', 'connection', 'x-request-id'])",
        holds=lambda text: text.lower() not in ("authorization", "host", "cookie", "via", "connection", "x-request-id"),
        message="{self} has a meaning of its own, and is not set by a proxy to name a user: choose another header",
    ),
)
HeaderName = Annotated[str, StringConstraints(min_length=1, max_length=64), Ruled(_HEADER_RULES)]

Verbs = Annotated[
    Items[Annotated[Verb, Field(strict=False)]],
    Field(max_length=len(Verb), json_schema_extra=SET),
]


class BasicSpec(Part):
    """Users with passwords."""

    secret_name: SecretRef
    """A Secret with htpasswd: lines of bcrypt or argon2id; and perhaps groups, a line `GROUP: USER USER` each."""


class OidcSpec(Part):
    """An issuer of tokens: an OpenID provider, or a forge that gives its CI jobs tokens."""

    issuer: IssuerText
    """What iss of its tokens says. Its keys are found by OpenID Connect Discovery."""
    audience: Word
    """What aud of its tokens has to contain."""
    username_claim: Word | None = None
    """The claim that names the user. Default: sub."""
    username_prefix: Prefix | None = None
    """Goes before the name, so that the names of two issuers stay apart."""
    groups_claim: Word | None = None
    """The claim that names the groups, one or a list. Default: its tokens give no groups."""
    groups_prefix: Prefix | None = None
    """Goes before the name of each group; without it an issuer whose users choose their groups may name yours."""


class ServiceAccountsSpec(Part):
    """The service accounts of this cluster, which prove themselves by projected tokens."""

    audience: Word
    """What aud of the tokens has to contain."""


def _header(name: str, default: str) -> str:
    return f"(has(self.{name}) ? self.{name} : '{default}').lowerAscii()"


_CEL_SECRET, _CEL_USER, _CEL_GROUPS = (
    _header("secretHeader", "X-Auth-Proxy-Secret"),
    _header("userHeader", "X-Forwarded-User"),
    _header("groupsHeader", "X-Forwarded-Groups"),
)
_TRUSTED_PROXY_RULES: Rules["TrustedProxySpec"] = (
    Rule(
        cel=f"{_CEL_SECRET} != {_CEL_USER} && {_CEL_SECRET} != {_CEL_GROUPS} && {_CEL_USER} != {_CEL_GROUPS}",
        holds=lambda spec: len(spec.header_names) == 3,
        message="one header says two things: write different names for secretHeader, userHeader and groupsHeader, "
        "since the secret would be told as a name, or the user's name as a group",
    ),
)


class TrustedProxySpec(Part):
    """A proxy in front that authenticates users and names them in headers."""

    RULES: ClassVar = _TRUSTED_PROXY_RULES

    cidrs: Annotated[Items[AddressRange], Field(min_length=1, max_length=32, json_schema_extra=SET)]
    """Where its connections come from."""
    secret_name: SecretRef
    """A Secret with key secret, which the proxy sends in secretHeader."""
    secret_header: HeaderName | None = None
    """Default: X-Auth-Proxy-Secret."""
    user_header: HeaderName | None = None
    """Default: X-Forwarded-User."""
    groups_header: HeaderName | None = None
    """Names separated by commas. Default: X-Forwarded-Groups."""

    @property
    def header_names(self) -> frozenset[str]:
        """The names of the three headers, in lower case."""
        named = (
            self.secret_header or "X-Auth-Proxy-Secret",
            self.user_header or "X-Forwarded-User",
            self.groups_header or "X-Forwarded-Groups",
        )
        return frozenset(map(str.lower, named))


_RULE_RULES: Rules["AccessRule"] = (
    Rule(
        cel="(has(self.users) && size(self.users) > 0) || (has(self.groups) && size(self.groups) > 0) "
        "|| (has(self.serviceAccounts) && size(self.serviceAccounts) > 0)",
        holds=lambda rule: bool(rule.users or rule.groups or rule.service_accounts),
        message="the rule is for nobody: write users, groups or serviceAccounts; system:authenticated is the group of "
        "everybody with a credential",
    ),
)


class AccessRule(Part):
    """Grants verbs on modules to all whom one of its lists names."""

    RULES: ClassVar = _RULE_RULES

    users: Annotated[Items[PrincipalName], Field(max_length=32, json_schema_extra=SET)] = ()
    """Names of users, compared as they are."""
    groups: Annotated[Items[PrincipalName], Field(max_length=32, json_schema_extra=SET)] = ()
    """Names of groups; system:authenticated is everybody with a credential, system:unauthenticated all others."""
    service_accounts: Annotated[Items[AccountName], Field(max_length=16, json_schema_extra=SET)] = ()
    """NAMESPACE/NAME each."""
    modules: Annotated[Items[ModulePattern], Field(min_length=1, max_length=32, json_schema_extra=SET)]
    """Patterns as in GOPRIVATE; * is for every module."""
    verbs: Annotated[
        Items[Annotated[Verb, Field(strict=False)]], Field(min_length=1, max_length=len(Verb), json_schema_extra=SET)
    ]
    """read: what the fleet holds; fetch: make it fetch what it does not hold; publish, delete: of hosted modules."""


_ACCESS_RULES: Rules["AccessSpec"] = (
    Rule(
        cel="!has(self.rules) || size(self.rules) == 0 || has(self.basic) || has(self.serviceAccounts) "
        "|| has(self.trustedProxy) || (has(self.oidc) && size(self.oidc) > 0) "
        "|| self.rules.all(r, has(r.groups) && 'system:unauthenticated' in r.groups)",
        holds=lambda access: (
            access.has_credentials or all("system:unauthenticated" in rule.groups for rule in access.rules)
        ),
        message="rules are for those who prove who they are, and nothing says how: write basic, oidc, serviceAccounts "
        "or trustedProxy too",
    ),
    Rule(
        cel="!has(self.oidc) || self.oidc.all(o, self.oidc.exists_one(p, p.issuer == o.issuer))",
        holds=lambda access: len({one.issuer for one in access.oidc}) == len(access.oidc),
        message="an issuer is named twice: write one entry for each",
    ),
    Rule(
        cel="!has(self.oidc) || (self.oidc.filter(o, !has(o.usernamePrefix)).size() < 2 "
        "&& self.oidc.filter(o, has(o.groupsClaim) && !has(o.groupsPrefix)).size() < 2)",
        holds=lambda access: (
            sum(one.username_prefix is None for one in access.oidc) < 2
            and sum(one.groups_claim is not None and one.groups_prefix is None for one in access.oidc) < 2
        ),
        message="two issuers may name the same user or group: write usernamePrefix, and groupsPrefix beside "
        "groupsClaim, for each issuer but one; an empty prefix says that they mean the same people",
    ),
)


class AccessSpec(Part):
    """Who may do what. Without this section everybody may read and fetch; with it nothing is granted but by it.

    With children alone it says nothing of clients, who may read and fetch as without the section.
    """

    RULES: ClassVar = _ACCESS_RULES

    anonymous: Verbs = ()
    """What everybody may do with every module, also without a credential: read, fetch."""
    basic: BasicSpec | None = None
    oidc: Annotated[Items[OidcSpec], Field(max_length=8, json_schema_extra=ATOMIC)] = ()
    """Issuers of tokens."""
    service_accounts: ServiceAccountsSpec | None = None
    trusted_proxy: TrustedProxySpec | None = None
    hide: bool | None = None
    """True: what somebody may not read is answered as what does not exist, with 404. Default: false."""
    insecure: bool | None = None
    """True: something else encrypts the way to the replicas, such as a mesh. Default: false."""
    rules: Annotated[Items[AccessRule], Field(max_length=64, json_schema_extra=ATOMIC)] = ()
    """What is granted to whom. The order does not matter."""
    children: ChildrenSpec | None = None
    """Which fleets may have this one as their cache.parent. Default: none."""

    @property
    def of_clients(self) -> bool:
        """Say whether the section says who may do what, and not only which fleets may be children."""
        return self.children is None or bool(self.model_fields_set - {"children"})

    @property
    def has_credentials(self) -> bool:
        """Say whether there is a way to prove who asks."""
        return bool(self.basic or self.oidc or self.service_accounts or self.trusted_proxy)
