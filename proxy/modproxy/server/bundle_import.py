"""The action `import`: a bundle is taken, verified whole, and put into the depot; the client is told as it goes.

The answer is a line of JSON for each thing that has happened (NDJSON). Once the bundle is verified and written down,
the import goes on though its client has left.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web

from modproxy.bucket.bucket import BucketError
from modproxy.cache.answer import CacheStatus
from modproxy.contract.config import Verb
from modproxy.importing.importer import Importer, Outcome
from modproxy.importing.judging import Rejected
from modproxy.importing.spool import LARGEST_BUNDLE
from modproxy.in_force import Rules
from modproxy.mod.bundle.archive_format import BundleError
from modproxy.mod.bundle.manifest import BundleManifest
from modproxy.mod.bundle.reading import manifest_of
from modproxy.server.actions import BodyError, body_of, web_page
from modproxy.server.connection import STALLED_SECONDS
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.decide.head import SERVER
from modproxy.server.decide.refusals import Refusal, refusal_by
from modproxy.server.reply import Reply

IMPORT = "import"
_TELL_SECONDS = 0.5
_ASK_AGAIN = {"Retry-After": "30"}
_OFF = (
    "this fleet keeps no modules of its own, so no bundle can be imported: set spec.hosted.enabled, and "
    "cache.objectStore where it has more than one replica"
)
_FULL = "the disk of this replica has no room for the bundle: it needs {} bytes, and {} are free"


class BundleImport:
    """Carries out imports. `refused` counts the refusal of a policy, and says whether it is in force."""

    proves_itself = False

    def __init__(self, importer: Importer, refused: Callable[[Refusal], bool]) -> None:
        self._importer = importer
        self._refused = refused
        self._running: set[asyncio.Task[None]] = set()

    async def reply(self, http: web.BaseRequest, arrival: Arrival, rules: Rules) -> Reply:
        """Import the bundle that is the body. Raises `CancelledError`, `ConnectionError` and `BodyError`."""
        if page := web_page(http):
            return _error(HTTPStatus.FORBIDDEN, page)
        if (denied := self._denied(arrival, rules, None)) is not None:
            return denied
        if rules.config.hosted is None:
            return _error(HTTPStatus.CONFLICT, _OFF)
        if self._importer.busy.locked():
            reason = "another bundle is being imported: send this one again later"
            raise BodyError(ErrorAnswer(HTTPStatus.TOO_MANY_REQUESTS, reason, _ASK_AGAIN))
        async with self._importer.busy:
            bundle = await asyncio.to_thread(self._importer.spool.new)
            kept = False
            try:
                await self._take(http, bundle)
                manifest = await asyncio.to_thread(_manifest, bundle)
                for module in sorted({version.module for version in manifest.versions}):
                    if (denied := self._denied(arrival, rules, module)) is not None:
                        return denied
                outcome = Outcome()
                task = asyncio.create_task(self._importer.run(bundle, outcome), name="import a bundle")
                kept = True
                self._running.add(task)
                task.add_done_callback(self._running.discard)
                try:
                    response = await _tell(http, arrival, task, outcome)
                finally:
                    # The next bundle waits for the end of this one, also where the client has left.
                    await asyncio.shield(asyncio.wait([task]))
            except BundleError as e:
                return _error(HTTPStatus.BAD_REQUEST, f"bad request: the bundle is refused: {e}")
            except OSError as e:
                if isinstance(e, ConnectionError):
                    raise
                return _error(HTTPStatus.INSUFFICIENT_STORAGE, f"this replica cannot keep the bundle: {e.strerror}")
            finally:
                if not kept:
                    await asyncio.to_thread(self._importer.spool.remove, bundle)
        return Reply(IMPORT, CacheStatus.NONE, response=response, verb=Verb.PUBLISH)

    def _denied(self, arrival: Arrival, rules: Rules, module: str | None) -> Reply | None:
        by = rules.permissions.refuse(arrival.principal, Verb.PUBLISH, module)
        if by is not None and self._refused(refusal := refusal_by(by, None, rules)):
            return Reply(IMPORT, CacheStatus.DENIED, refusal.error, by=by, verb=Verb.PUBLISH)
        return None

    async def _take(self, http: web.BaseRequest, bundle: Path) -> None:
        """Write the body into the spool. Raises `BodyError`, `OSError` and `ConnectionError`."""
        spool = self._importer.spool
        room = await asyncio.to_thread(spool.room)
        if (size := http.content_length or 0) > room:
            raise BodyError(ErrorAnswer(HTTPStatus.INSUFFICIENT_STORAGE, _FULL.format(size, room)))
        taken = 0
        file = await asyncio.to_thread(bundle.open, "wb")
        try:
            async for piece in body_of(http, LARGEST_BUNDLE):
                taken += len(piece)
                if taken > room:
                    raise BodyError(ErrorAnswer(HTTPStatus.INSUFFICIENT_STORAGE, _FULL.format(f"over {taken}", room)))
                await asyncio.to_thread(file.write, piece)
                spool.used_bytes += len(piece)
        finally:
            await asyncio.to_thread(file.close)


def _manifest(bundle: Path) -> BundleManifest:
    with bundle.open("rb") as file:
        return manifest_of(file)


async def _tell(
    http: web.BaseRequest, arrival: Arrival, task: "asyncio.Task[None]", outcome: Outcome
) -> web.StreamResponse:
    """Send how far the import is until it has ended, and what became of it. Raises `ConnectionError`."""
    headers = {
        "Server": SERVER, "Content-Type": "application/x-ndjson", "Cache-Control": "no-store",
        "X-Request-Id": arrival.id, "X-Accel-Buffering": "no",
    }  # fmt: skip
    response = web.StreamResponse(status=200, headers=headers)
    if http.version >= (1, 1):
        response.enable_chunked_encoding()
    await response.prepare(http)
    told = 0
    while True:
        ended = bool((await asyncio.wait([task], timeout=_TELL_SECONDS))[0])
        lines: list[Mapping[str, Any]] = [_refused(one) for one in outcome.rejected[told:]]
        told = len(outcome.rejected)
        if ended:
            lines.append(_end(task, outcome))
        else:
            lines.append({"event": "progress", "doing": outcome.doing, "done": outcome.done, "of": outcome.of})
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await response.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())
        except TimeoutError:
            raise ConnectionResetError("the client reads nothing") from None
        if ended:
            await response.write_eof()
            return response


def _refused(one: Rejected) -> dict[str, Any]:
    return {"event": "refused", "module": one.version.module, "version": one.version.version, "reason": one.reason}


def _end(task: "asyncio.Task[None]", outcome: Outcome) -> dict[str, Any]:
    error = task.exception() if not task.cancelled() else asyncio.CancelledError()
    match error:
        case None:
            return {
                "event": "done", "imported": outcome.imported, "same": outcome.same,
                "refused": len(outcome.rejected), "records": outcome.records,
            }  # fmt: skip
        case BundleError():
            return {"event": "failed", "reason": f"the bundle is refused, and nothing of it was taken: {error}"}
        case BucketError():
            words = f"the depot {error.failure.words}: {error.failure.remedy}; send the bundle again when it is mended"
            return {"event": "failed", "reason": words}
        case OSError():
            return {"event": "failed", "reason": f"this replica cannot keep the bundle: {error.strerror}"}
        case asyncio.CancelledError():
            return {"event": "failed", "reason": "this replica ends: send the bundle again"}
    raise error


def _error(status: int, reason: str) -> Reply:
    return Reply(IMPORT, CacheStatus.NONE, ErrorAnswer(status, reason), verb=Verb.PUBLISH)
