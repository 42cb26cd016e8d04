"""What the answer of a hop means here, and what to do. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from goproxy_operator.doctor.hop import Fault, Hop
from goproxy_operator.go_env.finding import Finding, Weight

_OURS = "modproxy"
_SLOW_SECONDS = 5.0
"""A first byte that takes longer is told: go waits, and people ask why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for."""

    module: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.module}@{self.version}" if self.version else self.module or "its start page"


def judge(hop: Hop, asked: Asked) -> list[Finding]:
    """Return what is wrong with a hop; nothing where it is as it should be."""
    if hop.fault is not None:
        return [_fault(hop, hop.fault)]
    return [*_status(hop, asked), *_slow(hop)]


def _wrong(code: str, text: str, remedy: str) -> Finding:
    return Finding(code, Weight.WRONG, text, remedy)


def _fault(hop: Hop, fault: Fault) -> Finding:
    where, host = f"{hop.name}: {hop.url}", hop.host
    proxy = f"the HTTP proxy {hop.http_proxy} of the environment"
    if hop.http_proxy and fault in (Fault.NAME, Fault.REFUSED, Fault.UNREACHABLE, Fault.CONNECT_TIMEOUT, Fault.PROXY):
        return _wrong(
            "http-proxy",
            f"{where}: {proxy} cannot be used: {hop.words or 'it does not answer in time'}",
            f"correct HTTPS_PROXY or HTTP_PROXY, or name {urlsplit(hop.url).hostname} in NO_PROXY",
        )
    certificate = hop.certificate
    names = ", ".join(certificate.names) if certificate and certificate.names else "no name at all"
    match fault:
        case Fault.NAME:
            inside = ".svc" in host or "." not in host
            remedy = (
                "this name resolves in the cluster only: run this in a pod, or expose the fleet (spec.expose)"
                if inside and host != "localhost"
                else f"check the spelling, the VPN and the name servers: getent hosts {host}"
            )
            return _wrong("dns", f"{where}: the name {host} is not found ({hop.words})", remedy)
        case Fault.REFUSED:
            return _wrong(
                "refused",
                f"{where}: nothing listens at {hop.address}: connection refused",
                "check the port; see whether the fleet runs: `goproxy-operator status`",
            )
        case Fault.UNREACHABLE:
            return _wrong(
                "unreachable",
                f"{where}: {hop.address or host} is not reachable: {hop.words}",
                "check the VPN, the route and firewalls",
            )
        case Fault.CONNECT_TIMEOUT:
            return _wrong(
                "connect-timeout",
                f"{where}: no connection within {hop.waited:g} s",
                "a firewall or a NetworkPolicy drops the packets: check both, and the VPN",
            )
        case Fault.TLS_EXPIRED:
            until = certificate.not_after if certificate else "an earlier time"
            return _wrong(
                "certificate-expired",
                f"{where}: its certificate is out of its time: {hop.words}; it ends {until}",
                "renew it (the Secret of spec.expose.tls, cert-manager, or the ingress); check this machine's clock",
            )
        case Fault.TLS_NAME:
            return _wrong(
                "certificate-name",
                f"{where}: its certificate is of another name: it is for {names}",
                f"use one of these names in GOPROXY, or issue a certificate for {hop.server_name}",
            )
        case Fault.TLS_AUTHORITY:
            issuer = certificate.issuer if certificate else "somebody"
            signed = "it is self-signed" if certificate and certificate.is_self_signed else f"its issuer is {issuer}"
            return _wrong(
                "certificate-authority",
                f"{where}: its certificate is not trusted here: {signed}",
                "let this machine trust that authority (SSL_CERT_FILE for go), or show the whole chain; "
                "--ca-file FILE tries one",
            )
        case Fault.TLS_OTHER:
            return _wrong(
                "tls", f"{where}: no TLS: {hop.words}", "check that this port speaks TLS, and else write http://"
            )
        case Fault.NO_HEAD:
            return _wrong(
                "no-answer",
                f"{where}: connected, and no answer begins within {hop.waited:g} s",
                "the server hangs, or waits for somebody else: see its replicas with `goproxy-operator status`",
            )
        case Fault.BODY_TIMEOUT:
            return _wrong(
                "stopped-answer",
                f"{where}: the answer {hop.status} begins, and stops for {hop.waited:g} s",
                "what is in front of the fleet may limit sizes or times; or the upstream stopped sending",
            )
        case Fault.BROKEN:
            return _wrong(
                "broken-answer",
                f"{where}: {hop.words}",
                "check that this is the port for clients; see the log of the replica or of what is in front",
            )
        case _:
            return _wrong("http-proxy", f"{where}: {hop.words}", "check the HTTP proxy of the environment")


def _status(hop: Hop, asked: Asked) -> Iterator[Finding]:
    status = hop.status or 0
    where = f"{hop.name} answers {status} for {asked}"
    said = f": {hop.body.split(chr(10))[0]}" if hop.body else ""
    ours = hop.headers.get("server", "").startswith(_OURS)
    match status:
        case _ if status < 300:
            return
        case _ if status < 400:
            yield _wrong(
                "redirect",
                f"{where}: it leads to {hop.headers.get('location', 'elsewhere')}",
                "write the URL of the fleet itself into GOPROXY; a network that wants a login first does so too",
            )
        case 401:
            yield from _unauthorized(hop, where)
        case 403:
            yield _wrong(
                "forbidden",
                f"{where}: a rule of the fleet refuses it, or you lack the right{said}",
                f"`goproxy-operator why {asked.module or 'MODULE'}` names the rule and whom to ask",
            )
        case 404 | 410:
            if asked.module:
                yield _wrong(
                    "not-found",
                    f"{where}: neither the fleet nor what it asks has it{said}",
                    "check the spelling and that the version is pushed; a private module needs a login at the "
                    "fleet (upstream.credentials). After a comma in GOPROXY go asks the next entry",
                )
            elif ours:
                yield Finding("no-page", Weight.NOTE, f"{where}: this path has no page")
        case 407:
            yield _wrong("http-proxy", f"{where}: the HTTP proxy wants a login", "write it into HTTPS_PROXY")
        case 421:
            yield _wrong(
                "wrong-host",
                f"{where}: the fleet does not serve the host {urlsplit(hop.url).netloc}{said}",
                "use a host of the fleet in GOPROXY, or add this one to the object (spec.expose)",
            )
        case 429:
            after = hop.headers.get("retry-after", "")
            yield _wrong(
                "too-many",
                f"{where}: too many requests, or too many bad credentials from this address{said}",
                f"wait{f' {after} s' if after else ''}; correct the credential, or ask for a higher limit",
            )
        case 508:
            yield _wrong(
                "loop",
                f"{where}: the request came back to the fleet, which is among its own upstreams{said}",
                "take the fleet itself out of spec.upstream.goproxy, of cache.parent and of the replicas' HTTP proxy",
            )
        case _ if status >= 500 and not ours:
            yield _wrong(
                "in-front",
                f"{where}: what stands before the fleet answers, such as an ingress{said}",
                "the fleet has no ready replica, or is not reached from there: `goproxy-operator status`",
            )
        case 503 | 502 | 504:
            yield _wrong(
                "upstream",
                f"{where}: the fleet cannot get it now{said}",
                "see which server fails below, or with `goproxy-operator status`; try again then",
            )
        case _ if status >= 500:
            yield _wrong(
                "server-error",
                f"{where}{said}",
                f"see the replica's log for the id of the request: {hop.headers.get('x-request-id', 'unknown')}",
            )
        case _:
            yield _wrong("refusal", f"{where}{said}", "see the words of the fleet")


def _unauthorized(hop: Hop, where: str) -> Iterator[Finding]:
    if hop.with_credential:
        yield _wrong(
            "bad-credential",
            f"{where}: the credential that go would send is not good",
            "it has expired or is of another fleet: `goproxy-operator login URL`, or correct the netrc file",
        )
    else:
        yield _wrong(
            "login-wanted",
            f"{where}: the fleet wants a credential, and there is none for it here",
            "`goproxy-operator login URL`, or an entry of the netrc file: `goproxy-operator env --help`",
        )


def _slow(hop: Hop) -> Iterator[Finding]:
    if hop.first_byte is not None and hop.first_byte > _SLOW_SECONDS:
        yield Finding(
            "slow",
            Weight.WORTH_A_LOOK,
            f"{hop.name}: the first byte takes {hop.first_byte:.1f} s",
            "see what slows the replicas below, and the servers that they ask",
        )
