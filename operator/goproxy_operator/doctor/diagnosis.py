"""What the answer of a hop means here, and what to do. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from goproxy_operator.doctor.asked import Asked
from goproxy_operator.doctor.hop import FLEET, VERSION_CONTROL, Fault, Hop
from goproxy_operator.doctor.status_diagnosis import judge_status
from goproxy_operator.doctor.tls_diagnosis import ends_soon, tls_fault
from goproxy_operator.go_env.finding import Finding, Weight, wrong

_BY_FLEET = "export GONOPROXY=none; the pattern may stay in GOPRIVATE, so that no database is asked"
_OF_TLS = frozenset(one for one in Fault if one.name.startswith("TLS_"))


def judge(hop: Hop, asked: Asked) -> list[Finding]:
    """Return what is wrong with a hop; nothing where it is as it should be."""
    if hop.fault is not None:
        return [_fault(hop, hop.fault)]
    return [*judge_status(hop, asked), *_slow(hop), *ends_soon(hop)]


def with_the_setting_to_blame(findings: Sequence[Finding], hops: Sequence[Hop]) -> list[Finding]:
    """Return the findings, where a setting makes go pass by a fleet that has the module: the setting alone is wrong.

    Version control that fails is what go complains of then, and mending that would be of no use.
    """
    from_fleet = any(hop.name == FLEET and hop.fault is None and hop.status == HTTPStatus.OK for hop in hops[:1])
    fails = any(hop.name == VERSION_CONTROL and hop.fault is not None for hop in hops)
    if not (from_fleet and fails):
        return list(findings)
    return [
        replace(one, weight=Weight.WRONG, text=f"{one.text}, which has it", remedy=_BY_FLEET)
        if one.code == "not-by-fleet"
        else one
        for one in findings
    ]


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
