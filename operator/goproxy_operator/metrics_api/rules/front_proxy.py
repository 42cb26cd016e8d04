"""Who may read metrics: the API server's front proxy alone, which has authenticated and authorised its own client.

Source: "Configure the Aggregation Layer" of the Kubernetes documentation: a client certificate that the requestheader
CA has signed, with a common name that is allowed, both in ConfigMap kube-system/extension-apiserver-authentication.
"""

import json
from dataclasses import dataclass
from typing import Any

from cryptography import x509

CONFIG_MAP = ("kube-system", "extension-apiserver-authentication")
_CA = "requestheader-client-ca-file"
_NAMES = "requestheader-allowed-names"


class FrontProxyError(Exception):
    """There is no way to recognise the front proxy; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class FrontProxy:
    """Identifies the front proxy by the authorities, in PEM, that sign its certificate, and by its names.

    If `names` is empty, any name will do.
    """

    authorities: str
    names: frozenset[str]


def read_front_proxy(config_map: dict[str, Any] | None) -> FrontProxy:
    """Read the ConfigMap. Raises `FrontProxyError`."""
    where = f"ConfigMap {'/'.join(CONFIG_MAP)}"
    if config_map is None:
        raise FrontProxyError(f"{where} does not exist: is aggregation switched on at the API server?")
    data = config_map.get("data", {})
    authorities = data.get(_CA)
    if not authorities:
        raise FrontProxyError(f"{where} has no {_CA}: start the API server with --requestheader-client-ca-file")
    try:
        x509.load_pem_x509_certificates(authorities.encode())
        names = frozenset(str(name) for name in json.loads(data.get(_NAMES) or "[]"))
    except (ValueError, TypeError) as e:
        raise FrontProxyError(f"{where} cannot be read: {e}") from None
    return FrontProxy(authorities, names)


def refusal(names: frozenset[str], peer: dict[str, Any] | None) -> tuple[int, str] | None:
    """Return why a peer may not read metrics, as an HTTP status and a message; None for the front proxy.

    `peer` is what `SSLSocket.getpeercert()` says of a certificate that TLS has verified; None without one.
    """
    if not peer:
        return 401, "only the API server may ask here, with its front proxy's client certificate: ask through it"
    subject = [pair for relative in peer.get("subject", ()) for pair in relative]
    common_names = [value for key, value in subject if key == "commonName"]
    if names and not names.intersection(common_names[-1:]):
        return 403, f"the client certificate is of {common_names[-1:]!r}, and the front proxy is {sorted(names)}"
    return None
