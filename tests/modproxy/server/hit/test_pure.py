"""The small pure parts: request lines, what comes again, the shelf, and the bytes of a head."""

import pytest

from modproxy.cache.answer import Answer, CacheStatus
from modproxy.server.hit.repeated import Repeated
from modproxy.server.hit.request_line import request_line
from modproxy.server.hit.shelf import Shelf
from modproxy.server.hit.wire import date_of, template_of
from tests.modproxy.making import target

MOD, ZIP, LIST = "example.com/m/@v/v1.0.0.mod", "example.com/m/@v/v1.0.0.zip", "example.com/m/@v/list"


@pytest.mark.parametrize("path", ["/a", "/go/example.com/!m/@v/v1.0.0+incompatible.zip", "/%21a/@v/list", "/a" * 150])
def test_plain_paths(path: str) -> None:
    assert request_line(path) == f"GET {path} HTTP/1.1".encode()


@pytest.mark.parametrize(
    "path",
    ["", "/", "a", "*", "http://x/a", "/a?b", "/a#b", "/a b", "/a\r\n", "/a\n", "/\xe9", "/\udcff", "/a\0", "/a" * 151],
)  # fmt: skip
def test_other_paths(path: str) -> None:
    assert request_line(path) is None


def test_what_comes_again() -> None:
    repeated = Repeated(2)
    assert [repeated.again(thing) for thing in (b"a", b"b", b"a", b"c", b"b", b"a")] == [
        False, False, True, False, True, False,
    ]  # fmt: skip


class Thing:
    def __init__(self, *, used: bool = False) -> None:
        self.used = used


def test_the_unused_goes_first() -> None:
    shelf: Shelf[Thing] = Shelf(most=2)
    used, unused, new = Thing(used=True), Thing(), Thing(used=True)
    assert shelf.put("used", used) == []
    assert shelf.put("unused", unused) == []
    assert shelf.put("new", new) == [unused]
    assert shelf.get("used") is used
    assert shelf.get("unused") is None
    assert not used.used
    assert shelf.pop("used") is used
    assert shelf.pop("used") is None
    assert shelf.unused() == []
    assert shelf.unused() == [new]
    assert shelf.clear() == [new]
    assert len(shelf) == 0


def test_costs_are_bounded() -> None:
    shelf: Shelf[Thing] = Shelf(most_cost=10)
    things = [Thing(used=True) for _ in range(50)]
    gone = [dropped for number, thing in enumerate(things) for dropped in shelf.put(str(number), thing, 3)]
    assert len(shelf) == 3
    assert gone == things[:47]
    large = Thing()
    assert large in shelf.put("large", large, 11), "what is too large is not held"
    shelf.clear()
    assert shelf.put("a", Thing(), 10) == []
    shelf.pop("a")
    assert shelf.put("b", Thing(), 10) == []


def test_the_head_of_a_small_file() -> None:
    template = template_of(target(MOD), Answer(CacheStatus.HIT, 20, body=b"x" * 20, etag="tag"))
    assert template.head(0, 0) == (
        b"\r\nServer: modproxy\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Cache-Control: public, max-age=31536000, immutable\r\nCache-Status: modproxy; hit\r\n"
        b'ETag: "tag"\r\nContent-Length: 20\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n'
    )
    assert b"\r\nCache-Status: modproxy; hit\r\nAge: 61\r\nETag:" in template.head(61, 0)
    other = template_of(target(MOD), Answer(CacheStatus.HIT, 0, body=b""))
    assert other.before is template.before, "thousands of hits share it"
    assert b"Content-Length: 0\r\n" in other.head(0, 0)
    assert b"ETag" not in other.head(0, 0)


def test_the_heads_of_others() -> None:
    assert b"\r\nAccept-Ranges: bytes\r\n" in template_of(target(ZIP), Answer(CacheStatus.HIT, 1)).head(0, 0)
    head = template_of(target(LIST), Answer(CacheStatus.HIT, 1, body=b"x")).head(2, 1_800_000_000)
    assert b"max-age=60\r\n" in head
    assert b"\r\nDate: Fri, 15 Jan 2027 08:00:00 GMT\r\n\r\n" in head
    assert date_of(1_800_000_000) == b"Fri, 15 Jan 2027 08:00:00 GMT"
