"""Reads the audit log from Elasticsearch or OpenSearch, by the scroll that both have."""

import json
from collections.abc import AsyncIterator
from typing import Any

from goproxy_operator.client.failure import ClientError
from goproxy_operator.client.fleet_client import FleetClient
from goproxy_operator.inventory.formats import stamp
from modproxy.contract.report import plain_text

_PAGE = 5000
"""Records of one answer: below the 10,000 that an index allows."""
_ANSWER_BYTES = 64 << 20
"""Several times what so many records take."""
_KEPT = "1m"
_FIELDS = ["time", "status", "decision", "endpoint", "module", "version", "user_principal", "bytes"]


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
    try:
        while hits := answer.get("hits", {}).get("hits", []):
            for hit in hits:
                source = hit.get("_source")
                # The index may be one for many: another fleet's name may hold this one's words.
                if isinstance(source, dict):
                    yield source
            answer = await _ask(client, "POST", "_search/scroll", {"scroll": _KEPT, "scroll_id": scroll})
            scroll = str(answer.get("_scroll_id", scroll))
    finally:
        if scroll:
            await _ask(client, "DELETE", "_search/scroll", {"scroll_id": scroll})


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
