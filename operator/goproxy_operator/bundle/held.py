"""The versions that a fleet holds, as it tells them."""

import json
from urllib.parse import quote

import aiohttp

from goproxy_operator.bundle.gathering import ToBundle
from goproxy_operator.client.failure import ClientError
from goproxy_operator.client.fleet_client import FleetClient, Refused
from modproxy.mod.bundle.manifest import MOST_FILES
from modproxy.mod.path import PathError, check_path
from modproxy.mod.strict_json import read_object
from modproxy.mod.version import VersionError, check_version

_LONGEST_LINE = 8 << 10


async def read_held(client: FleetClient, since: str = "") -> list[ToBundle]:
    """Return the versions that came into the fleet since a time (RFC 3339), or all. Raises `ClientError`."""
    found: list[ToBundle] = []
    query = f"since={quote(since, safe='')}" if since else ""
    try:
        async with client.request("GET", "-/held", query=query) as response:
            async for line in response.content:
                value = _object(line)
                if value.get("event") == "end":
                    return found
                if value.get("event") == "failed":
                    raise ClientError(f"{client.url} could not tell all that it holds: {value.get('reason')}")
                found.append(_version(value))
                if len(found) > MOST_FILES:
                    raise ClientError(f"{client.url} holds more than goes into one bundle: export it by --since")
    except Refused as e:
        if e.status_code == 404:
            raise ClientError(f"{client.url} does not tell what it holds: use --go-sum, or a newer fleet") from None
        raise
    except (aiohttp.ClientError, ValueError):
        pass
    raise ClientError(f"{client.url} broke off while it told what it holds: try again")


def _object(line: bytes) -> dict[str, object]:
    if len(line) > _LONGEST_LINE:
        raise ClientError("the fleet's answer has a line that is too long")
    try:
        return read_object(line)
    except (ValueError, json.JSONDecodeError):
        raise ClientError("the fleet's answer has a line that is no JSON: it broke off, or it is no fleet") from None


def _version(value: dict[str, object]) -> ToBundle:
    try:
        module = check_path(str(value.get("module")))
        version = check_version(module, str(value.get("version")))
    except (PathError, VersionError) as e:
        raise ClientError(f"the fleet's answer names no lawful version: {e}") from None
    hosted, published = value.get("hosted") is True, value.get("published")
    return ToBundle(
        module,
        version,
        value.get("whole") is not False,
        hosted=hosted,
        published=published if hosted and isinstance(published, str) else "",
    )
