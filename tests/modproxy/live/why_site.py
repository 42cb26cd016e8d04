"""One process that has all of a replica, to which several people speak, as a trusted proxy names them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from modproxy.contract.address import Address
from modproxy.contract.why import Check, Decision, Outcome, Why
from modproxy.replica import Replica
from modproxy.server.listener import ClientListener, address_of, open_listener
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.live.test_licenses import MIT
from tests.modproxy.making import loaded
from tests.modproxy.module_files import go_mod, module_zip
from tests.secrecy.registry import new_secret

M, EVIL, LICENSED, VULNERABLE = "example.com/m", "example.com/evil", "example.com/licensed", "example.com/aged"
MODULES = (M, EVIL, LICENSED, VULNERABLE)
FRONT = new_secret("why-front")
PEOPLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ()), ("alice", ("team-a",)), ("bob", ()), ("carol", ("readers",)),
)  # fmt: skip
TRUSTED = {"trustedProxy": {"cidrs": ["127.0.0.0/8"], "secretName": "front"}}
ACCESS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"anonymous": ["read", "fetch"]},
    {"anonymous": ["read"], **TRUSTED, "rules": [{"users": ["alice"], "modules": ["*"], "verbs": ["fetch"]}]},
    {
        **TRUSTED,
        "rules": [
            {"groups": ["team-a"], "modules": ["example.com"], "verbs": ["read", "fetch"]},
            {"groups": ["readers"], "modules": ["example.com/m", "example.com/licensed"], "verbs": ["read"]},
        ],
    },
    {
        **TRUSTED,
        "hide": True,
        "rules": [
            {"users": ["alice"], "modules": ["example.com"], "verbs": ["read", "fetch"]},
            {"groups": ["readers"], "modules": ["example.com/m"], "verbs": ["read"]},
        ],
    },
)  # fmt: skip


class Site:
    """Has one replica and speaks to it as several people, whom a trusted proxy names."""

    def __init__(self, replica: Replica, url: str, session: aiohttp.ClientSession) -> None:
        self.replica = replica
        self.url = url
        self.session = session

    async def get(self, path: str, who: tuple[str, tuple[str, ...]] = ("", ())) -> tuple[int, str]:
        name, groups = who
        headers = {"X-Auth-Proxy-Secret": FRONT} if name else {}
        if name:
            headers |= {"X-Forwarded-User": name, "X-Forwarded-Groups": ",".join(groups)}
        async with self.session.get(URL(f"{self.url}/{path}", encoded=True), headers=headers) as answer:
            return answer.status, (await answer.read()).decode(errors="replace")

    async def why(
        self, module: str, version: str = "", who: tuple[str, tuple[str, ...]] = ("", ())
    ) -> tuple[int, str, Why | None]:
        status, text = await self.get(f"-/why?module={module}&version={version}", who)
        return status, text, Why.model_validate_json(text) if status == 200 else None


@asynccontextmanager
async def site(folder: Path, upstream: FakeUpstream, config: dict[str, Any]) -> AsyncIterator[Site]:
    secrets = folder / "secrets" / "front"
    secrets.mkdir(parents=True, exist_ok=True)
    (secrets / "secret").write_text(FRONT)
    document = {
        "upstream": {"goproxy": upstream.url, "gosumdb": "off", "timeout": "2s"},
        "secretsDir": str(folder / "secrets"),
        **config,
        "cache": {"dir": str(folder / "cache"), "sizeBytes": 1 << 30, **config.get("cache", {})},
    }
    replica = Replica(loaded(document), [Address("127.0.0.1", 1)])
    await replica.meet_peers()
    await replica.start()
    socket = open_listener("127.0.0.1:0", "listen")
    listener = ClientListener(socket, replica.handler.handle, None)
    await listener.start()
    session = aiohttp.ClientSession()
    try:
        yield Site(replica, f"http://{address_of(socket)}{config.get('pathPrefix', '')}", session)
    finally:
        await session.close()
        await listener.drain(1)
        await replica.close()


def has(why: Why, name: str) -> Check:
    return next(check for check in why.checks if check.name == name)


@asynccontextmanager
async def modules() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream() as upstream:
        for module in MODULES:
            upstream.add(module, "v1.0.0", "v1.1.0")
        for version in ("v1.0.0", "v1.1.0"):
            files = {"go.mod": go_mod(LICENSED), "LICENSE": MIT.encode()}
            upstream.files[f"{LICENSED}/@v/{version}.zip"] = module_zip(LICENSED, version, files)
        yield upstream


def same(told: tuple[int, str, Why | None], gets: list[tuple[int, str]], what: str, *, versions: bool = True) -> None:
    status, text, why = told
    refused = [(code, words) for code, words in gets if code != 200]
    if why is None:
        # It is the refusal of a GET, to the letter.
        assert status in (401, 403, 404) and gets[0] == (status, text), (what, told, gets)
        return
    if why.decision is Decision.ALLOWED:
        assert not refused, (what, text, gets)
        assert why.by is None and not why.text and why.status is None
    if why.decision is Decision.REFUSED:
        assert refused, (what, text, gets)
        assert why.status in [code for code, _ in refused], (what, text, gets)
        assert why.text.split("\n")[0] in [words.split("\n")[0] for _, words in refused], (what, text, gets)
        refusing = [check for check in why.checks if check.outcome is Outcome.REFUSES]
        assert len(refusing) == 1 and why.by in (refusing[0].name, None)
    if why.decision is Decision.UNKNOWN:
        unknown = [check for check in why.checks if check.outcome is Outcome.UNKNOWN]
        assert versions and all("known" in check.reason or "held" in check.reason for check in unknown), (what, text)
    assert [check.name for check in why.checks] == [
        "class", "access", "modules", "fetch", "vulnerabilities", "age", "licenses",
    ]  # fmt: skip
