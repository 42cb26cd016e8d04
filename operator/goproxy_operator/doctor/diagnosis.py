"""What the answer of a hop means here, and what to do. Pure."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from goproxy_operator.doctor.asked import Asked
from goproxy_operator.doctor.hop import Fault, Hop
from goproxy_operator.doctor.status_diagnosis import judge_status
from goproxy_operator.doctor.tls_diagnosis import ends_soon, tls_fault
from goproxy_operator.go_env.finding import Finding, Weight, wrong

_OF_TLS = frozenset(one for one in Fault if one.name.startswith("TLS_"))


def judge(hop: Hop, asked: Asked) -> list[Finding]:
    """Return what is wrong with a hop; nothing where it is as it should be."""
    if hop.fault is not None:
        return [_fault(hop, hop.fault)]
    return [*judge_status(hop, asked), *_slow(hop), *ends_soon(hop)]


def _fault(hop: Hop, fault: Fault) -> Finding:
    if fault in _OF_TLS:
        return tls_fault(hop, fault)
    where, host = f"{hop.name}: {hop.url}", hop.host
    proxy = f"the HTTP proxy {hop.http_proxy} of the environment"
    if hop.http_proxy and fault in (Fault.NAME, Fault.REFUSED, Fault.UNREACHABLE, Fault.CONNECT_TIMEOUT, Fault.PROXY):
        return wrong(
            "http-proxy",
            f"{where}: {proxy} cannot be used: {hop.words or 'it does not answer in time'}",
            f"correct HTTPS_PROXY or HTTP_PROXY, or name {urlsplit(hop.url).hostname} in NO_PROXY",
        )
    match fault:
        case Fault.NAME:
            inside = ".svc" in host or "." not in host
            remedy = (
                "this name resolves in the cluster only: run this in a pod, or expose the fleet (spec.expose)"
                if inside and host != "localhost"
                else f"check the spelling, the VPN and the name servers: getent hosts {host}"
            )
            return wrong("dns", f"{where}: the name {host} is not found ({hop.words})", remedy)
        case Fault.REFUSED:
            return wrong(
                "refused",
                f"{where}: nothing listens at {hop.address}: connection refused",
                "check the port; see whether the fleet runs: `goproxy-operator status`",
            )
        case Fault.UNREACHABLE:
            return wrong(
                "unreachable",
                f"{where}: {hop.address or host} is not reachable: {hop.words}",
                "check the VPN, the route and firewalls",
            )
        case Fault.CONNECT_TIMEOUT:
            return wrong(
                "connect-timeout",
                f"{where}: no connection within {hop.waited:g} s",
                "a firewall or a NetworkPolicy drops the packets: check both, and the VPN",
            )
        case Fault.NO_HEAD:
            return wrong(
                "no-answer",
                f"{where}: connected, and no answer begins within {hop.waited:g} s",
                "the server hangs, or waits for somebody else: see its replicas with `goproxy-operator status`",
            )
        case Fault.BODY_TIMEOUT:
            return wrong(
                "stopped-answer",
                f"{where}: the answer {hop.status} begins, and stops for {hop.waited:g} s",
                "what is in front of the fleet may limit sizes or times; or the upstream stopped sending",
            )
        case Fault.BROKEN:
            return wrong(
                "broken-answer",
                f"{where}: {hop.words}",
                "check that this is the port for clients; see the log of the replica or of what is in front",
            )
        case _:
            return wrong("http-proxy", f"{where}: {hop.words}", "check the HTTP proxy of the environment")


def _slow(hop: Hop) -> Iterator[Finding]:
    if hop.first_byte is not None and hop.first_byte > hop.slow_after:
        yield Finding(
            "slow",
            Weight.WORTH_A_LOOK,
            f"{hop.name}: the first byte takes {hop.first_byte:.1f} s",
            "see what slows the replicas below, and the servers that they ask",
        )
