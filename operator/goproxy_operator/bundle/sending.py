"""The import of a bundle into a fleet: its bytes are sent, and what the fleet says of it is shown as it comes."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from goproxy_operator.bundle.making import LeftOut
from goproxy_operator.client.failure import ClientError
from goproxy_operator.client.fleet_client import FleetClient
from goproxy_operator.client.progress import Progress, progress
from modproxy.contract.report_fields import plain_text
from modproxy.mod.strict_json import read_object

_PIECE = 1 << 20


@dataclass(slots=True)
class Imported:
    """Says what became of a bundle, as the fleet tells it."""

    imported: int = 0
    """Versions that are new in the fleet."""
    same: int = 0
    """Versions that it had already."""
    refused: list[LeftOut] = field(default_factory=list)


async def send_bundle(client: FleetClient, file: Path, *, quiet: bool) -> Imported:
    """Send a bundle. Raises `ClientError`, also where the fleet refuses all of it."""
    found = Imported()
    try:
        with file.open("rb") as opened, progress("import", in_bytes=True, quiet=quiet) as shown:
            size = os.fstat(opened.fileno()).st_size
            shown.total(size)
            headers = {"Content-Type": "application/x-tar", "Content-Length": str(size)}
            body = _pieces(opened, shown)
            async with client.request("POST", "-/import", body=body, headers=headers) as response:
                async for line in response.content:
                    if _take(read_object(line), found, shown):
                        return found
    except ValueError:
        pass
    except OSError as e:
        raise ClientError(f"{file}: {e.strerror}") from None
    raise ClientError(f"{client.url} broke off before the import was done: send the bundle again, it harms nothing")


async def _pieces(file: BinaryIO, shown: Progress) -> AsyncIterator[bytes]:
    sent = 0
    while piece := await asyncio.to_thread(file.read, _PIECE):
        yield piece
        sent += len(piece)
        shown.at(sent, "sent")


def _take(event: dict[str, object], found: Imported, shown: Progress) -> bool:
    """Take one line of the fleet. Returns whether it was the last one. Raises `ClientError`."""
    match event.get("event"):
        case "progress":
            done, of = event.get("done"), event.get("of")
            if isinstance(done, int) and isinstance(of, int):
                shown.total(of)
                shown.at(done, plain_text(str(event.get("doing"))))
        case "refused":
            reason = plain_text(str(event.get("reason")))
            found.refused.append(LeftOut(f"{event.get('module')}@{event.get('version')}", reason))
            shown.tell(f"{found.refused[-1].version} is refused: {reason}")
        case "failed":
            raise ClientError(plain_text(str(event.get("reason"))))
        case "done":
            found.imported, found.same = _count(event, "imported"), _count(event, "same")
            return True
    return False


def _count(event: dict[str, object], name: str) -> int:
    value = event.get(name)
    return value if isinstance(value, int) else 0
