"""Which versions that were served a fleet would refuse now: a vulnerability became known, or a rule is new."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlencode

from pydantic import ValidationError

from goproxy_operator.client.failure import ClientError
from goproxy_operator.inventory.served import Version
from goproxy_operator.reach.fleet import Fleet
from modproxy.contract.report_fields import plain_text
from modproxy.contract.why import WHY_BYTES, Outcome, Why

_RULES = ("class", "modules", "vulnerabilities", "age", "licenses")
"""The checks that are about the version. Others are about who asks."""
_REFUSES = (Outcome.REFUSES, Outcome.WOULD_REFUSE)
_AT_ONCE = 6
"""A replica answers eight such questions at once, and others may ask too."""
_MOST = 50_000
"""Questions: some minutes of a replica's time."""


async def mark_refused(fleet: Fleet, versions: Sequence[Version], who: Sequence[tuple[str, str]]) -> Counter[str]:
    """Ask a replica about each version, and note what it would refuse now. Returns why that is not known of some, with
    their number. Raises `ClientError`.

    `who` says for whom it is asked: pairs of `user` or `group` and a name.
    """
    if fleet.unseen is not None:
        raise fleet.unseen
    if not fleet.replicas:
        raise ClientError(f"the fleet {fleet.name} has no replica that could tell")
    if len(versions) > _MOST:
        raise ClientError(
            f"there are {len(versions)} versions, and at most {_MOST} are asked about: take a shorter time"
        )
    gate = asyncio.Semaphore(_AT_ONCE)
    undecided: Counter[str] = Counter()

    async def mark(number: int, one: Version) -> None:
        query = urlencode([("module", one.module), ("version", one.version), *who])
        async with gate:
            replica = fleet.replicas[number % len(fleet.replicas)]
            body = await replica.get(f"/-/why?{query}", largest=WHY_BYTES)
        try:
            why = Why.model_validate_json(body)
        except ValidationError:
            raise ClientError(f"replica {replica.name} gives no answer of /-/why: it is of another version") from None
        one.refused_now = _why_not(why)
        if not one.refused_now and (words := _unknown(why)):
            undecided[words] += 1

    await asyncio.gather(*(mark(number, one) for number, one in enumerate(versions)))
    return undecided


def _why_not(why: Why) -> str:
    for check in why.checks:
        if check.outcome in _REFUSES:
            if check.name not in _RULES:
                raise ClientError(
                    f"the fleet refuses {why.principal} whatever the version is: name somebody who may read, with "
                    "--as-user and --in-group"
                )
            return plain_text(f"{check.name}: {check.reason}")
    return ""


def _unknown(why: Why) -> str:
    unknown = (check for check in why.checks if check.outcome is Outcome.UNKNOWN and check.name in _RULES)
    return next((plain_text(f"{check.name}: {check.reason}") for check in unknown), "")
