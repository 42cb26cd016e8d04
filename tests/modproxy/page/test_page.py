"""The pages over HTTP: who sees what, what is escaped, and the headers that keep other sites away."""

import asyncio
import html
import re
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDictProxy

from modproxy.server.page.style import POLICY
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.live.test_minimum_age import M as AGED
from tests.modproxy.live.why_site import ACCESS, FRONT, Site, site
from tests.modproxy.page.shown import EVIL, HOSTILE, LICENSED, shown

HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
ALPHA = "example.com/lib/alpha"


async def page(
    here: Site, path: str = "", who: str = "", groups: str = "", *, method: str = "GET", **headers: str
) -> tuple[int, str, CIMultiDictProxy[str]]:
    sent = {"Accept": HTML, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if who:
        sent |= {"X-Auth-Proxy-Secret": FRONT, "X-Forwarded-User": who, "X-Forwarded-Groups": groups}
    async with here.session.request(method, f"{here.url}/{path}", headers=sent) as answer:
        return answer.status, await answer.text(), answer.headers


async def test_only_browsers_get_the_page(tmp_path: Path) -> None:
    async with shown(tmp_path) as here:
        status, text, headers = await page(here)
        assert status == 200 and text.startswith("<!DOCTYPE html>") and headers["Content-Type"].startswith("text/html")
        for accept in ("*/*", "", "application/json", "text/plain"):
            status, text, headers = await page(here, Accept=accept)
            assert (status, text) == (200, "A Go module proxy: set GOPROXY to the URL of this page.\n")
        status, text, _ = await page(here, method="HEAD")
        assert (status, text) == (200, "")
        assert (await page(here, "-/page"))[0] == 404
        assert (await page(here, "-/modules", method="POST"))[0] == 405
        assert (await page(here, "", method="POST"))[0] == 405


PATHS = ("", "-/modules", "-/modules?q=lib", f"-/modules?module={ALPHA}", f"-/modules?module={AGED}&version=v1.0.0",
         f"-/modules?module={EVIL}", "-/modules?module=Nope", "-/modules?page=x")  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "/go"])
async def test_every_page_is_kept_from_other_sites_and_loads_nothing(tmp_path: Path, prefix: str) -> None:
    async with shown(tmp_path, pathPrefix=prefix) as here:
        for path in PATHS:
            status, text, headers = await page(here, path)
            assert status == (400 if path.endswith(("Nope", "=x")) else 200), path
            assert headers["Content-Security-Policy"] == POLICY and "default-src 'none'" in POLICY
            assert "frame-ancestors 'none'" in POLICY and "unsafe" not in POLICY
            assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cache-Control"] == "no-store" and headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert not [name for name in headers if name.lower().startswith("access-control-")]
            assert "<script" not in text and " style=" not in text and not re.search(r"\son\w+=", text)
            for link in re.findall(r'(?:href|action|src)="([^"]*)"', text):
                assert link == "#main" or link.startswith(f"{prefix}/"), link
            assert text.count("<h1>") == 1 and text.count("<main") == 1


async def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    async with shown(tmp_path) as here:
        for path in (
            "-/modules?q=" + "%3Cscript%3Ealert(1)%3C/script%3E%22%27",
            "-/modules?module=example.com/%3Cscript%3E",
            f"-/modules?module={ALPHA}&version=%3Cimg%20src=x%20onerror=1%3E",
            f"-/modules?module={ALPHA}&version=%E2%80%AE%07",
            "",
        ):
            _, text, _ = await page(here, path, Host='a"><script>x', X_Forwarded_Proto="javascript")
            body = text.partition("</style>")[2]
            assert "<script" not in body and "<img" not in body and "\x07" not in body and "\u202e" not in body
            assert '"><' not in html.unescape(re.sub(r"<[^>]*>", "", body)) or path == ""
        _, text, _ = await page(here, "")
        assert "ask #go-modules &lt;b&gt; to allow it" in text
        assert HOSTILE[:10] not in text


async def test_the_lines_name_the_url_that_the_browser_used(tmp_path: Path) -> None:
    upstream = {"goprivate": ["git.corp.example.com", "it's.example.com"]}
    async with FakeUpstream() as fake:
        config = {"pathPrefix": "/go", "upstream": {"goproxy": fake.url, "gosumdb": "off", **upstream}}
        async with site(tmp_path, fake, config) as here:
            _, text, _ = await page(here, Host="goproxy.example.com:8443", X_Forwarded_Proto="https")
            shown_text = html.unescape(text)
            assert "go env -w GOPROXY=https://goproxy.example.com:8443/go " in shown_text
            assert "export GOPROXY=https://goproxy.example.com:8443/go" in shown_text
            assert "set -gx GOPROXY 'https://goproxy.example.com:8443/go'" in shown_text
            assert "$env:GOPROXY = 'https://goproxy.example.com:8443/go'" in shown_text
            assert "$env:GONOSUMDB = 'git.corp.example.com,it''s.example.com'" in shown_text
            assert "set -gx GONOSUMDB 'git.corp.example.com,it\\'s.example.com'" in shown_text
            assert "netrc" not in text


