"""What a handshake that fails means, and a certificate that soon ends. Pure."""

from collections.abc import Iterator

from goproxy_operator.doctor.hop import Certificate, Fault, Hop
from goproxy_operator.go_env.finding import Finding, Weight, wrong

_LATE_RENEWAL = 0.2
"""The share of a certificate's life that is left when its renewal is late: cert-manager renews it with a third left."""


def tls_fault(hop: Hop, fault: Fault) -> Finding:
    """Say what a fault of TLS means."""
    where, chain = f"{hop.name}: {hop.url}", hop.chain
    match fault:
        case Fault.TLS_EXPIRED:
            return _expired(hop, where)
        case Fault.TLS_NAME:
            names = ", ".join(chain[0].names) if chain and chain[0].names else "no name at all"
            return wrong(
                "certificate-name",
                f"{where}: its certificate is of another name: it is for {names}, and go asks for {hop.server_name}",
                f"use one of these names in GOPROXY, or issue a certificate for {hop.server_name}; a server of many "
                "names (an ingress) shows its default one for a name (SNI) that it does not know",
            )
        case Fault.TLS_SERVER_NAME:
            return wrong(
                "server-name",
                f"{where}: the server knows no host {hop.server_name} (SNI), and ends the handshake",
                "use a host of the fleet in GOPROXY, or add this one to the ingress and to the object (spec.expose)",
            )
        case Fault.TLS_CLIENT:
            return wrong(
                "client-certificate",
                f"{where}: the server wants a certificate of the client, and the go command has none",
                "let go reach the fleet without mutual TLS: by its own Service, or by another listener of the ingress",
            )
        case Fault.TLS_AUTHORITY:
            return _unknown_authority(where, chain)
        case _:
            remedy = "check that this port speaks TLS, and else write http://"
            if "HANDSHAKE_FAILURE" in hop.words:
                remedy = "a server that wants a certificate of the client, or other ciphers, ends the handshake so"
            return wrong("tls", f"{where}: no TLS: {hop.words}", remedy)


def _expired(hop: Hop, where: str) -> Finding:
    out = next((one for one in hop.chain if not one.left), None)
    which = "its certificate"
    if out is not None and hop.chain and out is not hop.chain[0]:
        which = f"the certificate of its authority {out.subject}"
    span = f"; it is for {out.not_before} to {out.not_after}" if out is not None else ""
    return wrong(
        "certificate-expired",
        f"{where}: {which} is out of its time: {hop.words}{span}",
        "renew it (the Secret of spec.expose.tls, cert-manager, or the ingress); check this machine's clock",
    )


def _unknown_authority(where: str, chain: tuple[Certificate, ...]) -> Finding:
    trust = "let this machine trust that authority (SSL_CERT_FILE for go); --ca-file FILE tries one"
    if not chain:
        return wrong("certificate-authority", f"{where}: its certificate is not trusted here", trust)
    if len(chain) == 1 and chain[0].is_self_signed:
        told = "it is self-signed"
    elif len(chain) == 1:
        told = f"its issuer is {chain[0].issuer}, and the server sends no certificate but its own"
        trust = (
            "where that issuer is an intermediate one, let the server send the whole chain (tls.crt has all of it); "
            f"else {trust}"
        )
    else:
        told = f"its issuer is {chain[0].issuer}, and the chain that it sends ends at {chain[-1].issuer}"
    return wrong("certificate-authority", f"{where}: its certificate is not trusted here: {told}", trust)


def ends_soon(hop: Hop) -> Iterator[Finding]:
    """Tell of a certificate whose renewal is late."""
    for one in hop.chain:
        if 0 < one.left < _LATE_RENEWAL:
            yield Finding(
                "certificate-ends",
                Weight.WORTH_A_LOOK,
                f"{hop.name}: the certificate of {', '.join(one.names) or one.subject} ends at {one.not_after}: less "
                "than a fifth of its life is left",
                "see why it is not renewed: the Certificate of cert-manager, or whoever writes its Secret",
            )
            return
