"""`access` of the config: who may do what."""

from dataclasses import dataclass

from goproxy_operator.api.access import AccessSpec, OidcSpec
from goproxy_operator.desired.config.defaults import without_none
from modproxy.contract.config import AccessConfig, OidcConfig, RuleConfig


@dataclass(frozen=True, slots=True)
class ClusterIssuer:
    """Says who signs the tokens of this cluster's service accounts."""

    issuer: str
    keys: str
    """A JSON Web Key Set as text, the same for the same keys."""


def access_config(spec: AccessSpec | None, cluster: ClusterIssuer | None) -> AccessConfig | None:
    """Return the section; None where everybody may read and fetch.

    Without `cluster` its tokens prove nobody, and the replicas report that.
    """
    if spec is None or not spec.of_clients:
        return None
    accounts, proxy = spec.service_accounts, spec.trusted_proxy
    section = {
        "anonymous": spec.anonymous,
        "basic": spec.basic and {"secretName": spec.basic.secret_name},
        "oidc": tuple(map(_oidc, spec.oidc)),
        "serviceAccounts": accounts
        and {"audience": accounts.audience, **({"issuer": cluster.issuer, "keys": cluster.keys} if cluster else {})},
        "trustedProxy": proxy
        and without_none(
            {
                "cidrs": proxy.cidrs,
                "secretName": proxy.secret_name,
                "secretHeader": proxy.secret_header,
                "userHeader": proxy.user_header,
                "groupsHeader": proxy.groups_header,
            }
        ),
        "hide": spec.hide,
        "rules": tuple(
            RuleConfig(
                users=rule.users,
                groups=rule.groups,
                service_accounts=rule.service_accounts,
                modules=rule.modules,
                verbs=rule.verbs,
            )
            for rule in spec.rules
        ),
    }
    return AccessConfig.model_validate(without_none(section))


def _oidc(spec: OidcSpec) -> OidcConfig:
    section = {
        "issuer": spec.issuer,
        "audience": spec.audience,
        "usernameClaim": spec.username_claim,
        "usernamePrefix": spec.username_prefix,
        "groupsClaim": spec.groups_claim,
        "groupsPrefix": spec.groups_prefix,
    }
    return OidcConfig.model_validate(without_none(section))
