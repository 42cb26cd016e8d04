"""What `why` says is what a GET gets: over many configs and principals, in one process that has all of a replica."""

import itertools
import json
import random
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from modproxy.contract.address import Address
from modproxy.contract.why import Check, Decision, Outcome, Route, Why
from modproxy.fleet.greeting import Greeting, write_greeting
from modproxy.identity.principal import AuthMethod, Principal
from modproxy.mod.path import escape
from modproxy.replica import Replica
from modproxy.server.listener import ClientListener, address_of, open_listener
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.live.access_site import PASSWORDS, SHARED, TEAM_A, TEAM_B, AccessSite, basic, bearer
from tests.modproxy.live.test_checksum_database import vouch
from tests.modproxy.live.test_licenses import MIT
from tests.modproxy.live.test_minimum_age import vulnerable, watched
from tests.modproxy.making import loaded
from tests.modproxy.module_files import go_mod, module_zip
from tests.secrecy.registry import new_secret

M, EVIL, LICENSED, VULNERABLE = "example.com/m", "example.com/evil", "example.com/licensed", "example.com/aged"
MODULES = (M, EVIL, LICENSED, VULNERABLE)
FRONT = new_secret("why-front")
PEOPLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ()), ("alice", ("team-a",)), ("bob", ()), ("carol", ("readers",)),
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


@pytest.fixture
async def modules() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream() as upstream:
        for module in MODULES:
            upstream.add(module, "v1.0.0", "v1.1.0")
        for version in ("v1.0.0", "v1.1.0"):
            files = {"go.mod": go_mod(LICENSED), "LICENSE": MIT.encode()}
            upstream.files[f"{LICENSED}/@v/{version}.zip"] = module_zip(LICENSED, version, files)
        yield upstream


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
PATTERNS: tuple[dict[str, Any], ...] = (
    {},
    {"deny": [EVIL]},
    {"deny": [EVIL], "mode": "DryRun"},
    {"allow": [M, LICENSED]},
    {"imposed": {"by": "GoProxyClass strict", "deny": [EVIL]}},
    {"imposed": {"by": "GoProxyClass strict", "allow": [M, VULNERABLE]}, "deny": [M]},
)
FACTS: tuple[dict[str, Any], ...] = (
    {},
    {"denyVulnerable": True},
    {"denyVulnerable": True, "vulnerabilities": {"mode": "DryRun"}},
    {"minimumAge": "240000h"},
    {"minimumAge": "1h"},
    {"minimumAge": "240000h", "minimumAgeMode": "DryRun"},
    {"minimumAge": "240000h", "minimumAgeExclude": [M]},
    {"licenses": {"allow": ["MIT"], "unknown": "Deny", "mode": "Enforce"}},
    {"licenses": {"deny": ["MIT"], "mode": "Enforce"}},
    {"licenses": {"deny": ["MIT"], "mode": "DryRun"}},
)
SOME = random.Random(17).sample(list(itertools.product(ACCESS, PATTERNS, FACTS)), 60)


@pytest.mark.parametrize(("access", "patterns", "facts"), SOME)
async def test_why_says_what_a_get_gets(
    modules: FakeUpstream, tmp_path: Path, access: Any, patterns: dict[str, Any], facts: dict[str, Any]
) -> None:
    database = tmp_path / "vulndb"
    vulnerable(database, fixed="1.1.0")
    section = {**patterns, **facts}
    if section.get("denyVulnerable"):
        section["vulnerabilities"] = {**section.get("vulnerabilities", {}), "url": database.as_uri()}
    config: dict[str, Any] = {"modules": section}
    if access is not None:
        config["access"] = access
    async with site(tmp_path, modules, config) as here:
        # Those who may fetch come last, so that the others find what is held and what is not.
        for who in (PEOPLE[3], PEOPLE[0], PEOPLE[2], PEOPLE[1], PEOPLE[3], PEOPLE[0]):
            for module in MODULES:
                before = await here.why(module, "v1.0.0", who)
                gets = [await here.get(f"{module}/@v/v1.0.0.{kind}", who) for kind in ("info", "mod", "zip")]
                after = await here.why(module, "v1.0.0", who)
                same(before, gets, f"{who} {module} before")
                same(after, gets, f"{who} {module} after")
                assert after[2] is None or after[2].decision is not Decision.UNKNOWN or gets[0][0] != 200
                listed = await here.why(module, "", who)
                same(listed, [await here.get(f"{module}/@v/list", who)], f"{who} {module} list", versions=False)


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


