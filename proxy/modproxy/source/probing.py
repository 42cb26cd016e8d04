"""Asks each place that a config names, once and all together, how it answers.

It goes out as fetches do: by the same HTTP proxy, with the same certificates and logins, over new connections. It asks
no URL of the caller: of a module and a version it asks what a fetch would ask, where a fetch would ask it.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from yarl import URL

from modproxy.bucket.bucket import Bucket
from modproxy.contract.probe import MOST_PLACES, ProbedPlace
from modproxy.fleet.greeting import GREETING_PATH
from modproxy.fleet.peers import Peers
from modproxy.layout import Layout
from modproxy.mod.chain import EntryKind
from modproxy.mod.login import UrlLogin
from modproxy.mod.path import escape
from modproxy.source.way_out.connections import Connections
from modproxy.source.way_out.failure_words import failure_words
from modproxy.source.way_out.hops import HopError, Hops
from modproxy.source.way_out.timings import Timings

_SECONDS = 5.0
"""For each request to a place, with its redirects; all places are asked at once, and whoever asks waits for 20 s."""
_MOST_PEERS = 8
_MOST_DATABASE_PROXIES = 2
"""Upstreams that are asked, one after the other, whether they serve the checksum database."""
_MOST_HOSTS = 4
"""Hosts of version control that patterns of private modules name."""
_UPSTREAM, _PARENT, _DATABASE, _VERSION_CONTROL = "upstream", "parent", "checksumDatabase", "versionControl"
_PEER = "peer"
_GLOB = frozenset("*?[\\")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know of: nothing, a module, or a version of one. Both texts were checked."""

    module: str = ""
    version: str = ""

    @property
    def path(self) -> str:
        """The path below a module proxy that a fetch begins with; empty for the start page."""
        if not self.module:
            return ""
        return f"{escape(self.module)}/@v/{f'{escape(self.version)}.info' if self.version else 'list'}"


@dataclass(frozen=True, slots=True)
class Place:
    """One server that is asked by a URL."""

    kind: str
    url: str
    path: str = ""
    login: UrlLogin | None = None
    fallback: bool = False

    @property
    def name(self) -> str:
        """What people call it."""
        return self.url.removeprefix("https://") if self.kind == _VERSION_CONTROL else self.url


async def probe_places(
    hops: Hops, layout: Layout | None, asked: Asked, peers: Peers | None = None, bucket: Bucket | None = None
) -> tuple[ProbedPlace, ...]:
    """Return how they answer. Raises `CancelledError`."""
    asking: list[Awaitable[ProbedPlace]] = []
    if layout is not None:
        for place in places_of(layout, asked):
            if place.kind == _DATABASE:
                asking.append(_ask_database(hops, layout, place))
            elif place.kind == _PARENT:
                token = peers.token.text if peers is not None else None
                asking.append(_ask_fleet(place, place.url, {"Authorization": f"Bearer {token}"} if token else {}))
            else:
                asking.append(_ask(hops, asked.module, place))
    if bucket is not None and bucket.settings is not None:
        asking.append(_ask_bucket(bucket, bucket.settings.config.url))
    if peers is not None:
        for peer in peers.members.live[:_MOST_PEERS]:
            place = Place(_PEER, f"http://{peer.address}", GREETING_PATH.removeprefix("/"))
            asking.append(_ask_fleet(place, f"{peer.name} ({peer.address})", peers.headers()))
    return tuple(await asyncio.gather(*asking))[:MOST_PLACES]


def places_of(layout: Layout, asked: Asked) -> list[Place]:
    """Return the servers that the config names. `asked` adds the host of the version control of its module.

    Of a private module no upstream, no parent and no checksum database learns the name.
    """
    private = bool(asked.module) and layout.is_private(asked.module)
    path = "" if private else asked.path
    found = [Place(_PARENT, layout.parent, path)] if layout.parent else []
    direct = private
    for entry in layout.entries:
        if entry.kind is EntryKind.PROXY and not entry.url.startswith("file:"):
            found.append(Place(_UPSTREAM, entry.url, path, entry.login))
        direct = direct or entry.kind is EntryKind.DIRECT
    hosts = [asked.module.partition("/")[0]] if direct and asked.module else []
    if not asked.module:
        named = dict.fromkeys(one.text.partition("/")[0] for one in layout.private)
        hosts = [host for host in named if "." in host and not _GLOB & set(host)][:_MOST_HOSTS]
        private = True
    fallback = not private and any(one.kind == _UPSTREAM for one in found)
    found += [Place(_VERSION_CONTROL, f"https://{host}", fallback=fallback) for host in hosts]
    if layout.database is not None:
        known = asked.version and not private and layout.is_verified(asked.module)
        path = f"lookup/{escape(asked.module)}@{escape(asked.version)}" if known else "latest"
        found.append(Place(_DATABASE, layout.database.url, path, layout.database.login))
    return found[: MOST_PLACES - _MOST_PEERS - 1]


