"""The pages in a real browser: without scripts, by keyboard, in both colour schemes, wide and narrow."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage
from playwright.async_api import Page as Tab

from tests.modproxy.live.test_minimum_age import M as AGED
from tests.modproxy.live.why_site import ACCESS, FRONT, Site
from tests.modproxy.page.browser import browser
from tests.modproxy.page.shown import EVIL, LICENSED, shown

ALPHA = "example.com/lib/alpha"
PAGES = {
    "start": "",
    "search": "-/modules?q=lib",
    "module": f"-/modules?module={ALPHA}",
    "refused": f"-/modules?module={AGED}&version=v1.0.0",
    "version": f"-/modules?module={LICENSED}&version=v1.0.0",
}
_WIDEST = 1
"""Pixels by which a page may be wider than its window, from rounding."""


@asynccontextmanager
async def tab(started: Browser, **context: object) -> AsyncIterator[tuple[Tab, list[str]]]:
    """Open a tab; what its console says, and each request that is none for a page, is in the list."""
    said: list[str] = []
    made = await started.new_context(**context)  # type: ignore[arg-type]  # options of playwright, by name
    page = await made.new_page()

    def console(message: ConsoleMessage) -> None:
        said.append(message.text)

    page.on("console", console)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url) if request.resource_type != "document" else None)
    yield page, said
    await made.close()


async def test_the_pages_look_the_same_everywhere_and_say_nothing_to_the_console(tmp_path: Path) -> None:
    shots = Path(os.environ["SCREENSHOTS"]) if "SCREENSHOTS" in os.environ else tmp_path
    async with shown(tmp_path / "site") as here, browser() as started:
        for scheme in ("light", "dark"):
            for width in (1200, 380):
                view = {"width": width, "height": 900}
                async with tab(started, color_scheme=scheme, viewport=view) as (page, said):
                    for name, path in PAGES.items():
                        answer = await page.goto(f"{here.url}/{path}")
                        assert answer is not None and answer.status == 200
                        wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                        assert wide <= _WIDEST, (name, scheme, width, wide)
                        shot = shots / f"{name}-{scheme}-{width}.png"
                        assert len(await page.screenshot(path=shot, full_page=True)) > 5000
                    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
                    assert (ground == "rgb(20, 23, 27)") is (scheme == "dark")
                    assert not said


async def test_everything_works_without_scripts(tmp_path: Path) -> None:
    async with (
        shown(tmp_path) as here,
        browser() as started,
        tab(started, java_script_enabled=False) as (page, said),
    ):
        await page.goto(here.url)
        await page.get_by_label("Part of a module path").fill("lib")
        await page.get_by_role("button", name="Search").click()
        await page.get_by_role("link", name=ALPHA).click()
        await page.get_by_role("link", name="v1.0.0").click()
        assert await page.get_by_role("heading", level=1).inner_text() == f"{ALPHA}@v1.0.0"
        assert await page.get_by_text("Allowed for anonymous").count() == 1
        await page.get_by_role("link", name="Start").click()
        await page.get_by_label("Module", exact=True).fill(EVIL)
        await page.get_by_role("button", name="Why?").click()
        assert await page.get_by_text("rule: modules.deny has example.com/evil").count() == 1
        await page.get_by_role("link", name="Start").click()
        await page.get_by_text("fish").click()
        assert await page.get_by_text("set -gx GOPROXY").is_visible()
        assert not said


async def test_the_keyboard_reaches_everything_in_its_order(tmp_path: Path) -> None:
    async with shown(tmp_path) as here, browser() as started, tab(started) as (page, _):
        await page.goto(here.url)
        reached = []
        for _step in range(12):
            await page.keyboard.press("Tab")
            reached.append(
                await page.evaluate(
                    "(e => e.textContent.trim() || e.getAttribute('aria-label') || e.id)(document.activeElement)"
                )
            )
            shows = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert shows == "solid", reached
        assert reached[:4] == ["Skip to the content", "Go module proxy build/team-a", "Start", "Modules"]
        assert reached[5:12] == ["bash, zsh", "fish", "PowerShell", "q", "Search", "module", "version"]
        await page.goto(here.url)
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        assert (await skip.bounding_box() or {"x": -1})["x"] >= 0
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.tagName") == "PRE"


async def test_what_a_screen_reader_is_told(tmp_path: Path) -> None:
    async with shown(tmp_path) as here, browser() as started, tab(started) as (page, _):
        await page.goto(here.url)
        tree = await page.locator("body").aria_snapshot()
        for line in (
            "- banner:", '- navigation "Pages":', "- main:", '- heading "Go module proxy build/team-a" [level=1]',
            '- heading "Health" [level=2]', '- searchbox "Part of a module path"', '- textbox "Module"',
            '- textbox "Version (may be empty)"', '- button "Search"', "- contentinfo:",
            '- columnheader "Outcome"', '- rowheader "example.com/evil"',
        ):  # fmt: skip
            assert line in tree, (line, tree)
        await page.goto(f"{here.url}/{PAGES['refused']}")
        tree = await page.locator("body").aria_snapshot()
        for line in ("- caption: In the order in which they decide", '- rowheader "Known vulnerabilities"', "Refused"):
            assert line in tree, (line, tree)
        await page.set_viewport_size({"width": 380, "height": 800})
        assert '- rowheader "Known vulnerabilities"' in await page.locator("body").aria_snapshot()


async def _asked(here: Site, page: Tab, path: str) -> tuple[int, str]:
    answer = await page.goto(f"{here.url}/{path}")
    assert answer is not None
    return answer.status, await page.locator("main").inner_text()


async def test_another_site_can_neither_read_nor_frame_a_page(tmp_path: Path) -> None:
    hosts = ["127.0.0.1", "localhost"]
    async with shown(tmp_path, hosts=hosts) as here, browser() as started, tab(started) as (page, _):
        other = here.url.replace("127.0.0.1", "localhost")
        await page.goto(f"{other}/-/why?module={ALPHA}")
        read = await page.evaluate(
            "url => fetch(url).then(a => a.text()).catch(e => 'kept away: ' + e.name)", f"{here.url}/"
        )
        assert read.startswith("kept away")
        await page.set_content(f'<iframe src="{here.url}/"></iframe>')
        await page.wait_for_timeout(300)
        assert "Go module proxy" not in await page.frames[-1].content()


async def test_a_browser_is_asked_for_its_login(tmp_path: Path) -> None:
    async with shown(tmp_path, access=ACCESS[3]) as here, browser() as started:
        async with tab(started) as (page, _):
            status, text = await _asked(here, page, "")
            assert status == 401 and "asks for a credential" in text
        login = {"X-Auth-Proxy-Secret": FRONT, "X-Forwarded-User": "alice", "X-Forwarded-Groups": "team-a"}
        async with tab(started, extra_http_headers=login) as (page, _):
            status, text = await _asked(here, page, "-/modules?q=alpha")
            assert status == 200 and ALPHA in text


@pytest.mark.parametrize("path", ["-/modules?module=%3Cscript%3E", "-/modules?q=%3Cimg%20src=x%20onerror=alert(1)%3E"])
async def test_nothing_hostile_runs(tmp_path: Path, path: str) -> None:
    async with shown(tmp_path) as here, browser() as started, tab(started) as (page, said):
        page.on("dialog", lambda dialog: said.append(dialog.message))
        await page.goto(f"{here.url}/{path}")
        await page.wait_for_timeout(100)
        assert [line for line in said if "400" not in line] == []
