"""Whether a version that is to be published exists elsewhere already, where it may have another content."""

from modproxy.cache.lookup import Cache
from modproxy.in_force import Rules
from modproxy.mod.path import ModulePath
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version
from modproxy.mod.vouching import CameFrom, came_from
from modproxy.request import Request
from modproxy.source.protocol import NotFound


async def is_elsewhere(cache: Cache, path: ModulePath, version: Version, rules: Rules) -> bool:
    """Say whether an upstream or a repository has a version. Raises `SourceError` where nobody can tell."""
    try:
        answer = await cache.get(Request(Target(path, version, Kind.INFO)), rules)
    except NotFound:
        return False
    answer.close()
    return came_from(answer.voucher) != CameFrom.HOSTED
