"""Hits over TLS: small answers come from memory, and files from aiohttp, because the kernel cannot encrypt them."""

import ssl
from pathlib import Path

from tests.kubernetes.certificates import Authority
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.server.hit.two_ways import INFO, LIST, ZIP, TwoWays, get, untimed


async def test_both_ways_over_tls(tmp_path: Path, upstream: FakeUpstream) -> None:
    authority = Authority(tmp_path, "authority")
    pair = authority.issue("server", "server", hosts=["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    trusting = ssl.create_default_context(cafile=str(authority.file))
    async with TwoWays(tmp_path, upstream, tls=context, trusting=trusting) as site:
        await site.hold(INFO, LIST)
        site.by_aiohttp.requests = 0
        for path in (INFO, LIST):
            quick, plain = await site.ask(site.quick, get(path)), await site.ask(site.plain, get(path))
            assert untimed(quick) == untimed(plain)
        assert site.by_aiohttp.requests == 0
        for number in range(1, 6):
            assert (await site.ask(site.quick, get(ZIP))).endswith(upstream.files[ZIP])
            assert site.by_aiohttp.requests == number