async def test_a_refused_asking_fetches_nothing(modules: FakeUpstream, tmp_path: Path) -> None:
    facts = {"minimumAge": "1h", "licenses": {"allow": ["MIT"], "mode": "Enforce"}}
    async with site(tmp_path, modules, {"modules": facts}) as here:
        for version in ("v1.0.0", "latest", "main", ""):
            _, _, why = await here.why(M, version)
            assert why is not None
            assert why.decision is (Decision.ALLOWED if not version else Decision.UNKNOWN)
            assert not why.held
        assert not modules.requests
        assert why is not None and has(why, "age").outcome is Outcome.NOT_REACHED
        assert (await here.get(f"{M}/@latest"))[0] == 200
        _, _, why = await here.why(M, "latest")
        assert why is not None and why.resolved == "v1.1.0"


async def test_what_is_held_and_who_vouched_is_told(modules: FakeUpstream, tmp_path: Path) -> None:
    async with site(tmp_path, modules, {}) as here:
        for kind in ("info", "mod", "zip"):
            assert (await here.get(f"{M}/@v/v1.0.0.{kind}"))[0] == 200
        _, _, why = await here.why(M, "v1.0.0")
        assert why is not None and why.decision is Decision.ALLOWED
        assert (why.route, [step.kind for step in why.steps]) == (Route.PUBLIC, ["upstream", "off"])
        assert why.steps[0].name == modules.url
        assert [copy.place for copy in why.held] == ["disk"]
        assert set(why.held[0].kinds) == {"info", "mod", "zip"} and why.held[0].since
        assert why.held[0].came_from == "an upstream of upstream.goproxy"
        assert (await here.get(f"{M}/@v/v1.9.0.info"))[0] == 404
        _, _, why = await here.why(M, "v1.9.0")
        assert why is not None and [copy.place for copy in why.held] == ["absence"]
        assert (await here.get(f"{M}/@v/branch.info"))[0] == 404
        _, _, why = await here.why(M, "branch")
        assert why is not None and "unknown revision" in why.notes[0]


async def test_a_refused_version_says_who_may_fetch_it_nevertheless(modules: FakeUpstream, tmp_path: Path) -> None:
    section = {"minimumAge": "240000h"}
    async with site(tmp_path, modules, {"modules": section, "access": {"anonymous": ["read", "fetch"]}}) as here:
        assert (await here.get(f"{M}/@v/v1.0.0.info"))[0] == 403
        _, _, why = await here.why(M, "v1.0.0")
        assert why is not None and why.by == "age"
        assert has(why, "fetch").outcome is Outcome.PASSES and has(why, "licenses").outcome is Outcome.NOT_REACHED


async def test_private_modules_name_their_credential_and_no_upstream(modules: FakeUpstream, tmp_path: Path) -> None:
    upstream = {
        "goproxy": f"{modules.url},direct",
        "gosumdb": "off",
        "goprivate": ["git.corp.example.com"],
        "credentials": [
            {"pattern": "git.corp.example.com", "secretName": "forge"},
            {"pattern": "git.corp.example.com/platform", "secretName": "forge-platform"},
        ],
    }
    async with site(tmp_path, modules, {"upstream": upstream}) as here:
        _, _, why = await here.why("git.corp.example.com/platform/lib")
        assert why is not None and why.route is Route.PRIVATE
        assert [(step.kind, step.credential) for step in why.steps] == [
            ("versionControl", "forge-platform"), ("off", ""),
        ]  # fmt: skip
        _, _, why = await here.why(M)
        assert why is not None
        assert [step.kind for step in why.steps] == ["upstream", "versionControl", "off"]
        assert not any(step.credential for step in why.steps)


async def test_modules_of_the_fleet_come_from_the_depot_alone(modules: FakeUpstream, tmp_path: Path) -> None:
    config = {"hosted": {"modules": ["ours.example.com"]}, "access": {"anonymous": ["read", "fetch", "publish"]}}
    async with site(tmp_path, modules, config) as here:
        zipped = module_zip("ours.example.com/lib", "v0.1.0", {"go.mod": go_mod("ours.example.com/lib")})
        url = f"{here.url}/ours.example.com/lib/@v/v0.1.0.zip"
        async with here.session.put(url, data=zipped) as answer:
            assert answer.status == 201, await answer.text()
        _, _, why = await here.why("ours.example.com/lib", "v0.1.0")
        assert why is not None and (why.decision, why.route) == (Decision.ALLOWED, Route.HOSTED)
        assert "depot" in [copy.place for copy in why.held]
        assert [step.kind for step in why.steps] == ["depot"]
        assert (await here.get("ours.example.com/lib/@v/v0.1.0.zip"))[0] == 200


