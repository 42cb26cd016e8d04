"""The page about access: its examples are good objects, grant what the page says, and its commands work."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from goproxy_operator.api.goproxy import parse_goproxy
from goproxy_operator.desired.config.access import access_config
from goproxy_operator.local.fleet_file import missing, parse_fleet_file
from modproxy.contract.config import AccessConfig, Verb
from modproxy.identity.htpasswd import parse_htpasswd
from modproxy.identity.principal import ANONYMOUS, AuthMethod, Principal
from modproxy.policy.permissions import Permissions

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "access.md").read_text()
BLOCKS = [
    block
    for name in ("access.md", "tenants.md")
    for block in re.findall(r"```yaml\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)
]
OBJECTS = [block for block in BLOCKS if "kind: GoProxy\n" in block]
SECTIONS = [block for block in BLOCKS if block.startswith("access:")]
POD: dict[str, Any] = next(yaml.safe_load(block) for block in BLOCKS if "kind: Pod\n" in block)


def test_each_block_is_looked_at() -> None:
    assert len(OBJECTS) + len(SECTIONS) + 1 == len(BLOCKS)
    assert len(SECTIONS) >= 5


@pytest.mark.parametrize("text", OBJECTS)
def test_an_object_with_its_secrets(text: str) -> None:
    found = parse_fleet_file(text)
    told = missing(found)
    assert told is not None, "a laptop has no cluster"
    assert "Secret" not in told
    users = next(secret for secret in found.secrets if "htpasswd" in secret.data)
    passwords = parse_htpasswd(users.data["htpasswd"].decode())
    assert (list(passwords.users), passwords.faults) == (["alice"], ())


def config(section: dict[str, Any]) -> AccessConfig | None:
    spec = {"access": section, "expose": {"tls": {"secretName": "tls"}}}
    goproxy = parse_goproxy({
        "apiVersion": "goproxy-operator.dev/v1alpha1", "kind": "GoProxy", "metadata": {"name": "team-a"}, "spec": spec,
    })  # fmt: skip
    return access_config(goproxy.spec.access, None)


def permissions(section: dict[str, Any]) -> Permissions:
    return Permissions(config(section), "default/team-a")


@pytest.mark.parametrize("text", SECTIONS)
def test_a_section(text: str) -> None:
    found = config(yaml.safe_load(text)["access"])
    assert found is not None and found.proves


def account(namespace: str, name: str) -> Principal:
    groups = frozenset({"system:serviceaccounts", f"system:serviceaccounts:{namespace}"})
    return Principal(f"system:serviceaccount:{namespace}:{name}", groups, method=AuthMethod.SERVICE_ACCOUNT)


def test_the_pod_may_do_what_the_object_says() -> None:
    section = next(yaml.safe_load_all(OBJECTS[0]))["spec"]["access"]
    builder = account(POD["metadata"]["namespace"], POD["spec"]["serviceAccountName"])
    assert permissions(section).refuse(builder, Verb.FETCH, "example.com/m") is None
    assert permissions(section).refuse(account("ci", "other"), Verb.READ, "example.com/m") is not None
    (source,) = POD["spec"]["volumes"][0]["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == section["serviceAccounts"]["audience"]


def test_two_tenants() -> None:
    section = yaml.safe_load(next(block for block in SECTIONS if "team-b" in block))["access"]
    shared = permissions(section)
    for mine, other in (("team-a", "team-b"), ("team-b", "team-a")):
        assert shared.refuse(account(mine, "x"), Verb.FETCH, f"git.example.com/{mine}/lib") is None
        assert shared.refuse(account(mine, "x"), Verb.FETCH, "example.org/lib") is None
        refused = shared.refuse(account(mine, "x"), Verb.READ, f"git.example.com/{other}/lib")
        assert refused is not None
        assert refused.status == 404


def test_the_command_of_the_pod_speaks_goauth(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("h.p.s")
    variables = {one["name"]: one["value"] for one in POD["spec"]["containers"][0]["env"]}
    command = variables["GOAUTH"].replace("/run/goproxy", str(tmp_path))
    done = subprocess.run([*shlex.split(command), "https://x/"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{variables['GOPROXY']}\n\nAuthorization: Bearer h.p.s\n\n"


def test_what_a_developer_reads_is_what_is_said() -> None:
    asking = permissions({"basic": {"secretName": "users"}, "rules": []})
    alice = Principal("alice", frozenset(), method=AuthMethod.BASIC)
    for who, module in ((ANONYMOUS, "example.com/hello"), (alice, "corp.example.com/secret")):
        refused = asking.refuse(who, Verb.READ, module)
        assert refused is not None
        for line in refused.text.splitlines():
            assert f"\t{line}\n" in PAGE