async def _ask_database(hops: Hops, layout: Layout, place: Place) -> ProbedPlace:
    """Ask the first upstream that serves the database, else the database itself, as `database_server` does."""
    database = layout.database
    if database is not None and not database.explicit:
        proxies = [one for one in layout.entries if one.kind is EntryKind.PROXY and not one.url.startswith("file:")]
        for entry in proxies[:_MOST_DATABASE_PROXIES]:
            base = f"sumdb/{database.name}"
            serves = await _ask(hops, "", Place(_DATABASE, entry.url, f"{base}/supported", entry.login))
            if serves.status == HTTPStatus.OK:
                return await _ask(hops, "", Place(_DATABASE, entry.url, f"{base}/{place.path}", entry.login))
    return await _ask(hops, "", place)


async def _ask(hops: Hops, module: str, place: Place) -> ProbedPlace:
    begun, timings = time.monotonic(), Timings()

    def told(status: int | None, failure: str = "") -> ProbedPlace:
        measured = _measured(place, begun, timings, status, failure)
        return measured.model_copy(update={"http_proxy": hops.proxy_of(place.url) or ""})

    if place.kind == _VERSION_CONTROL and not await hops.may_fetch_directly(module or place.name):
        return told(None, "leads to no address of the public internet, and the config does not name it")
    if place.login and not place.url.startswith("https:"):
        return told(None, "has a login and is not https, so it is not asked: write https://")
    connections = Connections(timings)
    try:
        url = f"{place.url.rstrip('/')}/{place.path}"
        async with asyncio.timeout(_SECONDS):
            answered = await hops.over(connections).get(url, place.login, {}, aiohttp.ClientTimeout(total=_SECONDS))
        with answered:
            return told(answered.response.status, _bad_status(answered.response.status, place))
    except HopError as e:
        return told(None, _words(e.cause))
    except TimeoutError as e:
        return told(None, _words(e))
    finally:
        await connections.close()


def _words(error: Exception) -> str:
    """Return what failed: of a certificate also what OpenSSL says of it, as no other place of a replica does."""
    words = failure_words(error)
    inner = getattr(error, "certificate_error", None)
    if isinstance(inner, ssl.SSLCertVerificationError):
        words = f"{words} ({inner.verify_message})"
    return words


def _bad_status(status: int, place: Place) -> str:
    """Return why an answer shows that the place is of no use; empty where it may be as it should."""
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN if place.path:  # a start page is often for nobody
            return f"answers {status}: it wants another login (upstream.credentials), or refuses this module"
        case HTTPStatus.TOO_MANY_REQUESTS:
            return "answers 429: it takes no more requests from here for now"
        case HTTPStatus.LOOP_DETECTED:
            return "answers 508: the request came back to this fleet, which is among its own upstreams"
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"answers {status}"
    return ""


async def _ask_bucket(bucket: Bucket, name: str) -> ProbedPlace:
    begun = time.monotonic()
    failure = await bucket.check()
    return ProbedPlace(
        kind="objectStore",
        name=name,
        asked="list, write and read",
        seconds=round(time.monotonic() - begun, 6),
        failure=failure.words if failure is not None else "",
    )


async def _ask_fleet(place: Place, name: str, headers: dict[str, str]) -> ProbedPlace:
    """Ask a replica of this fleet or of its parent: straight, and with the proof that is for it alone."""
    begun, timings = time.monotonic(), Timings()
    connections = Connections(timings)
    status, failure = None, ""
    try:
        url = URL(f"{place.url.rstrip('/')}/{place.path}", encoded=True)
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with connections.any.get(url, headers=headers, allow_redirects=False, timeout=timeout) as response:
            status = response.status
            failure = _bad_answer_of_fleet(status, place)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as e:
        failure = _words(e)
    finally:
        await connections.close()
    return _measured(place, begun, timings, status, failure).model_copy(update={"name": name})


def _measured(place: Place, begun: float, timings: Timings, status: int | None, failure: str) -> ProbedPlace:
    return ProbedPlace(
        kind=place.kind,
        name=place.name,
        asked=place.path,
        fallback=place.fallback,
        status=status,
        seconds=round(time.monotonic() - begun, 6),
        dns_seconds=timings.dns,
        connect_seconds=timings.connect,
        tls_seconds=timings.tls if place.url.startswith("https:") else None,
        first_byte_seconds=timings.first_byte,
        failure=failure,
    )


def _bad_answer_of_fleet(status: int, place: Place) -> str:
    if place.kind == _PEER:
        return "" if status == HTTPStatus.OK else f"answers {status} to this replica"
    if status == HTTPStatus.UNAUTHORIZED:
        return "answers 401: it does not take the proof of this fleet (access.children of the parent)"
    if status == HTTPStatus.FORBIDDEN:
        return "answers 403: it refuses this module, or this fleet"
    return _bad_status(status, place)
