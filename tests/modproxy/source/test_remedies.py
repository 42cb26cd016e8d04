"""What to do about a server that fails: it names a field of the object, or who has to act."""

import pytest

from modproxy.contract.report import Role
from modproxy.source.remedies import remedy_for


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("dns", "the DNS of the cluster"),
        ("connect", "NetworkPolicies"),
        ("timeout", "NetworkPolicies"),
        ("tls", "spec.upstream.trustedCASecretName"),
        ("401", "the Secret of "),
        ("407", "the Secret of "),
        ("refused", "the Secret of "),
        ("hostKey", "known_hosts"),
        ("429", "a higher limit"),
        ("redirects", "spec.upstream.goprivate"),
        ("signature", "spec.upstream.gosumdb"),
        ("room", "spec.cache.storage"),
        ("508", "the fleet's own address"),
        ("500", "the server's own log"),
        ("anything", "the server's own log"),
    ],
)
def test_remedies(role: Role, kind: str, words: str) -> None:
    told = remedy_for(role, kind)
    assert words in told
    assert len(told) < 250


def test_the_login_of_the_proxy_is_in_a_secret_of_its_own() -> None:
    assert "spec.upstream.httpProxy.secretName" in remedy_for(Role.HTTP_PROXY, "407")
    assert "spec.upstream.credentials" in remedy_for(Role.UPSTREAM, "401")
