"""A stranger who floods the webhook, or sends bodies that never end, does not hold up a forge."""

import asyncio
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.live.test_sync import send
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.sync import payloads
from tests.modproxy.sync.payloads import SECRET

SLOW = 40


async def test_strangers_do_not_hold_up_a_forge(upstream: FakeUpstream, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets" / "hook"
    secrets.mkdir(parents=True)
    (secrets / "secret").write_text(SECRET)
    config = {
        "secretsDir": str(secrets.parent), "upstream": {"goproxy": upstream.url},
        "sync": {"modules": ["example.com"], "webhookSecretName": "hook"},
    }  # fmt: skip
    payload = payloads.github("refs/heads/main")
    async with ProxyProcess(tmp_path, config) as proxy:
        wrong = {"X_Hub_Signature_256": "sha256=00"}
        statuses = Counter([(await send(proxy, payload, **wrong))[0] for _ in range(250)])
        assert statuses.keys() == {403, 429} and 50 <= statuses[403] < 100
        assert (await send(proxy, payload))[0] == 200
        slow = [await _begin(proxy) for _ in range(SLOW)]
        assert [(await send(proxy, payload, delivery=f"d{number}"))[0] for number in range(3)] == [200] * 3
        # The oldest ones had to go.
        assert b" 429 " in await asyncio.wait_for(slow[0][0].readline(), 5)
        for _, writer in slow:
            writer.close()


async def _begin(proxy: ProxyProcess) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Begin a webhook whose body does not end."""
    where = urlsplit(proxy.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(
        b"POST /-/webhook HTTP/1.1\r\nHost: fleet\r\nContent-Type: application/json\r\nX-GitHub-Event: push\r\n"
        b"X-Hub-Signature-256: sha256=00\r\nContent-Length: 1000\r\n\r\n{"
    )
    await writer.drain()
    return reader, writer
