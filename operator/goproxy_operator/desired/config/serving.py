"""`tls` of the config: with which certificate a replica serves its clients."""

from goproxy_operator.api.expose import ExposeSpec
from modproxy.contract.config import TlsConfig


def tls_config(spec: ExposeSpec) -> TlsConfig | None:
    """Return the section; None for plain HTTP."""
    return None if spec.tls is None else TlsConfig(secret_name=spec.tls.secret_name)
