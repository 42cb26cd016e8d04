"""Reads the certificates that a server shows, trusted or not."""

import ssl
from datetime import UTC, datetime
from typing import Any

from goproxy_operator.doctor.hop import Certificate
from modproxy.contract.report_fields import plain_text

MOST_CERTIFICATES = 8
"""Of one chain: real ones have three."""
_MOST_NAMES = 16
_DER = 2
"""`ENCODING_DER` of Python's module `_ssl`."""


def chain_of(told: ssl.SSLObject) -> tuple[Certificate, ...]:
    """Return what the server has sent, its own certificate first. What cannot be read is left out."""
    shown: Any = told
    if hasattr(shown, "get_unverified_chain"):  # from Python 3.13 on
        chain = shown.get_unverified_chain() or ()
    elif hasattr(shown, "_sslobj"):
        chain = [one.public_bytes(_DER) for one in shown._sslobj.get_unverified_chain() or ()]
    else:
        chain = [told.getpeercert(binary_form=True) or b""]
    now = datetime.now(UTC)
    return tuple(found for one in chain[:MOST_CERTIFICATES] if (found := certificate(one, now)) is not None)


def certificate(der: bytes, now: datetime) -> Certificate | None:
    """Read one certificate; None for what is none."""
    from cryptography import x509  # noqa: PLC0415 - only a hop with TLS needs it

    try:
        read = x509.load_der_x509_certificate(der)
        begins, ends = read.not_valid_before_utc, read.not_valid_after_utc
        subject, issuer = read.subject.rfc4514_string(), read.issuer.rfc4514_string()
        is_self_signed = read.issuer == read.subject
    except ValueError:
        return None
    names: tuple[str, ...] = ()
    try:
        listed = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(plain_text(str(one.value)) for one in listed)[:_MOST_NAMES]
    except (x509.ExtensionNotFound, ValueError):
        pass  # it has no names, and so it is for no host at all
    return Certificate(
        names,
        plain_text(issuer),
        _time(ends),
        is_self_signed,
        subject=plain_text(subject),
        not_before=_time(begins),
        left=max((ends - now) / (ends - begins), 0.0) if now >= begins and ends > begins else 0.0,
    )


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
