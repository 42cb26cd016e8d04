"""The principal that an OIDC token's claims describe, as one issuer's settings say. Pure."""

from modproxy.contract.config.access import OidcConfig
from modproxy.identity.names import MOST_NAME, MOST_SCOPES, UnfitName, check_groups, check_name
from modproxy.identity.presented import BadCredential
from modproxy.identity.principal import AuthMethod, Principal
from modproxy.identity.token import Claims


def principal_of(claims: Claims, config: OidcConfig) -> Principal:
    """Return the principal of verified claims. Raises `BadCredential`."""
    name = claims.get(config.username_claim)
    if not isinstance(name, str):
        raise BadCredential(f"the token's claim {config.username_claim} is missing, or is no text")
    # Kubernetes refuses such tokens too: anybody may write any address into an account that nobody has checked.
    if config.username_claim == "email" and claims.get("email_verified", True) is not True:
        raise BadCredential("the token's email is not verified by its issuer (email_verified)")
    groups = _groups(claims, config.groups_claim) if config.groups_claim is not None else []
    try:
        return Principal(
            check_name(config.username_prefix + _not_empty(name), "the token's user"),
            check_groups([config.groups_prefix + _not_empty(group) for group in groups], "the token"),
            _scopes(claims),
            AuthMethod.OIDC,
        )
    except UnfitName as e:
        raise BadCredential(str(e)) from None


def _not_empty(name: str) -> str:
    if not name.strip():
        raise UnfitName("a name in the token is empty")
    return name


def _groups(claims: Claims, claim: str) -> list[str]:
    value = claims.get(claim)
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise BadCredential(f"the token's claim {claim} is neither text nor a list of texts")
    names = [name for name in value if isinstance(name, str)]
    if len(names) != len(value):
        raise BadCredential(f"the token's claim {claim} is neither text nor a list of texts")
    return names


def _scopes(claims: Claims) -> tuple[str, ...]:
    """Return the scopes: `scope` is one text with spaces (RFC 9068, section 2.2.3), `scp` a list or such a text."""
    value = claims.get("scope", claims.get("scp"))
    words = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    scopes = tuple(dict.fromkeys(word for word in words if isinstance(word, str)))
    if len(scopes) > MOST_SCOPES or any(len(word) > MOST_NAME or not word.isprintable() for word in scopes):
        raise UnfitName("the token's scopes are too many, too long, or cannot be printed")
    return scopes
