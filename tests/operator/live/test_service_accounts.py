"""Who signs the tokens of this cluster's service accounts: replicas are told, and nobody else is asked."""

from __future__ import annotations

import json

import pytest

from modproxy.contract.config import Config, parse_config
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER

pytestmark = pytest.mark.usefixtures("operator", "nodes")
ASKED = {"/.well-known/openid-configuration", "/openid/v1/jwks"}


async def config_of(fleet: Fleet) -> Config:
    data = (await fleet.get("configmap", "team-a-config-v1"))["data"]
    return parse_config(data["config.json"])


async def test_replicas_are_told_the_clusters_keys(fleet: Fleet, control_plane: ControlPlane) -> None:
    await fleet.apply(access={"serviceAccounts": {"audience": "goproxy"}, "insecure": True})

    async def told() -> bool:
        access = (await config_of(fleet)).access
        return access is not None and access.service_accounts is not None and bool(access.service_accounts.issuer)

    await eventually(told, "the config has the issuer")
    access = (await config_of(fleet)).access
    assert access is not None and access.service_accounts is not None
    metadata = json.loads(await fleet.kubectl("get", "--raw", "/.well-known/openid-configuration"))
    keys = json.loads(await fleet.kubectl("get", "--raw", "/openid/v1/jwks"))["keys"]
    assert access.service_accounts.issuer == metadata["issuer"]
    assert json.loads(access.service_accounts.keys)["keys"] == [dict(sorted(key.items())) for key in keys]
    calls = audit.matching(control_plane.audit.since(audit.START), user=USER)
    asked = [call for call in calls if call.uri.partition("?")[0] in ASKED]
    assert {call.uri.partition("?")[0] for call in asked} == ASKED
    assert not [call for call in asked if call.code != 200], "the operator's own role lets it ask"
