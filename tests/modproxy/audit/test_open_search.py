"""The sender against a real bulk API: a data stream, repeated ids, documents that the mapping refuses."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modproxy.audit.auditor import Auditor
from modproxy.audit.bulk import Document
from modproxy.audit.counts import ELASTICSEARCH, REJECTED, WRITTEN
from modproxy.audit.record import Verdict
from modproxy.contract.config import parse_config
from modproxy.source.way_out.connections import Connections
from tests.modproxy.audit.open_search import OpenSearch, open_search
from tests.modproxy.making import audit_entry

TEMPLATE = {
    "index_patterns": ["goproxy-*"],
    "data_stream": {},
    "template": {"mappings": {"properties": {"status": {"type": "long"}, "req_id": {"type": "keyword"}}}},
}
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearch]:
    with open_search(tmp_path_factory.mktemp("opensearch")) as made:
        made.ask("PUT", "_index_template/goproxy", TEMPLATE)
        yield made


@pytest.mark.parametrize("index", ["goproxy-audit", "plain-audit"])
async def test_records_are_searchable_each_once(server: OpenSearch, tmp_path: Path, index: str) -> None:
    connections = Connections()
    config = parse_config(json.dumps({"audit": {"elasticsearch": {"url": server.url, "index": index}}}))
    auditor = Auditor(tmp_path, lambda: 1 << 30, connections)
    auditor.begin(config)
    sending = asyncio.create_task(auditor.send())
    for number in range(3000):
        verdict = Verdict.REFUSED if number % 100 == 0 else Verdict.ALLOWED
        auditor.add(audit_entry(id=f"n{number}", verdict=verdict))
    async with asyncio.timeout(60):
        while auditor.counts.records[ELASTICSEARCH, WRITTEN] < 3000:
            await asyncio.sleep(0.05)
    assert await asyncio.to_thread(server.count, index) == 3000
    refused = {"query": {"match": {"decision": "refused"}}, "track_total_hits": True}
    found = await asyncio.to_thread(server.ask, "POST", f"{index}/_search", refused)
    assert found["hits"]["total"]["value"] == 30

    # The same documents once more, as after an answer that was lost, and one that the mapping refuses.
    assert auditor._receiver is not None
    taken = found["hits"]["hits"][0]
    stamp = '"@timestamp":"2026-11-27T00:00:00.000Z"'
    again = Document(taken["_id"], f"{{{stamp}}}")
    bad = Document("bad-0", f'{{{stamp},"status":"no number"}}')
    outcome = await auditor._receiver.send([again, bad])
    if index == "goproxy-audit":
        assert (outcome.stored, outcome.rejected, outcome.again) == (1, 1, [])
        assert "mapper_parsing_exception" in outcome.reason
    assert await asyncio.to_thread(server.count, index) == 3000
    assert auditor.counts.records[ELASTICSEARCH, REJECTED] == 0
    sending.cancel()
    await auditor.close()
    await connections.close()


async def test_an_inventory_reads_all_pages(server: OpenSearch, tmp_path: Path) -> None:
    connections = Connections()
    config = parse_config(
        json.dumps({"fleet": "build/team-a", "audit": {"elasticsearch": {"url": server.url, "index": "goproxy-pages"}}})
    )
    auditor = Auditor(tmp_path, lambda: 1 << 30, connections)
    auditor.begin(config)
    sending = asyncio.create_task(auditor.send())
    records = 6000  # more than a page of the command
    for number in range(records):
        auditor.add(audit_entry(id=f"i{number}", time=time.time(), module=f"example.com/m{number % 50}",
                                version="v1.0.0", endpoint="zip"))  # fmt: skip
    async with asyncio.timeout(60):
        while auditor.counts.records[ELASTICSEARCH, WRITTEN] < records:
            await asyncio.sleep(0.05)
    assert await asyncio.to_thread(server.count, "goproxy-pages") == records
    for fleet, versions in (("build/team-a", 50), ("build/team-b", 0)):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "goproxy_operator", "inventory", "--elasticsearch", server.url),
            *("--index", "goproxy-pages", "--fleet", fleet, "-o", "json"),
            stdout=asyncio.subprocess.PIPE,
        )
        written, _ = await process.communicate()
        assert process.returncode == 0
        found = json.loads(written)["versions"]
        assert len(found) == versions
        assert sum(one["requests"] for one in found) == (records if versions else 0)
    sending.cancel()
    await asyncio.wait({sending})
    await connections.close()
