"""Serves a folder until it is killed, and prints its URL.

    python -m bench.upstream FOLDER [--delay SECONDS] [--stalled PREFIX] [--record]

With --record it asks the machine's GOPROXY for what the folder has not, and keeps the answer. `/-/requests` says as
JSON how often each path was asked for, and `/-/recorded` how many answers were recorded since the start.
"""

import argparse
import asyncio
import json
import socket
from pathlib import Path

import uvloop

from bench.upstream.answers import Answer, Answers, answer
from bench.upstream.protocol import Service, UpstreamConnection
from bench.upstream.recording import Recorder, RecordingError, Way, find_way


async def serve(folder: Path, delay: float, stalled: str | None, record: bool) -> None:
    """Serve until killed."""
    answers = Answers(folder)
    service = Service(answers, delay, stalled)
    way: Way | None = None
    if record:
        try:
            way = await find_way()
        except RecordingError:
            way = None  # what is recorded is served all the same
    async with Recorder(folder, way) as recorder:

        async def fetch(path: str) -> Answer:
            if path == "-/requests":
                return answer(200, json.dumps(service.requests).encode())
            if path == "-/recorded":
                return answer(200, json.dumps(recorder.recorded).encode())
            if way is None:
                return answer(404, f"not found: {path}\n".encode())
            try:
                await recorder.record(path)
            except RecordingError as e:
                return answer(502, f"{e}\n".encode())
            return answers.find(path) or answer(404, b"not found\n")

        service.fetch = fetch
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        server = await asyncio.get_running_loop().create_server(lambda: UpstreamConnection(service), sock=listener)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        async with server:
            await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--stalled")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    uvloop.run(serve(options.folder, options.delay, options.stalled, options.record))
