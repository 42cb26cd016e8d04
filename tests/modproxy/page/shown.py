"""A replica whose pages have all that they can show: modules, a licence, a vulnerability, refusals, hostile texts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.live.test_licenses import MIT
from tests.modproxy.live.test_minimum_age import M as AGED
from tests.modproxy.live.test_minimum_age import vulnerable
from tests.modproxy.live.why_site import Site, site
from tests.modproxy.module_files import go_mod, module_zip

LICENSED = "example.com/team/licensed"
EVIL = "example.com/evil"
ALICE = ("alice", ("team-a",))
"""Who asks, where the config knows a trusted proxy."""
HOSTILE = "</pre><script>alert(1)</script>\"'\x07\u202e&amp;"


async def hostile(_: web.BaseRequest) -> web.StreamResponse:
    """Answer with what a browser would run."""
    return web.Response(status=403, text=HOSTILE)


@asynccontextmanager
async def shown(folder: Path, **config: Any) -> AsyncIterator[Site]:
    """Run it, after some requests have come."""
    vulnerable(folder / "vulndb", fixed="1.1.0")
    async with FakeUpstream() as upstream:
        upstream.add(AGED, "v1.0.0", "v1.1.0")
        upstream.add(EVIL, "v1.0.0")
        for name in ("alpha", "beta", "gamma"):
            upstream.add(f"example.com/lib/{name}", "v1.0.0", "v1.0.1", "v1.2.0")
        upstream.add(LICENSED, "v1.0.0", "v2.0.0+incompatible")
        files = {"go.mod": go_mod(LICENSED), "LICENSE": MIT.encode()}
        upstream.files[f"{LICENSED}/@v/v1.0.0.zip"] = module_zip(LICENSED, "v1.0.0", files)
        upstream.behaviours["example.com/hostile/@v/list"] = hostile
        section = {
            "deny": [EVIL, "example.com/x<script>"],
            "contact": "#go-modules <b>",
            "denyVulnerable": True,
            "vulnerabilities": {"url": (folder / "vulndb").as_uri()},
            "licenses": {"allow": ["MIT"], "mode": "DryRun"},
        }
        document = {"fleet": "build/team-a", "modules": section, **config}
        async with site(folder, upstream, document) as here:
            for name in ("alpha", "beta", "gamma"):
                for kind in ("info", "mod", "zip"):
                    await here.get(f"example.com/lib/{name}/@v/v1.0.0.{kind}", ALICE)
            for kind in ("info", "mod", "zip"):
                await here.get(f"{LICENSED}/@v/v1.0.0.{kind}", ALICE)
                await here.get(f"example.com/lib/alpha/@v/v1.2.0.{kind}", ALICE)
            for path in (
                f"{EVIL}/@v/list",
                f"{EVIL}/@v/v1.0.0.info",
                f"{AGED}/@v/v1.0.0.info",
                "example.com/hostile/@v/list",
            ):
                await here.get(path, ALICE)
            await here.replica.store.settle()
            yield here
