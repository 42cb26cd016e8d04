"""`inventory` of a fleet's own audit log, and what the fleet would refuse now."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
from pathlib import Path

import aiohttp

from tests.local.local_fleet import LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream

AUDITED = "  audit: {to: [File]}\n"


async def inventory(*arguments: str, lines: bytes = b"") -> tuple[int, str, str]:
    """Run the command. Returns the exit status, what it wrote, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "goproxy_operator", "inventory", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    written, said = await process.communicate(lines)
    assert process.returncode is not None
    assert b"Traceback" not in said
    return process.returncode, written.decode(), said.decode()


async def test_what_a_fleet_has_served_and_would_refuse_now(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream:
        upstream.add("example.com/good", "v1.0.0")
        upstream.add("example.com/bad", "v1.0.0", "v1.1.0")
        async with LocalFleet(tmp_path, document(upstream.url, AUDITED)) as fleet:
            for key in ("good/@v/v1.0.0.zip", "bad/@v/v1.0.0.mod", "bad/@v/v1.1.0.zip", "bad/@v/v1.9.0.zip"):
                async with aiohttp.request("GET", f"{await fleet.url()}/example.com/{key}") as answer:
                    await answer.read()
            log = await written(fleet, "v1.9.0")
            code, out, said = await inventory(str(log))
            assert code == 0, said
            rows = list(csv.DictReader(io.StringIO(out)))
            found = [(row["module"], row["version"], row["zips"]) for row in rows]
            assert found == [
                ("example.com/bad", "v1.0.0", "0"),
                ("example.com/bad", "v1.1.0", "1"),
                ("example.com/good", "v1.0.0", "1"),
            ]
            fleet.file.write_text(document(upstream.url, AUDITED + "  modules: {deny: [example.com/bad]}\n"))
            await fleet.answers("example.com/bad/@v/v1.0.0.mod", 403)
            asked = ("--refused-now", "--local", str(fleet.data), "-o", "json")
            code, out, said = await inventory(str(log), *asked)
            assert code == 0, said
            refused = json.loads(out)["versions"]
            assert [one["version"] for one in refused] == ["v1.0.0", "v1.1.0"]
            assert all(one["refusedNow"].startswith("modules: ") for one in refused), refused


async def written(fleet: LocalFleet, word: str) -> Path:
    """Wait until the log of the only replica has a word."""
    async with asyncio.timeout(30):
        while True:
            for log in fleet.data.rglob("audit.jsonl"):
                if word in log.read_text():
                    return log
            await asyncio.sleep(0.1)


async def test_wrong_input_is_told(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("hello\nworld\n")
    for arguments, status, words in (
        ((str(other),), 1, "none of its 2 lines is a record of an audit log"),
        ((str(tmp_path / "absent"),), 1, "No such file"),
        ((), 2, "spec.audit.to has File writes .modproxy/audit-log/audit.jsonl"),
        (("--elasticsearch", "https://es.example.com"), 2, "--elasticsearch needs --index NAME"),
        (("--elasticsearch", "https://es.example.com", "--index", "../x"), 2, "is no name of an index"),
        (("--elasticsearch", "http://127.0.0.1:1", "--index", "goproxy"), 1, "Connection refused"),
        ((str(other), "--since", "soon"), 2, "is not a duration"),
        ((str(other), "--as-user", "jane"), 2, "are for --refused-now"),
    ):
        code, _, said = await inventory(*arguments)
        assert code == status, said
        assert words in said
    code, out, said = await inventory("-", lines=b"")
    assert (code, out.count("\n")) == (0, 1), said
