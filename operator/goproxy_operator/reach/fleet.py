"""A fleet that was found, and what its replicas answer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from goproxy_operator.client.failure import ClientError
from goproxy_operator.kube.resources import Object
from modproxy.contract.report import REPORT_BYTES, Report

ANSWER_BYTES = 4 << 20
"""The most of an answer that is read where a command names no bound of its own."""
ASK_SECONDS = 15.0
"""How long a replica may take: a port-forward goes over the API server and a kubelet."""
_AT_ONCE = 8
"""Replicas that are asked at a time, so that a large fleet does not load the API server."""


class ReachError(ClientError):
    """A replica cannot be asked, or gives no usable answer; the message names it and says what to do."""


class MissingRightError(ReachError):
    """The API server lets this user not ask the replicas; the message names the right that is missing."""


class GoneError(ReachError):
    """The replica is gone, or does not run."""


class Replica(Protocol):
    """One replica of a fleet."""

    @property
    def name(self) -> str:
        """The name of its pod, or the one that it has on this machine."""

    async def get(self, path: str, *, largest: int = ANSWER_BYTES, seconds: float = ASK_SECONDS) -> bytes:
        """Return what its admin listener answers with status 200 at a path, which is escaped. Raises `ReachError`."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet, as it was when it was looked for."""

    item: Object
    """The object with its `metadata`, `spec` and `status`. Who may write it may write anything: check what is read."""
    replicas: tuple[Replica, ...] = ()
    """In the order of their numbers."""
    url: str | None = None
    """What clients put into GOPROXY; None where it is not known. The name of a Service resolves in its cluster only."""
    is_local: bool = False
    """Whether it runs on this machine."""
    unseen: ReachError | None = None
    """Why the replicas are not known, where they are not."""

    @property
    def name(self) -> str:
        """The name of the object."""
        return str(self.item.get("metadata", {}).get("name", ""))

    @property
    def namespace(self) -> str:
        """The namespace of the object; empty on this machine."""
        return str(self.item.get("metadata", {}).get("namespace", ""))


async def ask_all(
    replicas: Sequence[Replica], path: str, *, largest: int = ANSWER_BYTES, seconds: float = ASK_SECONDS
) -> dict[str, bytes | ReachError]:
    """Ask all of them the same, some at a time. Returns the answer, or why there is none, by the replica's name."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def ask(replica: Replica) -> bytes | ReachError:
        async with gate:
            try:
                return await replica.get(path, largest=largest, seconds=seconds)
            except ReachError as e:
                return e

    answers = await asyncio.gather(*map(ask, replicas))
    return {replica.name: answer for replica, answer in zip(replicas, answers, strict=True)}


async def reports(fleet: Fleet) -> dict[str, Report | ReachError]:
    """Return the report of each replica, or why there is none, by the replica's name."""
    answers = await ask_all(fleet.replicas, "/-/report", largest=REPORT_BYTES)
    return {name: _report(name, answer) for name, answer in answers.items()}


def first_missing_right(answers: Mapping[str, object]) -> MissingRightError | None:
    """Return why no replica can be asked, where a right is missing for it."""
    return next((answer for answer in answers.values() if isinstance(answer, MissingRightError)), None)


def _report(name: str, answer: bytes | ReachError) -> Report | ReachError:
    if isinstance(answer, ReachError):
        return answer
    try:
        return Report.model_validate_json(answer)
    except ValidationError:
        return ReachError(f"replica {name}: its answer to /-/report is no report: is its image one of modproxy?")
