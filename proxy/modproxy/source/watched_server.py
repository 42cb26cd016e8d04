"""How the requests to one server over HTTP end: in words for clients and for the keepers of the fleet."""

import os
from collections.abc import Callable, Mapping
from http import HTTPStatus

import aiohttp

from modproxy.contract.report import Role
from modproxy.mod.login import UrlLogin
from modproxy.mod.target import Target
from modproxy.quoting import quoted
from modproxy.request import AnyTarget, Request
from modproxy.source.outages import Failure, Outages, Place
from modproxy.source.remedies import remedy_for
from modproxy.source.way_out.connections import PrivateAddressError
from modproxy.source.way_out.hops import TO_PRIVATE, HopError, Hops, HostBusyError
from modproxy.source.way_out.redirects import RedirectError, place_of
from modproxy.source.way_out.wallet import CredentialError

_OF_ONE_TARGET = frozenset({"timeout", "cut", "protocol", "redirects"})
"""Failures that another target of the same server may not have."""
_FAILURES_BELOW_500 = (HTTPStatus.UNAUTHORIZED, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, HTTPStatus.TOO_MANY_REQUESTS)
_WANTS_LOGIN = "answers 407: it wants a user name and a password"
_LONGEST_REASON = 160
"""Characters of a server's own words."""


class WatchedServer:
    """Notes how requests to the server at `url` end, and asks it again for its root while it fails.

    An HTTP proxy on the way is a place of its own: what fails there is no fault of the server.
    """

    def __init__(
        self,
        outages: Outages,
        hops: Hops,
        *,
        timeout: float,
        url: str,
        login: UrlLogin | None,
        role: Role,
        proof: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._outages = outages
        self._hops = hops
        self._timeout = timeout
        self._url = url
        self._login = login
        self._proof = proof
        self._place = Place(role, url)
        self._root_failed = False
        """Whether the root has failed since the last answer: then an answer of the root ends the outage."""
        self._of_one_target = False
        """Whether another target may have an answer, after the newest failure: then one of the root ends nothing."""

    def answered(self) -> None:
        """Note a usable answer, or one that the target is absent or forbidden."""
        self._root_failed = self._of_one_target = False
        self._outages.answered(self._place)
        if (proxy := self._proxy()) is not None:
            self._outages.answered(proxy)

    def failed(self, target: AnyTarget | None, error: Exception, kind: str, words: str, redirected: str | None) -> None:
        """Note that no answer came. `target` is None where the root was asked for."""
        if isinstance(error, HostBusyError | CredentialError):
            return  # the first is our own limit, the second is told of its Secret
        # Clients are told what has happened, the keepers of the fleet what holds.
        words = words.replace("could not be ", "cannot be ", 1)
        proxy = self._proxy()
        if proxy is not None and _wants_login(error):
            self._note(proxy, "407", _WANTS_LOGIN, target)
            return
        if proxy is not None and _is_of_proxy(error, proxy):
            if isinstance(error, aiohttp.ClientProxyConnectionError):
                words = f"cannot be reached: {_system_words(error.os_error)}"  # what is named here is the proxy itself
            self._note(proxy, kind, words, target)
            return
        told = f"did not answer within {self._timeout:g} s" if kind == "timeout" else words
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            told = f"has a certificate that is not trusted: {_why_untrusted(error)}"
        self._note(self._place, kind, f"redirects to {redirected}, which {told}" if redirected else told, target)

    def refused(self, request: Request | None, status: int, redirected: str | None, said: str) -> None:
        """Note an answer other than 200. `request` is None where the root was asked for."""
        target = None if request is None else request.target
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.FORBIDDEN):
            self.answered()
            return
        if status == HTTPStatus.LOOP_DETECTED and request is not None and request.via:
            return  # the client may have written the Via header in which the server has seen a loop
        words = f"answers {status}{f', saying {quoted(said, _LONGEST_REASON)}' if said else ''}"
        proxy = self._proxy()
        if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and proxy is not None:
            self._note(proxy, "407", _WANTS_LOGIN, target)
            return
        self._note(
            self._place, str(status), f"redirects to {redirected}, which {words}" if redirected else words, target
        )

    async def ask_again(self) -> None:
        """Ask for the root, and note how that ends: any answer but a failure shows that the server is there."""
        timeout = aiohttp.ClientTimeout(total=self._timeout, connect=self._timeout)
        try:
            with await self._hops.get(f"{self._url}/", self._login, self._proof(), timeout) as answered:
                status, place = answered.response.status, answered.place
        except HopError as e:
            kind, words, _ = explain(e.cause)
            self._root_failed = True
            self.failed(None, e.cause, kind, words, e.place)
            return
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _FAILURES_BELOW_500:
            self._root_failed = True
            self.refused(None, status, place, "")
        elif self._root_failed or not self._of_one_target:
            self.answered()

    def _note(self, place: Place, kind: str, cause: str, target: AnyTarget | None) -> None:
        self._of_one_target = kind in _OF_ONE_TARGET or (kind.isdecimal() and kind != "407")
        # All files of a module may be one trouble of that module.
        subject = target.path if isinstance(target, Target) else str(target)
        one = subject if self._of_one_target and target is not None else None
        failure = Failure(kind, cause, remedy_for(place.role, kind), one, again=self.ask_again)
        self._outages.failed(place, failure, asked_again=target is None)

    def _proxy(self) -> Place | None:
        url = self._hops.proxy_of(self._url)
        return None if url is None else Place(Role.HTTP_PROXY, place_of(url))


def _is_of_proxy(error: Exception, proxy: Place) -> bool:
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return True
    return isinstance(error, aiohttp.ClientConnectorError) and proxy.name in (
        error.host,
        f"{error.host}:{error.port}",
        f"[{error.host}]:{error.port}",
    )


def _wants_login(error: Exception) -> bool:
    return isinstance(error, aiohttp.ClientHttpProxyError) and error.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED


def _system_words(error: OSError) -> str:
    """Return the system's words. asyncio puts words of its own in their place, with the address."""
    return os.strerror(error.errno) if error.errno else "no route"


def _why_untrusted(error: aiohttp.ClientConnectorCertificateError) -> str:
    found = error.certificate_error
    return str(getattr(found, "verify_message", "") or getattr(found, "reason", "") or type(found).__name__)


def explain(error: Exception) -> tuple[str, str, int]:
    """Return the name of the error for metrics, words for people, and the status for the client."""
    match error:
        case TimeoutError():
            return "timeout", "did not answer in time", 504
        case HostBusyError():
            return "busy", "has too many requests of this replica waiting for it: ask again later", 503
        case RedirectError():
            return "redirects", str(error), 502
        case aiohttp.ClientConnectorDNSError() if isinstance(error.os_error, PrivateAddressError):
            return "redirects", TO_PRIVATE, 502
        case aiohttp.ClientConnectorDNSError():
            return "dns", "could not be resolved", 502
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "tls", "has no TLS that we trust", 502
        case aiohttp.ClientProxyConnectionError():
            words = _system_words(error.os_error)
            return "connect", f"could not be reached: the HTTP proxy on the way to it: {words}", 502
        case aiohttp.ClientConnectorError():
            return "connect", f"could not be reached: {_system_words(error.os_error)}", 502
        case aiohttp.ClientHttpProxyError():
            return "proxy", f"could not be reached: the HTTP proxy answered {error.status}", 502
        case aiohttp.ClientPayloadError():
            return "cut", "cut its answer short", 502
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return "reset", "closed the connection before it answered", 502
        case _:
            return "protocol", f"sent no proper HTTP answer ({type(error).__name__})", 502
