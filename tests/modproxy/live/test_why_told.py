"""What `why` tells: what is held, who vouched, from where it would come, and what goes wrong."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from modproxy.contract.why import Decision, Outcome, Route, Why
from modproxy.fleet.greeting import Greeting, write_greeting
from modproxy.identity.principal import AuthMethod, Principal
from modproxy.mod.path import escape
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.live.access_site import PASSWORDS, SHARED, TEAM_A, TEAM_B, AccessSite, basic, bearer
from tests.modproxy.live.test_checksum_database import vouch
from tests.modproxy.live.test_minimum_age import watched
from tests.modproxy.live.why_site import (
    ACCESS,
    EVIL,
    PEOPLE,
    VULNERABLE,
    M,
    has,
    same,
    site,
)
from tests.modproxy.module_files import go_mod, module_zip


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
