"""The choice of the source: a private name reaches neither an upstream nor a checksum database."""

import pytest

from modproxy.mod.pattern import parse_pattern
from modproxy.source.absent import Absent
from modproxy.source.protocol import NotFound
from modproxy.source.router import Router
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import FakeSource, read

PRIVATE = [parse_pattern("corp.example.com")]
UNVERIFIED = [parse_pattern("corp.example.com"), parse_pattern("quiet.example.com")]
SUMDB = "sumdb/sum.example.com"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("example.com/m/@v/list", "upstreams"),
        ("quiet.example.com/m/@v/list", "upstreams"),
        ("corp.example.com/m/@v/list", "version control"),
        ("corp.example.com/m/@latest", "version control"),
        (f"{SUMDB}/lookup/example.com/m@v1.0.0", "database"),
        (f"{SUMDB}/tile/8/0/000", "database"),
        (f"{SUMDB}/latest", "database"),
        (f"{SUMDB}/lookup/corp.example.com/m@v1.0.0", None),
        (f"{SUMDB}/lookup/quiet.example.com/m@v1.0.0", None),
    ],
)
async def test_routes(path: str, expected: str | None) -> None:
    upstreams, version_control, database = (
        FakeSource({path: name.encode()}) for name in ("upstreams", "version control", "database")
    )
    sources = {"upstreams": upstreams, "version control": version_control, "database": database}
    router = Router(upstreams, version_control, database, PRIVATE, UNVERIFIED)
    if expected is None:
        with pytest.raises(NotFound, match="is private here"):
            await read(router, request(path))
    else:
        assert await read(router, request(path)) == expected.encode()
    assert [name for name, source in sources.items() if source.requests] == ([expected] if expected else [])


async def test_a_source_that_has_nothing_says_why() -> None:
    with pytest.raises(NotFound, match=r"example\.com/m list: because") as caught:
        await read(Absent("because"), request("example.com/m/@v/list"))
    assert caught.value.status == 404
