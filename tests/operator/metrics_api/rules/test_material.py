"""The certificates over years: always valid, and always trusted by who read the Secret a while ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from goproxy_operator.metrics_api.rules.material import (
    ANNOUNCED,
    AUTHORITY_LIFE,
    Material,
    MaterialError,
    read_material,
    renewed,
)

HOSTS = ("metrics.build.svc", "metrics.build.svc.cluster.local")
START = datetime(2026, 1, 1, tzinfo=UTC)


def trusts(authorities: bytes, material: Material, now: datetime, host: str = HOSTS[0]) -> bool:
    store = Store(x509.load_pem_x509_certificates(authorities))
    verifier = PolicyBuilder().store(store).time(now).build_server_verifier(x509.DNSName(host))
    try:
        verifier.verify(x509.load_pem_x509_certificate(material.certificate), [])
    except VerificationError:
        return False
    return True


def test_nothing_is_due_while_it_is_young() -> None:
    made = renewed(None, HOSTS, START)
    assert trusts(made.authorities, made, START)
    assert trusts(made.authorities, made, START, HOSTS[1])
    assert not trusts(made.authorities, made, START, "other.build.svc")
    assert renewed(made, HOSTS, START) is made
    assert renewed(made, HOSTS, START + timedelta(days=59)) is made
    assert read_material(made.data()) == made


def test_seven_years() -> None:
    now, material = START, renewed(None, HOSTS, START)
    certificates, bundles = {material.certificate}, {material.authorities}
    while now < START + timedelta(days=7 * 365):
        now += timedelta(hours=13)
        after = renewed(material, HOSTS, now)
        # Who has the older bundle trusts what is served now, and who has the newer one what was served before.
        assert trusts(material.authorities, after, now)
        assert trusts(after.authorities, material, now)
        material = after
        certificates.add(material.certificate)
        bundles.add(material.authorities)
        assert len(x509.load_pem_x509_certificates(material.authorities)) <= 2
    assert 40 < len(certificates) < 50
    assert 4 < len(bundles) < 10


def test_a_new_authority_signs_only_when_it_was_announced() -> None:
    material = renewed(None, HOSTS, START)
    due = START + AUTHORITY_LIFE * 2 / 3
    material = renewed(material, HOSTS, due - timedelta(days=80))
    announced = renewed(material, HOSTS, due)
    assert announced.authorities != material.authorities
    assert announced.certificate == material.certificate
    signed = renewed(announced, HOSTS, due + ANNOUNCED)
    assert signed.certificate != announced.certificate
    assert signed.authorities == announced.authorities


def test_another_name_needs_another_certificate_but_no_other_authority() -> None:
    made = renewed(None, HOSTS, START)
    moved = renewed(made, ("metrics.other.svc",), START)
    assert moved.authorities == made.authorities
    assert trusts(made.authorities, moved, START, "metrics.other.svc")


def test_after_years_of_sleep_all_is_new() -> None:
    made = renewed(None, HOSTS, START)
    now = START + timedelta(days=5 * 365)
    later = renewed(made, HOSTS, now)
    assert trusts(later.authorities, later, now)
    assert made.authorities not in later.authorities


def test_what_is_in_the_secret() -> None:
    data = renewed(None, HOSTS, START).data()
    assert read_material({}) is None
    assert read_material(dict.fromkeys(data, "")) is None
    with pytest.raises(MaterialError, match=r"has no ca\.key"):
        read_material({key: value for key, value in data.items() if key != "ca.key"})
    with pytest.raises(MaterialError, match="cannot be read"):
        read_material(data | {"tls.crt": data["tls.key"]})
    with pytest.raises(MaterialError, match="cannot be read"):
        read_material(data | {"ca.crt": "?"})
