"""The principal of a request: a user or a service account, in the terms of OIDC and Kubernetes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Names who makes a request, as far as this is proved."""

    name: str
    """The name of the user or of the service account."""


ANONYMOUS = Principal("anonymous")
"""The principal of a request without a credential. The config knows no credentials yet, so every request has it."""
