"""The object with `hosted` on one machine, and the command that publishes to it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import aiohttp

from tests.local.local_fleet import LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream
from tests.operator.login.provider import run
from tests.operator.publish.trees import Case

M = "corp.example.com/greeting"
SPEC = """\
  hosted: {enabled: true, modules: [corp.example.com]}
  access: {anonymous: [read, fetch, publish]}
"""
FILES = {"go.mod": f"module {M}\n".encode(), "m.go": b"package greeting\n" * 100}


async def test_a_module_is_published_by_the_command(upstream: FakeUpstream, tmp_path: Path) -> None:
    Case("x", FILES).write(tmp_path / "module")
    async with LocalFleet(tmp_path, document(upstream.url, SPEC)) as fleet:
        url = await fleet.url()
        publish = ("publish", str(tmp_path / "module"), "--version", "v1.0.0", "--to", url)
        code, out, err = await run(tmp_path, *publish)
        assert (code, f"{M}@v1.0.0 is published: h1:" in out) == (0, True), err
        assert (await fleet.get(f"{M}/@v/list")) == (200, "v1.0.0\n")
        code, out, _ = await run(tmp_path, *publish)
        assert (code, "was published before, with the same files" in out) == (0, True)
        (tmp_path / "module/m.go").write_text("package other\n")
        code, _, err = await run(tmp_path, *publish)
        assert (code, "answers 409 Conflict" in err, "Publish the next version." in err) == (1, True, True)
        await publish_repacked(url, "v1.1.0", tmp_path)
        assert not [key for key in upstream.requests if "corp.example.com" in key]


async def publish_repacked(url: str, version: str, folder: Path) -> None:
    """Publish the module in the folder as another program packs it, and then by the command."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted((folder / "module").iterdir()):
            archive.writestr(f"{M}@{version}/{path.name}", path.read_bytes())
    async with (
        aiohttp.ClientSession() as session,
        session.put(f"{url}/{M}/@v/{version}.zip", data=packed.getvalue()) as answer,
    ):
        assert answer.status == 201
    code, out, err = await run(folder, "publish", str(folder / "module"), "--version", version, "--to", url)
    assert (code, "was published before, with the same files" in out) == (0, True), err


async def test_without_hosted_nothing_is_taken(upstream: FakeUpstream, tmp_path: Path) -> None:
    Case("x", FILES).write(tmp_path / "module")
    async with LocalFleet(tmp_path, document(upstream.url)) as fleet:
        url = await fleet.url()
        code, _, err = await run(tmp_path, "publish", str(tmp_path / "module"), "--version", "v1.0.0", "--to", url)
        assert (code, "answers 405" in err, "this fleet hosts no modules (spec.hosted)" in err) == (1, True, True)
