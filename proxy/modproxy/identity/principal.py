"""Who stands behind a request, in the terms of OIDC and Kubernetes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks, as far as that is proved. `name` is the user's or the service account's."""

    name: str


ANONYMOUS = Principal("anonymous")
"""Whoever brings no credential. Everybody is anonymous while the config knows no way to prove more."""
