"""The certificate that the metrics API is served with, and the authority of our own that signs it. Pure but for chance.

All replicas of the operator share one Secret. A new authority is trusted a day before anything is signed by it, and an
old one until it ends, long after all that it has signed: who read the Secret a while ago still trusts, and is trusted.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = timedelta(days=3 * 365)
SERVING_LIFE = timedelta(days=90)
ANNOUNCED = timedelta(days=1)
"""How long an authority is trusted before it signs."""
_CLOCKS = timedelta(hours=1)
"""How far clocks of nodes may differ."""
_RENEWED_AT = 2 / 3  # of a life
_KEYS = ("ca.crt", "ca.key", "tls.crt", "tls.key")

_ONLY_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class MaterialError(ValueError):
    """The Secret's content is not what we have put there."""


@dataclass(frozen=True, slots=True)
class Material:
    """All in PEM. `authorities` are trusted, the newest first, whose key is `authority_key`."""

    authorities: bytes
    authority_key: bytes
    certificate: bytes
    key: bytes

    def data(self) -> dict[str, str]:
        """Return it as the data of a Secret."""
        parts = (self.authorities, self.authority_key, self.certificate, self.key)
        return {key: base64.b64encode(part).decode() for key, part in zip(_KEYS, parts, strict=True)}


def read_material(data: Mapping[str, str]) -> Material | None:
    """Read a Secret's data; None where it is empty. Raises `MaterialError`."""
    if not any(data.get(key) for key in _KEYS):
        return None
    try:
        material = Material(*(base64.b64decode(data[key]) for key in _KEYS))
        _certificates(material.authorities)
        x509.load_pem_x509_certificate(material.certificate)
        for key in (material.authority_key, material.key):
            load_pem_private_key(key, None)
    except KeyError as e:
        raise MaterialError(f"has no {e.args[0]}") from None
    except (ValueError, TypeError, binascii.Error) as e:
        raise MaterialError(f"cannot be read: {e}") from None
    return material


def renewed(material: Material | None, hosts: Sequence[str], now: datetime) -> Material:
    """Return what is to be served from now on: the same object where nothing is due.

    `hosts` are the names that the certificate has to have.
    """
    if material is None or _latest(material).not_valid_after_utc <= now:
        first, first_key = _new_authority(now)
        certificate, serving_key = _issue(first, first_key, hosts, now)
        return Material(_pem(first), _private(first_key), certificate, serving_key)
    material = _with_authorities(material, now)
    if _is_due(material, hosts, now):
        signer, key = _signer(material, now)
        if key is not None:
            certificate, serving_key = _issue(signer, key, hosts, now)
            material = replace(material, certificate=certificate, key=serving_key)
    return material


def _with_authorities(material: Material, now: datetime) -> Material:
    authorities = _certificates(material.authorities)
    kept = [authority for authority in authorities if authority.not_valid_after_utc > now]
    key = material.authority_key
    if _aged(kept[0], now):
        authority, new_key = _new_authority(now)
        kept.insert(0, authority)
        # The old key goes: what it has signed is renewed by the new one, a day from now and long before it ends.
        key = _private(new_key)
    if kept == authorities:
        return material
    return replace(material, authorities=b"".join(map(_pem, kept)), authority_key=key)


def _is_due(material: Material, hosts: Sequence[str], now: datetime) -> bool:
    serving = x509.load_pem_x509_certificate(material.certificate)
    names = serving.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return _aged(serving, now) or set(names.get_values_for_type(x509.DNSName)) != set(hosts)


def _signer(material: Material, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey | None]:
    """Return the newest authority, and its key once it has been announced; at once where nothing valid is left."""
    authority = _latest(material)
    serving = x509.load_pem_x509_certificate(material.certificate)
    announced = now >= _made(authority) + ANNOUNCED or len(_certificates(material.authorities)) == 1
    if not announced and serving.not_valid_after_utc > now:
        return authority, None
    key = load_pem_private_key(material.authority_key, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise MaterialError("ca.key is of another kind than ours")
    return authority, key


def _latest(material: Material) -> x509.Certificate:
    return _certificates(material.authorities)[0]


def _aged(certificate: x509.Certificate, now: datetime) -> bool:
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return now >= certificate.not_valid_before_utc + life * _RENEWED_AT


def _made(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_before_utc + _CLOCKS


def _certificates(pem: bytes) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem)


def _new_authority(now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    # Two of one name would have to be told apart by their keys' identifiers, which not everybody does.
    name = _name(f"goproxy-operator {now:%Y-%m-%dT%H:%M:%SZ}")
    builder = (
        _builder(name, name, key, now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_ONLY_SIGNS, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256()), key


def _issue(
    authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey, hosts: Sequence[str], now: datetime
) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(_name("goproxy-operator"), authority.subject, key, now, SERVING_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    return _pem(builder.sign(authority_key, hashes.SHA256())), _private(key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS)
        .not_valid_after(now + life)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
