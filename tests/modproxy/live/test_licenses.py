"""The licences of zips decide, through a real replica."""

from pathlib import Path
from typing import Any

import pytest

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.module_files import go_mod, module_zip
from tests.modproxy.proxy_process import ProxyProcess

M = "example.com/m"
MIT = """MIT License

Copyright (c) 2024 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


@pytest.mark.parametrize(
    ("licenses", "status"),
    [
        ({"allow": ["MIT"]}, 200),
        ({"allow": ["mit"]}, 200),
        ({"deny": ["MIT"]}, 403),
        ({"allow": ["Apache-2.0"]}, 403),
        ({"deny": ["MIT"], "mode": "DryRun"}, 200),
    ],
)
async def test_the_licences_of_a_zip_decide(
    upstream: FakeUpstream, tmp_path: Path, licenses: dict[str, Any], status: int
) -> None:
    files = {"go.mod": go_mod(M), "LICENSE": MIT.encode(), "sub/LICENSE": b"of something else"}
    upstream.add(M, "v1.0.0")
    upstream.files[f"{M}/@v/v1.0.0.zip"] = module_zip(M, "v1.0.0", files)
    modules = {"licenses": {"mode": "Enforce", **licenses}}
    async with ProxyProcess(tmp_path / "fleet", {"upstream": {"goproxy": upstream.url}, "modules": modules}) as proxy:
        for _ in range(3):
            reply = await proxy.get(f"{M}/@v/v1.0.0.zip")
            assert reply.status == status
            assert status != 200 or reply.body == upstream.files[f"{M}/@v/v1.0.0.zip"]
        assert (await proxy.get(f"{M}/@v/v1.0.0.mod")).status == status  # it is known by now
        assert status == 200 or "its licence is MIT" in reply.text


@pytest.mark.parametrize(("unknown", "status"), [("Deny", 403), ("Allow", 200)])
async def test_an_unknown_licence_is_a_decision_of_its_own(
    upstream: FakeUpstream, tmp_path: Path, unknown: str, status: int
) -> None:
    modules = {"licenses": {"mode": "Enforce", "allow": ["MIT"], "unknown": unknown}}
    for text in ({}, {"LICENSE": b"All rights reserved."}, {"COPYING.md": b"\0" * 200_000}):
        upstream.add(M, "v1.0.0")
        upstream.files[f"{M}/@v/v1.0.0.zip"] = module_zip(M, "v1.0.0", {"go.mod": go_mod(M), **text})
        folder = tmp_path / str(len(next(iter(text.values()), b"")))
        async with ProxyProcess(folder, {"upstream": {"goproxy": upstream.url}, "modules": modules}) as proxy:
            assert (await proxy.get(f"{M}/@v/v1.0.0.zip")).status == status
