"""Each answer names its request, whichever way it came about."""

import re
from uuid import UUID

import pytest

from tests.modproxy.server.hit.two_ways import TwoWays, get

PATHS = ("example.com/!mixed/@v/v1.0.0.info", "example.com/!mixed/@v/v1.0.0.zip", "example.com/!mixed/@v/list")
_ID = re.compile(rb"\r\nX-Request-Id: ([^\r]+)\r\n")


def id_of(answer: bytes) -> str:
    found = _ID.findall(answer.partition(b"\r\n\r\n")[0] + b"\r\n")
    assert len(found) == 1, answer
    return str(found[0], "ascii")


async def test_each_answer_has_an_id_of_its_own(two_ways: TwoWays) -> None:
    await two_ways.hold(*PATHS)
    asked = (*PATHS, "example.com/!mixed/@v/v9.9.9.info", "x/y", "example.com/!mixed/@v/v1.0.0.mod", "")
    ids = [
        id_of(await two_ways.ask(port, get(path)))
        for port in (two_ways.quick, two_ways.plain)
        for path in asked
        for _ in range(3)
    ]
    assert len(set(ids)) == len(ids)
    assert all(UUID(one).version == 8 for one in ids)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("a-1._Z", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("a;b", False), ("", False), ("é", False)],
)
async def test_a_well_formed_id_of_the_client_is_kept(two_ways: TwoWays, sent: str, kept: bool) -> None:
    await two_ways.hold(*PATHS)
    for port in (two_ways.quick, two_ways.plain):
        for path in PATHS:
            for _ in range(3):
                answered = id_of(await two_ways.ask(port, get(path, f"X-Request-Id: {sent}")))
                assert (answered == sent) is kept


async def test_the_id_goes_upstream(two_ways: TwoWays) -> None:
    await two_ways.ask(two_ways.plain, get("example.com/other/@v/list", "X-Request-Id: from-ci"))
    sent = [{name.lower(): value for name, value in headers.items()} for headers in two_ways._upstream.headers]
    assert [headers["x-request-id"] for headers in sent] == ["from-ci"]
