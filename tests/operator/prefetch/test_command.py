"""`goproxy-operator prefetch` against a real replica."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess

GOOD = "module example.com/me\nrequire example.com/lib v1.0.0\n"


async def prefetch(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "goproxy_operator", "prefetch", *arguments, cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_exit_status_says_whether_all_is_there(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(GOOD)
    (tmp_path / "bad").write_text(GOOD + "require example.com/gone v1.0.0\n")
    async with FakeUpstream() as upstream:
        upstream.add("example.com/lib", "v1.0.0")
        async with ProxyProcess(tmp_path / "p", {"upstream": {"goproxy": upstream.url, "gosumdb": "off"}}) as proxy:
            code, _, err = await prefetch(tmp_path, "--to", proxy.url)
            assert code == 0 and "3 fetched" in err
            code, out, _ = await prefetch(tmp_path, "go.mod", "--to", proxy.url, "--json")
            assert code == 0 and json.loads(out.splitlines()[-1])["held"] == 3
            code, _, err = await prefetch(tmp_path, "bad", "--to", proxy.url)
            assert code == 1 and "absent: example.com/gone@v1.0.0 mod: not found" in err
            (tmp_path / "bad").write_text("nothing\n")
            code, _, err = await prefetch(tmp_path, "bad", "--to", proxy.url)
            assert code == 1 and "line 1" in err


@pytest.mark.parametrize("arguments", [["--to", "no URL"], ["none", "--to", "http://127.0.0.1:1"], []])
async def test_wrong_usage(tmp_path: Path, arguments: list[str]) -> None:
    assert (await prefetch(tmp_path, *arguments))[0] == 2
