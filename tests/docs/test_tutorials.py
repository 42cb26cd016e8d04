"""Every command of every tutorial is typed into a real shell; `tutorial` says how."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT
from tests.docs.tutorial import Reader, looks_like, steps
from tests.modproxy.fake_upstream import FakeUpstream

LISTEN = "127.0.0.1:8080"
"""The address in the pages. Here it is a free port."""


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return f"127.0.0.1:{found.getsockname()[1]}"


@pytest.mark.parametrize("page", ["first-fleet.md", "ci-with-tokens.md", "break-it.md"])
async def test_the_part_for_one_machine(page: str, tmp_path: Path) -> None:
    address = free_address()
    async with FakeUpstream() as upstream:
        upstream.add("rsc.io/quote", "v1.5.2")
        upstream.add("rsc.io/sampler", "v1.3.0")
        environment = {
            "MAKEFLAGS": f"-- LISTEN={address}",
            # What this machine's own settings say. Made modules are in no checksum database.
            "GOPROXY": upstream.url,
            "GOSUMDB": "off",
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-modcacherw",
        }
        async with Reader(tmp_path, {LISTEN: address}, environment) as reader:
            await reader.follow(steps(DOCS / "tutorials" / page, cluster=False))
        assert upstream.requests["rsc.io/quote/@v/v1.5.2.zip"] == 1


@pytest.mark.parametrize(
    ("seen", "said", "right"),
    [
        ("a\nb", "x\na\nb\ny", True),
        ("a\nb", "a\nx\nb", False),
        ("a\n...\nb", "a\nx\ny\nb", True),
        ("a ... c", "a b c", True),
        ("a ... c", "a b\nc", False),
        ("a.c", "abc", False),
    ],
)
def test_what_is_seen_is_compared(seen: str, said: str, right: bool) -> None:
    assert looks_like(seen, said) is right


def test_every_tutorial_is_run() -> None:
    """A page that no test names would be a tutorial that nobody follows."""
    named = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert [path.name for path in (DOCS / "tutorials").glob("*.md") if f'"{path.name}"' not in named] == []
