"""`shutdown` and `tls` of the config: how clients are served, and how the service ends."""

from modproxy.contract.config.section import Section
from modproxy.contract.fields import Duration, SecretName


class ShutdownConfig(Section):
    """Configures what happens after SIGTERM."""

    delay: Duration = 0.0
    """How long requests are still accepted after readiness was turned off, so that load balancers can notice."""
    timeout: Duration = 30.0
    """How long requests in flight may still take."""


class TlsConfig(Section):
    """Configures the certificate with which clients are served over HTTPS."""

    secret_name: SecretName
    """A Secret with `tls.crt` and `tls.key`. A new certificate in it is used within seconds."""
