"""What the status of an answer means here, and what to do. Pure."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from goproxy_operator.doctor.asked import Asked
from goproxy_operator.doctor.hop import Hop
from goproxy_operator.go_env.finding import Finding, Weight, wrong

_OURS = "modproxy"


def judge_status(hop: Hop, asked: Asked) -> Iterator[Finding]:
    """Say what the status of an answer means here."""
    status = hop.status or 0
    where = f"{hop.name} answers {status} for {asked}"
    said = f": {hop.body.split(chr(10))[0]}" if hop.body else ""
    ours = hop.headers.get("server", "").startswith(_OURS)
    match status:
        case _ if status < 300:
            return
        case _ if status < 400:
            yield wrong(
                "redirect",
                f"{where}: it leads to {hop.headers.get('location', 'elsewhere')}",
                "write the URL of the fleet itself into GOPROXY; a network that wants a login first does so too",
            )
        case 401:
            yield from _unauthorized(hop, where)
        case 403:
            yield wrong(
                "forbidden",
                f"{where}: a rule of the fleet refuses it, or you lack the right{said}",
                f"`goproxy-operator why {asked.module or 'MODULE'}` names the rule and whom to ask",
            )
        case 404 | 410:
            if asked.module:
                yield wrong(
                    "not-found",
                    f"{where}: neither the fleet nor what it asks has it{said}",
                    "check the spelling and that the version is pushed; a private module needs a login at the "
                    "fleet (upstream.credentials). After a comma in GOPROXY go asks the next entry",
                )
            elif ours:
                yield Finding("no-page", Weight.NOTE, f"{where}: this path has no page")
        case 407:
            yield wrong("http-proxy", f"{where}: the HTTP proxy wants a login", "write it into HTTPS_PROXY")
        case 421:
            yield wrong(
                "wrong-host",
                f"{where}: the fleet does not serve the host {urlsplit(hop.url).netloc}{said}",
                "use a host of the fleet in GOPROXY, or add this one to the object (spec.expose)",
            )
        case 429:
            after = hop.headers.get("retry-after", "")
            yield wrong(
                "too-many",
                f"{where}: too many requests, or too many bad credentials from this address{said}",
                f"wait{f' {after} s' if after else ''}; correct the credential, or ask for a higher limit",
            )
        case 508:
            yield wrong(
                "loop",
                f"{where}: the request came back to the fleet, which is among its own upstreams{said}",
                "take the fleet itself out of spec.upstream.goproxy, of cache.parent and of the replicas' HTTP proxy",
            )
        case _ if status >= 500 and not ours:
            yield wrong(
                "in-front",
                f"{where}: what stands before the fleet answers, such as an ingress{said}",
                "the fleet has no ready replica, or is not reached from there: `goproxy-operator status`",
            )
        case 503 | 502 | 504:
            yield wrong(
                "upstream",
                f"{where}: the fleet cannot get it now{said}",
                "see which server fails below, or with `goproxy-operator status`; try again then",
            )
        case _ if status >= 500:
            yield wrong(
                "server-error",
                f"{where}{said}",
                f"see the replica's log for the id of the request: {hop.headers.get('x-request-id', 'unknown')}",
            )
        case 400:
            yield wrong(
                "bad-request",
                f"{where}{said}",
                "correct the path in GOPROXY: it has to be the URL of the fleet, and nothing more",
            )
        case _:
            yield wrong("refusal", f"{where}{said}", "see the words of the fleet")


def _unauthorized(hop: Hop, where: str) -> Iterator[Finding]:
    if hop.with_credential:
        yield wrong(
            "bad-credential",
            f"{where}: the credential that go would send is not good",
            "it has expired or is of another fleet: `goproxy-operator login URL`, or correct the netrc file",
        )
    else:
        yield wrong(
            "login-wanted",
            f"{where}: the fleet wants a credential, and there is none for it here",
            "`goproxy-operator login URL`, or an entry of the netrc file: `goproxy-operator env --help`",
        )
