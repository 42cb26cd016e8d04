"""Walks the way of a request: the fleet, its rules for the module, and what go asks beside it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from pydantic import ValidationError

from goproxy_operator.client.arguments import FleetUrl
from goproxy_operator.doctor.asked import Asked
from goproxy_operator.doctor.credentials import credential_for
from goproxy_operator.doctor.diagnosis import judge
from goproxy_operator.doctor.examining import Way, examine
from goproxy_operator.doctor.hop import FLEET, VERSION_CONTROL, Hop
from goproxy_operator.doctor.verifying import Question, verify
from goproxy_operator.go_env.finding import Finding, wrong
from goproxy_operator.go_env.goauth import Given
from goproxy_operator.go_env.leaks import patterns_of
from goproxy_operator.go_env.settings import GoEnv
from goproxy_operator.go_env.toolchain import MODULE as TOOLCHAIN
from modproxy.contract.report_fields import plain_text
from modproxy.contract.why import Decision, Why
from modproxy.mod.pattern import first_match

_TOOLCHAIN = "toolchain"


@dataclass(slots=True)
class Walk:
    """What was met on the way."""

    hops: list[Hop] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    why: Why | None = None
    wants_login: bool = False
    given: Sequence[Given] = ()
    """What each way of GOAUTH has given for the fleet."""
    is_logged_in: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """How the fleet is asked, and for what beside the module."""

    env: GoEnv
    way: Way
    folder: Path
    """The working folder, which may have a go.sum file."""
    token_file: Path | None = None
    run_goauth: bool = True
    with_zip: bool = True
    toolchain: str = ""
    """The version of `golang.org/toolchain` that go has to fetch for the folder; empty for none."""


async def walk(fleet: FleetUrl, asked: Asked, asking: Asking) -> Walk:
    """Ask a fleet as the go command would, and what go asks beside it. Raises `UsageError`."""
    credential = await credential_for(fleet, asking.env, asking.token_file, run_goauth=asking.run_goauth)
    told = Walk(findings=[*credential.findings], given=credential.given, is_logged_in=credential.is_logged_in)
    way = replace(asking.way, authorization=credential.header)
    hop, body = await examine(FLEET, asked.url(fleet.url), way)
    told.hops.append(hop)
    told.wants_login = hop.status == HTTPStatus.UNAUTHORIZED
    found = judge(hop, asked)
    if asked.module and hop.status is not None and hop.fault is None:
        told.why = await _why(fleet.url, asked, way)
        found = _with_rule(found, told.why)
    told.findings += found
    if hop.fault is None and not told.wants_login:  # else the fleet tells nothing of its checksum database either
        go_mod = body if hop.status == HTTPStatus.OK else b""
        question = Question(fleet.url, asked, asking.env, way, asking.folder, asking.with_zip)
        hops, found = await verify(question, go_mod)
        told.hops += hops
        told.findings += found
        if asking.toolchain:
            await _toolchain(told, fleet.url, asking.toolchain, way)
    await _version_control(told, asked, asking)
    return told


async def _toolchain(told: Walk, fleet: str, version: str, way: Way) -> None:
    asked = Asked(TOOLCHAIN, version)
    hop, _ = await examine(_TOOLCHAIN, asked.url(fleet), way)
    told.hops.append(hop)
    if hop.fault is not None or (hop.status or 0) >= HTTPStatus.BAD_REQUEST:
        name = version.removeprefix("v0.0.1-").rpartition(".")[0]
        told.findings.append(
            wrong(
                "toolchain",
                f"go has to fetch the toolchain {asked}, and the fleet answers {hop.fault or hop.status}",
                f"let the fleet serve {TOOLCHAIN} (`goproxy-operator why {TOOLCHAIN}` says why not), or install {name}",
            )
        )


async def _version_control(told: Walk, asked: Asked, asking: Asking) -> None:
    """Ask the host of a module that GONOPROXY keeps from the fleet, as go does first of all (`?go-get=1`)."""
    if not asked.module or first_match(patterns_of(asking.env.value("GONOPROXY")), asked.module) is None:
        return
    hop, _ = await examine(VERSION_CONTROL, f"https://{asked.module}?go-get=1", asking.way)
    told.hops.append(hop)
    if hop.fault is not None:  # an answer of any status may have the line that go looks for
        told.findings += judge(hop, asked)


async def _why(url: str, asked: Asked, way: Way) -> Why | None:
    query = {"module": asked.module} | ({"version": asked.version} if asked.version else {})
    hop, body = await examine(FLEET, f"{url}/-/why?{urlencode(query)}", way)
    if hop.status != HTTPStatus.OK or hop.fault is not None:
        return None
    with suppress(ValidationError):
        return Why.model_validate_json(body)
    return None


def _with_rule(found: list[Finding], why: Why | None) -> list[Finding]:
    """Let the finding of a refusal name the rule."""
    if why is None or why.decision is not Decision.REFUSED:
        return found
    first = why.text.strip().split("\n")[0] if why.text else ""
    text = plain_text(f"the fleet refuses {why.module} for {why.principal}, by {why.by or 'a rule'}: {first}")
    remedy = f"`goproxy-operator why {plain_text(why.module)}` has all rules, and whom to ask"
    return [wrong("forbidden", text, remedy), *(one for one in found if one.code != "forbidden")]
