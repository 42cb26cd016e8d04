"""A real Loki, all of its parts in one process, that keeps what it gets in a folder."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.kubernetes.component import free_ports
from tests.kubernetes.eventually import eventually
from tests.neighbours import programs
from tests.neighbours.running import process

Object = dict[str, Any]
_SECONDS = 60.0


class Loki:
    """Takes lines, and answers queries in LogQL. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        http, self._grpc = free_ports(2)
        self._port = http
        self._stack = AsyncExitStack()

    def _config(self) -> Object:
        here = str(self._folder)
        return {
            "auth_enabled": False,
            "analytics": {"reporting_enabled": False},  # it would tell its makers of itself
            "server": {
                "http_listen_address": "127.0.0.1",
                "http_listen_port": self._port,
                "grpc_listen_address": "127.0.0.1",
                "grpc_listen_port": self._grpc,
                "log_level": "warn",
            },
            "common": {
                "instance_addr": "127.0.0.1",
                "path_prefix": here,
                "storage": {"filesystem": {"chunks_directory": f"{here}/chunks", "rules_directory": f"{here}/rules"}},
                "replication_factor": 1,
                "ring": {"kvstore": {"store": "inmemory"}},
            },
            "ingester": {"lifecycler": {"min_ready_duration": "0s"}},
            "schema_config": {
                "configs": [
                    {
                        "from": "2020-10-24",
                        "store": "tsdb",
                        "object_store": "filesystem",
                        "schema": "v13",
                        "index": {"prefix": "index_", "period": "24h"},
                    }
                ]
            },
        }

    async def __aenter__(self) -> Self:
        program = await asyncio.to_thread(programs.loki)
        self._folder.mkdir(parents=True)
        file = self._folder / "loki.yaml"
        file.write_text(json.dumps(self._config()))
        async with AsyncExitStack() as stack:
            command: list[str | Path] = [program, f"-config.file={file}"]
            await stack.enter_async_context(process(command, self._folder / "loki.log", self._port, "/ready"))
            timeout = aiohttp.ClientTimeout(_SECONDS)
            session = aiohttp.ClientSession(f"http://127.0.0.1:{self._port}", timeout=timeout)
            self._session = await stack.enter_async_context(session)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def push(self, labels: Mapping[str, str], lines: Sequence[str]) -> None:
        """Hand over the lines of one container, as a collector of logs does, and wait until they can be found."""
        now = time.time_ns()
        values = [[str(now + number), line] for number, line in enumerate(lines)]
        stream = {"streams": [{"stream": dict(labels), "values": values}]}
        async with self._session.post("/loki/api/v1/push", json=stream) as answer:
            assert answer.status == 204, await answer.text()
        selector = ", ".join(f'{name}="{value}"' for name, value in labels.items())

        async def there() -> bool:
            return len(await self.lines(f"{{{selector}}}")) >= len(lines)

        await eventually(there, f"the lines of {selector} are there", 30)

    async def lines(self, query: str) -> list[str]:
        """The lines that a query finds, of the last hour, in the order in which they were written."""
        found = await self._ask("query_range", query, "streams", limit="5000", since="1h", direction="forward")
        values = [value for stream in found for value in stream["values"]]
        return [line for _, line, *_ in sorted(values, key=lambda value: int(value[0]))]

    async def figures(self, query: str) -> dict[str, float]:
        """What a query of figures has now, by the value of the one label that is left."""
        found = await self._ask("query", query, "vector")
        assert all(len(one["metric"]) == 1 for one in found), found
        return {next(iter(one["metric"].values())): float(one["value"][1]) for one in found}

    async def _ask(self, action: str, query: str, kind: str, **more: str) -> list[Any]:
        async with self._session.get(f"/loki/api/v1/{action}", params={"query": query, **more}) as answer:
            text = await answer.text()
            assert answer.status == 200, f"{query}: {text}"
        data = json.loads(text)["data"]
        assert data["resultType"] == kind, data
        result: list[Any] = data["result"]
        return result