async def test_who_is_proved_by_a_password_or_a_token_is_told_about_himself(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream:
        upstream.add(SHARED, "v1.0.0")
        async with AccessSite(tmp_path, upstream) as here:
            people = {
                "alice": basic("alice", PASSWORDS["alice"]),
                "bob": basic("bob", PASSWORDS["bob"]),
                "carol": bearer(here.issuer.token(sub="carol", groups=["team-a"])),
                "somebody": None,
                "wrong": basic("alice", "wrong"),
            }
            told = {}
            for name, authorization in people.items():
                for module in (TEAM_A, TEAM_B, SHARED):
                    stem = f"{escape(module)}/@v/v1.0.0"
                    files = [await here.get(f"{stem}.{kind}", authorization) for kind in ("info", "mod", "zip")]
                    gets = [(one.status, one.body.decode(errors="replace")) for one in files]
                    reply = await here.get(f"-/why?module={module}&version=v1.0.0", authorization)
                    why = Why.model_validate_json(reply.text) if reply.status == 200 else None
                    same((reply.status, reply.text, why), gets, f"{name} {module}")
                    told[name, module] = reply.status
                    if why is not None:
                        assert why.principal.split(",")[0] == name and reply.headers["Cache-Control"] == "no-store"
                        assert all(other == name or other not in reply.text for other in people)
            assert [told[name, TEAM_A] for name in people] == [200, 403, 200, 401, 401]
            assert [told[name, TEAM_B] for name in people] == [403, 200, 403, 401, 401]


async def test_the_log_tells_ages_and_the_database_vouches(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream:
        upstream.add(VULNERABLE, "v1.0.0", "v1.2.0")
        sumdb = FakeSumdb()
        vouch(sumdb, upstream, VULNERABLE, "v1.0.0")
        sumdb.pad(10)
        vouch(sumdb, upstream, VULNERABLE, "v1.2.0")
        sumdb.publish(upstream.files)
        # The database is told by the folder of the facts, below the cache.
        watched(tmp_path, sumdb, 1)
        config = {
            "upstream": {"goproxy": upstream.url, "gosumdb": sumdb.verifier_key, "timeout": "2s"},
            "modules": {"minimumAge": "72h"},
        }
        async with site(tmp_path, upstream, config) as here:
            _, _, why = await here.why(VULNERABLE, "v1.2.0")
            assert why is not None and (why.decision, why.by) == (Decision.REFUSED, "age")
            assert "record" in has(why, "age").reason
            assert not any(path.startswith(VULNERABLE) for path in upstream.requests), (
                "no file of the module is fetched"
            )
            _, _, why = await here.why(VULNERABLE, "v1.0.0")
            assert why is not None and why.decision is Decision.ALLOWED
            assert [step.kind for step in why.steps] == ["upstream", "checksumDatabase"]
            for kind in ("info", "mod", "zip"):
                assert (await here.get(f"{VULNERABLE}/@v/v1.0.0.{kind}"))[0] == 200
            _, _, why = await here.why(VULNERABLE, "v1.0.0")
            name = sumdb.verifier_key.partition("+")[0]
            assert why is not None and why.held[0].vouched_by == f"the checksum database {name}"
            assert has(why, "age").published == "2024-02-03T04:05:06Z"


async def test_whoever_may_only_read_makes_nobody_ask_the_database_for_a_name(tmp_path: Path) -> None:
    """Another replica may hold the version, so that the right to fetch does not decide."""
    async with FakeUpstream() as upstream:
        upstream.add(VULNERABLE, "v1.0.0")
        sumdb = FakeSumdb()
        vouch(sumdb, upstream, VULNERABLE, "v1.0.0")
        sumdb.publish(upstream.files)
        token = tmp_path / "token"
        token.write_text("t")

        async def greet(_: web.Request) -> web.Response:
            return web.Response(body=write_greeting(Greeting("b", "another process", "x")))

        other = web.Application()
        other.router.add_get("/{any:.*}", greet)
        async with TestServer(other) as there:
            config = {
                "upstream": {"goproxy": upstream.url, "gosumdb": sumdb.verifier_key, "timeout": "2s"},
                "modules": {"minimumAge": "72h"},
                "access": ACCESS[2],
                "id": "x",
                "peers": {"addresses": [f"127.0.0.1:{there.port}"], "name": "a", "tokenFile": str(token)},
            }
            await _asks_no_log(tmp_path, upstream, config)


async def _asks_no_log(folder: Path, upstream: FakeUpstream, config: dict[str, Any]) -> None:
    async with site(folder, upstream, config) as here:
        assert here.replica.peers is not None and here.replica.peers.members.live
        _, _, why = await here.why(VULNERABLE, "v1.0.0")
        assert why is not None and why.decision is Decision.UNKNOWN
        assert has(why, "fetch").outcome is Outcome.UNKNOWN
        assert "when somebody fetches it" in has(why, "age").reason
        assert not any("/lookup/" in path for path in upstream.requests)
        _, _, why = await here.why(VULNERABLE, "v1.0.0", PEOPLE[1])
        assert why is not None and has(why, "fetch").outcome is Outcome.PASSES
        assert any("/lookup/" in path for path in upstream.requests)


async def test_an_upstream_that_fails_is_told(modules: FakeUpstream, tmp_path: Path) -> None:
    upstream = {"goproxy": "http://127.0.0.1:9", "gosumdb": "off", "timeout": "1s"}
    async with site(tmp_path, modules, {"upstream": upstream}) as here:
        assert (await here.get(f"{M}/@v/list"))[0] == 502
        _, _, why = await here.why(M)
        assert why is not None and [one.place for one in why.failures] == ["http://127.0.0.1:9"]
        assert why.failures[0].cause and why.failures[0].failures == 1


async def test_the_keepers_ask_for_anybody(modules: FakeUpstream, tmp_path: Path) -> None:
    async with site(tmp_path, modules, {"access": ACCESS[4], "modules": {"deny": [EVIL]}}) as here:

        class Asked:
            def __init__(self, query: str) -> None:
                self.query_string = query

        async def asked(query: str) -> Why:
            answer = await here.replica.tell_why(Asked(query))  # type: ignore[arg-type]  # the query is all that is read
            assert answer.status == 200 and answer.text is not None, answer.text
            return Why.model_validate(json.loads(answer.text))

        why = await asked(f"module={M}&version=v1.0.0&user=alice")
        assert (why.decision, why.principal) == (Decision.ALLOWED, "alice")
        why = await asked(f"module={M}&version=v1.0.0&user=bob")
        assert (why.decision, why.status, why.text) == (Decision.REFUSED, 404, f"not found: {M}\n")
        why = await asked(f"module={M}&version=v1.0.0&group=readers")
        assert (why.decision, why.status) == (Decision.REFUSED, 404)
        assert has(why, "access").outcome is Outcome.PASSES and has(why, "fetch").outcome is Outcome.REFUSES
        why = await asked(f"module={M}")
        assert (why.decision, why.status, why.principal) == (Decision.REFUSED, 401, "anonymous")
        answer = await here.replica.tell_why(Asked("module=x"))  # type: ignore[arg-type]  # as above
        assert answer.status == 400 and "malformed module path" in (answer.text or "")
        with ExitStack() as asking:  # clients who take all turns take none of the keepers'
            for name in ("alice", "bob") * 8:
                asking.enter_context(here.replica.why._turns.turn(Principal(name, method=AuthMethod.BASIC)))
            assert (await here.get(f"-/why?module={M}", PEOPLE[3]))[0] == 429
            await asked(f"module={M}&version=v1.0.0&user=alice")


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("module=example.com/m@v2.0.0+incompatible", 200, '"v2.0.0+incompatible"'),
        ("module=%20example.com/m%20&version=v1.0.0", 200, '"version":"v1.0.0"'),
        ("", 400, "write one module"),
        ("module=a&module=b", 400, "write one module"),
        ("module=Example.com/m", 400, "malformed module path"),
        ("module=%FF", 400, "malformed"),
        ("module=example.com/m&version=%00", 400, "malformed"),
        ("module=example.com/m&version=../../x", 400, "malformed"),
        ("module=example.com/m&version=" + "v" * 5000, 400, "longer"),
        ("&".join("module=a" for _ in range(200)), 400, "fields"),
        ("module=" + "a" * 5000 + ".com/m", 400, "malformed module path"),
    ],
)
async def test_a_bad_question_has_a_clear_answer(
    modules: FakeUpstream, tmp_path: Path, query: str, status: int, words: str
) -> None:
    async with site(tmp_path, modules, {}) as here:
        code, text = await here.get(f"-/why?{query}")
        assert code == status and words in text, (code, text)
