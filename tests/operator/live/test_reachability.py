"""What replicas report of servers that fail and of Secrets, on the object: told once, quiet, and over by itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from modproxy.contract.config import config_hash
from modproxy.contract.report import Outage, Report, SecretProblem
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER
from tests.operator.live.replica_reports import loopback_has_many_addresses, replica
from tests.operator.reconcile.status.status_facts import report

pytestmark = pytest.mark.skipif(not loopback_has_many_addresses(), reason="this machine's loopback has one address")
ADDRESS = "127.0.0.24"


def says(config: str, failures: int = 0, problem: str | None = None) -> Report:
    down = Outage(
        role="upstream", place="https://proxy.example.com", failing=True, kind="dns", cause="could not be resolved",
        remedy="check the host in spec.upstream.goproxy", since=1, last=failures, failures=failures,
    )  # fmt: skip
    problems = (SecretProblem(secret="git", problem=problem),) if problem else ()
    update: dict[str, Any] = {"outages": (down,) if failures else (), "secret_problems": problems}
    return report(config=config).model_copy(update=update)


async def test_servers_and_secrets_are_told_while_they_fail(
    control_plane: ControlPlane, nodes: NodeStandIn, fleet: Fleet, new_operator: StartOperator
) -> None:
    nodes.pod_ip = lambda pod: ADDRESS
    answers = {ADDRESS: says("none")}
    async with replica(ADDRESS, answers):
        async with new_operator("--scrape-interval=500ms") as operator:
            await operator.leading()
            await fleet.apply(replicas=1)
            await fleet.wait_condition("ConfigSynced", "False", "Spreading")
            config = config_hash((await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"])
            answers[ADDRESS] = says(config)
            await fleet.wait_condition("ConfigSynced", "True", "InForce")
            await fleet.wait_condition("UpstreamReachable", "True", "NoFailures")
            await fleet.wait_condition("CredentialsReady", "True", "SecretsReadable")
            await fleet.wait_ready(1)

            answers[ADDRESS] = says(config, 3, "Secret git is not found")
            message = await fleet.wait_condition("UpstreamReachable", "False", "HostNotFound")
            assert message == (
                "upstream https://proxy.example.com could not be resolved (seen by all replicas): check the host in "
                "spec.upstream.goproxy"
            )
            message = await fleet.wait_condition("CredentialsReady", "False", "SecretUnusable")
            assert message == "Secret git is not found (seen by all replicas)"
            assert (await fleet.condition("Ready") or ("",))[0] == "True"

            # What only counts on is no news.
            mark = control_plane.audit.mark()
            for failures in range(4, 10):
                answers[ADDRESS] = says(config, failures, "Secret git is not found")
                await asyncio.sleep(0.6)
            assert audit.matching(control_plane.audit.since(mark), user=USER, resource="goproxies", verbs="patch") == []
            for reason in ("HostNotFound", "SecretUnusable"):
                (told,) = await fleet.wait_events(reason, 40)
                assert told["type"] == "Warning"

        # An operator that starts knows nothing of the reports, and leaves what they said.
        answers.pop(ADDRESS)
        async with new_operator("--scrape-interval=500ms") as operator:
            await operator.leading()
            await asyncio.sleep(2)
            assert (await fleet.condition("UpstreamReachable") or ("",))[0] == "False"
            answers[ADDRESS] = says(config)
            await fleet.wait_condition("UpstreamReachable", "True", "NoFailures")
            await fleet.wait_condition("CredentialsReady", "True", "SecretsReadable")


async def test_an_operator_that_logs_json_has_its_replicas_log_so(fleet: Fleet, new_operator: StartOperator) -> None:
    async with new_operator("--log-format=json") as operator:
        await operator.leading()
        await fleet.apply(replicas=1)

        async def arguments() -> bool:
            pod = (await fleet.get("statefulset", "team-a"))["spec"]["template"]["spec"]
            return bool(pod["containers"][0]["args"][-2:] == ["--log-format", "json"])

        await fleet.wait_condition("Ready", "False", "NoReplicaReady")
        await eventually(arguments, "the pods get the format")
        lines = [json.loads(line) for line in operator.log.splitlines()]
    assert all(list(line)[:4] == ["time", "level", "logger", "message"] for line in lines)
