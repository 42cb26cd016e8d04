"""What documents tell users to apply is what a real API server takes: objects, Secrets and pods as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.operator.live.conftest import ROOT
from tests.operator.live.fleet import Fleet

PAGES = ("access.md", "tenants.md")
BLOCKS = [
    (page, block)
    for page in PAGES
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
]
HEAD = "apiVersion: goproxy-operator.dev/v1alpha1\nkind: GoProxy\nmetadata: {name: team-a}\nspec:\n"
TLS = "  expose: {tls: {secretName: team-a-tls}}\n"


def documents(block: str) -> str:
    """A block that is a section of the spec gets an object around it, and TLS, without which Go sends no credential."""
    if "apiVersion:" in block:
        return block
    return HEAD + "".join(f"  {line}\n" for line in block.splitlines()) + TLS


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[f"{page}-{n}" for n, (page, _) in enumerate(BLOCKS)])
async def test_a_block_is_applied(installed: Path, fleet: Fleet, page: str, block: str) -> None:
    assert installed, f"the definitions are there, which {page} is about"
    text = documents(block).replace("namespace: ci", f"namespace: {fleet.kubectl.namespace}")
    if "kind: Pod" in text:
        await fleet.kubectl("create", "serviceaccount", "builder")
    if "kubernetes.io/tls" in text:
        # The page has dots where the reader puts a certificate, which the API server reads.
        text = text.replace("type: kubernetes.io/tls\n", "")
    said = await fleet.kubectl("apply", "--dry-run=server", "-f", "-", stdin=text)
    assert "(server dry run)" in said
