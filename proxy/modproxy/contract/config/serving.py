"""`shutdown` and `tls` of the config: how clients are served, and how the service ends."""

from modproxy.contract.config.section import Section
from modproxy.contract.fields import Duration, SecretName


class ShutdownConfig(Section):
    """How SIGTERM is obeyed."""

    delay: Duration = 0.0
    """How long requests are still accepted after readiness went off, so that load balancers can notice."""
    timeout: Duration = 30.0
    """How long requests in flight are waited for."""


class TlsConfig(Section):
    """Clients are served over HTTPS. `secretName`: a Secret with `tls.crt` and `tls.key`; a new pair is taken within
    seconds.
    """

    secret_name: SecretName