async def test_somebody_who_has_not_said_who_he_is_is_asked(tmp_path: Path) -> None:
    async with shown(tmp_path, access=ACCESS[3]) as here:
        for path in ("", "-/modules", f"-/modules?module={ALPHA}"):
            status, text, headers = await page(here, path)
            assert status == 401 and headers["WWW-Authenticate"].startswith("Basic "), path
            assert text.startswith("<!DOCTYPE html>") and "lib" not in text.partition("</style>")[2]
        status, text, _ = await page(here, "", "alice", "team-a")
        assert status == 200 and "You are alice, in group team-a" in text and "netrc" in text
        assert "Go sends no credential over plain http" in text
        status, text, _ = await page(here, "", "bob")
        assert status == 200 and "Nothing in the rules lets you read" in text and "Refused lately" not in text
        assert (await page(here, "-/modules", "bob"))[0] == 403


@pytest.mark.parametrize(
    ("who", "groups", "sees", "lacks"),
    [
        ("alice", "team-a", [ALPHA, LICENSED], []),
        ("carol", "readers", [LICENSED], [ALPHA]),
    ],
)
async def test_a_search_finds_what_one_may_read(
    tmp_path: Path, who: str, groups: str, sees: list[str], lacks: list[str]
) -> None:
    access: dict[str, Any] = {
        **{k: v for k, v in (ACCESS[4] or {}).items() if k != "rules"},
        "rules": [
            {"groups": ["team-a"], "modules": ["example.com"], "verbs": ["read", "fetch"]},
            {"groups": ["readers"], "modules": ["example.com/team"], "verbs": ["read"]},
        ],
    }
    async with shown(tmp_path, access=access) as here:
        _, text, _ = await page(here, "-/modules", who, groups)
        assert all(module in text for module in sees) and not any(module in text for module in lacks)
        for module in lacks:
            status, text, _ = await page(here, f"-/modules?module={module}", who, groups)
            assert status == 404 and f"not found: {module}" in text
            status, again, _ = await page(here, "-/modules?module=example.com/lib/none", who, groups)
            assert (status, again) == (404, text.replace(module, "example.com/lib/none"))
        _, text, _ = await page(here, "", who, groups)
        assert ("example.com/evil" in text) is (who == "alice")


async def test_a_refusal_names_nobody_else(tmp_path: Path) -> None:
    async with shown(tmp_path, access={**(ACCESS[3] or {}), "anonymous": ["read"]}) as here:
        assert (await here.get("example.com/lib/new/@v/v1.0.0.info", ("mallory", ())))[0] == 403
        _, text, _ = await page(here, "", "mallory")
        assert "example.com/lib/new" in text
        _, text, _ = await page(here, "", "alice", "team-a")
        assert "example.com/lib/new" not in text and "mallory" not in text
        assert EVIL in text


async def test_the_versions_of_a_module(tmp_path: Path) -> None:
    async with shown(tmp_path) as here:
        _, text, _ = await page(here, f"-/modules?module={LICENSED}")
        assert "1 version<" in text and "MIT" in text and "2024-02-03" in text
        _, text, _ = await page(here, f"-/modules?module={ALPHA}")
        assert text.index("v1.2.0") < text.index("v1.0.0") and "2 versions<" in text
        _, text, _ = await page(here, f"-/modules?module={AGED}&version=v1.0.0")
        assert "Refused" in text and "GO-2024-1234" in text and "go get example.com/aged@v1.1.0" in text
        _, text, _ = await page(here, "-/modules?module=example.com/none")
        assert "This replica holds no version of it" in text


async def test_many_pages_at_once_end_with_an_answer(tmp_path: Path) -> None:
    async with shown(tmp_path) as here:
        found = await asyncio.gather(*(page(here, f"-/modules?q={n}") for n in range(60)))
        assert {status for status, _, _ in found} <= {200, 429}
        assert (await page(here, "-/modules"))[0] == 200


async def test_another_host_is_refused(tmp_path: Path) -> None:
    async with shown(tmp_path, hosts=["127.0.0.1"]) as here:
        assert (await page(here, Host="rebound.example.net"))[0] == 421
        assert (await page(here))[0] == 200
