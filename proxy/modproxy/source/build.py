"""From configuration to one source: the chain of upstreams, each of them checked."""

from dataclasses import dataclass

import aiohttp

from modproxy.config import Upstream
from modproxy.mod.chain import ChainError, Entry, EntryKind, parse_chain
from modproxy.source import Source
from modproxy.source.chain import Chain, Link, Refusing
from modproxy.source.checked import Checked
from modproxy.source.file_tree import FileTree
from modproxy.source.goenv import GoEnvError, go_env
from modproxy.source.own_listener import Address, is_own_listener
from modproxy.source.upstream import Count, UpstreamProxy

_DIRECT = "version control (direct) cannot be asked by this version; name a module proxy in upstream.goproxy"
_OFF = "module lookup is disabled by off in upstream.goproxy"


class UpstreamError(ValueError):
    """There is no usable upstream configuration; the message says what to set."""


@dataclass(frozen=True, slots=True)
class Upstreams:
    """What all upstream requests share: the client session, our Via entry, our own listeners, who counts."""

    session: aiohttp.ClientSession
    via: str
    listeners: list[Address]
    count: Count


async def build_source(upstream: Upstream, shared: Upstreams) -> tuple[Source, list[str]]:
    """Return the source that `upstream` names, with warnings for people, or raise `UpstreamError`."""
    warnings: list[str] = []
    links: list[Link] = []
    for entry in await _entries(upstream):
        if entry.kind is EntryKind.PROXY and await is_own_listener(entry.url, shared.listeners):
            warnings.append(
                f"upstream {entry} is this replica's own listener: left out, or it would ask itself for ever"
            )
            continue
        if entry.kind is EntryKind.DIRECT:
            warnings.append(f"upstream direct answers 404: {_DIRECT}")
        links.append(Link(entry.kind, _source(entry, upstream, shared), entry.fall_back_on_error))
    return Chain(links), warnings


async def _entries(upstream: Upstream) -> tuple[Entry, ...]:
    try:
        text = upstream.goproxy if upstream.goproxy is not None else await go_env("GOPROXY")
        return parse_chain(text)
    except GoEnvError as e:
        raise UpstreamError(str(e)) from None
    except ChainError as e:
        raise UpstreamError(f"upstream.goproxy (from `go env GOPROXY`, because it is not set): {e}") from None


def _source(entry: Entry, upstream: Upstream, shared: Upstreams) -> Source:
    if entry.kind is EntryKind.DIRECT:
        return Refusing(_DIRECT)
    if entry.kind is EntryKind.OFF:
        return Refusing(_OFF)
    if entry.url.startswith("file:"):
        return Checked(FileTree(entry.url))
    return Checked(UpstreamProxy(shared.session, entry.url, upstream.timeout, shared.via, shared.count))
