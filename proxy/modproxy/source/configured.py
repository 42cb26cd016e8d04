"""Which upstreams and which checksum database a config names, or the machine where the config names none."""

from collections.abc import Sequence

from modproxy.contract.address import Address
from modproxy.contract.config import UpstreamConfig
from modproxy.mod.chain import ChainError, Entry, EntryKind, parse_chain
from modproxy.mod.sumdb import DEFAULT_GOSUMDB, Database, SumdbError, parse_gosumdb
from modproxy.source.vcs.go_env import GoEnvError, go_env
from modproxy.source.way_out.own_listener import is_own_listener


class UpstreamError(ValueError):
    """The config and the machine name no usable upstream; the message says what to set."""


async def upstream_entries(upstream: UpstreamConfig, listeners: Sequence[Address]) -> tuple[list[Entry], list[str]]:
    """Return the entries of GOPROXY that can be asked, and warnings about the others. Raises `UpstreamError`.

    `listeners` are the addresses of this replica, which must not ask itself.
    """
    entries, warnings = await _own_listeners_left_out(await _entries(upstream), listeners)
    return entries, warnings + _logins_over_http(entries)


async def checksum_database(upstream: UpstreamConfig) -> Database | None:
    """Return the checksum database of the config, or else of the machine; None for `off`. Raises `UpstreamError`."""
    text = upstream.gosumdb
    if text is None:
        try:
            text = await go_env("GOSUMDB")
        except GoEnvError:
            text = DEFAULT_GOSUMDB
    try:
        return parse_gosumdb(text)
    except SumdbError as e:
        raise UpstreamError(f"upstream.gosumdb (from `go env GOSUMDB`, because it is not set): {e}") from None


async def _entries(upstream: UpstreamConfig) -> tuple[Entry, ...]:
    try:
        text = upstream.goproxy if upstream.goproxy is not None else await go_env("GOPROXY")
        return parse_chain(text)
    except GoEnvError as e:
        raise UpstreamError(f"upstream.goproxy: {e}") from None
    except ChainError as e:
        raise UpstreamError(f"upstream.goproxy (from `go env GOPROXY`, because it is not set): {e}") from None


async def _own_listeners_left_out(
    entries: Sequence[Entry], listeners: Sequence[Address]
) -> tuple[list[Entry], list[str]]:
    kept, warnings = [], []
    for entry in entries:
        if entry.kind is EntryKind.PROXY and await is_own_listener(entry.url, listeners):
            warnings.append(
                f"upstream {entry} is this replica's own listener: left out, or it would ask itself for ever; "
                "name another one in spec.upstream.goproxy, or start the fleet where GOPROXY does not name it"
            )
        else:
            kept.append(entry)
    return kept, warnings


def _logins_over_http(entries: Sequence[Entry]) -> list[str]:
    """Return a warning for each upstream that would be sent a login in the clear."""
    return [
        f"upstream {entry} has a login and is not https, so it is not asked: write https://"
        for entry in entries
        if entry.login and not entry.url.startswith("https:")
    ]
