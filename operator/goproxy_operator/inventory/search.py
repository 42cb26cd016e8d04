"""Reads the audit log from Elasticsearch or OpenSearch, by the scroll that both have."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from goproxy_operator.client.failure import ClientError
from goproxy_operator.client.fleet_client import FleetClient
from goproxy_operator.inventory.formats import stamp
from modproxy.contract.report_fields import plain_text

_PAGE = 5000
"""Records of one answer: below the 10,000 that an index allows."""
_ANSWER_BYTES = 64 << 20
"""Several times what so many records take."""
_KEPT = "1m"
_MOST_PAGES = 20_000
"""A hundred million records: weeks of a large company. A server that always has more never ends."""
_FIELDS = ["fleet", "time", "status", "decision", "endpoint", "module", "version", "user_principal", "bytes"]


async def records(client: FleetClient, index: str, fleet: str, since: float, until: float) -> AsyncIterator[Any]:
    """Yield the records of a time, as they were sent. `fleet` is `namespace/name`; all fleets without it.

    Raises `ClientError`.
    """
    wanted: list[Any] = [{"range": {"@timestamp": {"gte": stamp(since), "lte": stamp(until)}}}]
    if fleet:
        wanted.append({"match_phrase": {"fleet": fleet}})
    query = {"size": _PAGE, "sort": ["_doc"], "_source": _FIELDS, "query": {"bool": {"filter": wanted}}}
    answer = await _ask(client, "POST", f"{index}/_search", query, f"scroll={_KEPT}")
    scroll = str(answer.get("_scroll_id", ""))
    pages = 0
    try:
        while hits := _hits(client, answer):
            pages += 1
            if pages > _MOST_PAGES:
                raise ClientError(
                    f"there are more than {_PAGE * _MOST_PAGES} records: take a shorter time with --since"
                )
            for hit in hits:
                source = hit.get("_source") if isinstance(hit, dict) else None
                # The index may be one for many: another fleet's name may hold this one's words.
                if isinstance(source, dict):
                    yield source
            answer = await _ask(client, "POST", "_search/scroll", {"scroll": _KEPT, "scroll_id": scroll})
            scroll = str(answer.get("_scroll_id", scroll))
    finally:
        if scroll:
            with contextlib.suppress(ClientError):  # it ends by itself in a minute
                await _ask(client, "DELETE", "_search/scroll", {"scroll_id": scroll})


def _hits(client: FleetClient, answer: dict[str, Any]) -> list[Any]:
    """Return the records of an answer. Raises `ClientError` for an answer that is not whole: it would be a lie."""
    outer, shards = answer.get("hits"), answer.get("_shards")
    hits = outer.get("hits") if isinstance(outer, dict) else None
    if not isinstance(hits, list):
        raise ClientError(f"{client.url} gives no answer of Elasticsearch: it has no hits")
    failed = shards.get("failed") if isinstance(shards, dict) else 0
    if failed or answer.get("timed_out"):
        raise ClientError(
            f"{client.url} could search a part of the index only: look at its health (GET _cluster/health), or take a "
            "shorter time with --since"
        )
    return hits


async def _ask(client: FleetClient, method: str, path: str, document: Any, query: str = "") -> Any:
    headers = {"Content-Type": "application/json"}
    asked = json.dumps(document)
    body = await client.read(path, _ANSWER_BYTES, method=method, body=asked, headers=headers, query=query)
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        said = plain_text(body[:200].decode(errors="replace"))
        raise ClientError(f"{client.url} gives no answer of Elasticsearch, but: {said}")
    return answer
