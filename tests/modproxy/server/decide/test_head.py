"""The status and the headers of a response: a table of the cases of RFC 9110."""

from dataclasses import replace

import pytest

from modproxy.cache.answer import Answer, CacheStatus
from modproxy.server.decide.head import Conditions, head_of
from modproxy.store.protocol import StoredFile
from tests.modproxy.making import target

LIST, MOD, ZIP = "example.com/m/@v/list", "example.com/m/@v/v1.0.0.mod", "example.com/m/@v/v1.0.0.zip"
SMALL = Answer(CacheStatus.HIT, 5, body=b"12345", etag="tag")
FILE = Answer(CacheStatus.HIT, 100, stored=StoredFile(ZIP, 100, 0.0, "tag", dirhash="h1:x"), etag="tag")


@pytest.mark.parametrize(
    ("path", "content_type", "control"),
    [
        ("example.com/m/@v/v1.0.0.info", "application/json", "public, max-age=31536000, immutable"),
        (MOD, "text/plain; charset=utf-8", "public, max-age=31536000, immutable"),
        (ZIP, "application/zip", "public, max-age=31536000, immutable"),
        (LIST, "text/plain; charset=utf-8", "public, max-age=60"),
        ("example.com/m/@latest", "application/json", "public, max-age=60"),
        ("example.com/m/@v/main.info", "application/json", "public, max-age=60"),
        ("sumdb/sum.example.com/latest", "text/plain; charset=utf-8", "public, max-age=60"),
        ("sumdb/sum.example.com/tile/8/0/001", "application/octet-stream", "public, max-age=31536000, immutable"),
    ],
)
def test_types_and_lives(path: str, content_type: str, control: str) -> None:
    headers = head_of(target(path), SMALL, Conditions(), "id").headers
    assert (headers["Content-Type"], headers["Cache-Control"]) == (content_type, control)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (CacheStatus.HIT, "modproxy; hit"),
        (CacheStatus.STALE, "modproxy; hit; detail=stale"),
        (CacheStatus.MISS, "modproxy; fwd=miss; stored"),
    ],
)
def test_how_it_came_about(status: CacheStatus, said: str) -> None:
    head = head_of(target(LIST), Answer(status, 1, body=b"x", etag="t", age=61.9), Conditions(), "id")
    assert (head.headers["Cache-Status"], head.headers["Age"]) == (said, "61")
    assert "Age" not in head_of(target(LIST), Answer(status, 1, body=b"x", age=0.9), Conditions(), "id").headers


@pytest.mark.parametrize("answer", [SMALL, FILE])
@pytest.mark.parametrize(
    ("tags", "status"),
    [((), 200), (("tag",), 304), (("other", "tag"), 304), (("*",), 304), (("other",), 200), (("", "ta"), 200)],
)
def test_what_the_client_has_already(answer: Answer, tags: tuple[str, ...], status: int) -> None:
    head = head_of(target(ZIP), answer, Conditions(tags), "id")
    assert (head.status, head.headers["ETag"]) == (status, '"tag"')
    assert (head.length is None) is (status == 304)
    assert len(head.span) == (0 if status == 304 else answer.size)


@pytest.mark.parametrize(
    ("span", "if_range", "status", "content_range", "length"),
    [
        (None, None, 200, None, 100),
        (slice(0, 10), None, 206, "bytes 0-9/100", 10),
        (slice(90, None), None, 206, "bytes 90-99/100", 10),
        (slice(90, 500), None, 206, "bytes 90-99/100", 10),
        (slice(-5, None), None, 206, "bytes 95-99/100", 5),
        (slice(0, None), None, 200, None, 100),
        (slice(-500, None), None, 200, None, 100),
        (slice(100, 200), None, 416, "bytes */100", 0),
        (slice(0, 10), '"tag"', 206, "bytes 0-9/100", 10),
        (slice(0, 10), '"other"', 200, None, 100),
        (slice(0, 10), "Sat, 01 Jan 2000 00:00:00 GMT", 200, None, 100),
        (None, '"tag"', 200, None, 100),
    ],
)
def test_ranges_of_a_file(
    span: slice | None, if_range: str | None, status: int, content_range: str | None, length: int
) -> None:
    for answer in (FILE, replace(FILE, body=bytes(100))):  # a zip that was just fetched may be in memory
        head = head_of(target(ZIP), answer, Conditions(if_range=if_range, span=span), "id")
        assert (head.status, head.headers.get("Content-Range"), head.length) == (status, content_range, length)
        assert len(head.span) == length
        assert head.headers["Accept-Ranges"] == "bytes"


def test_what_has_no_tag_always_comes_whole() -> None:
    untold = Answer(CacheStatus.HIT, 100, stored=StoredFile(ZIP, 100, 0.0, None))
    head = head_of(target(ZIP), untold, Conditions(("tag",), '"tag"', slice(0, 10)), "id")
    assert (head.status, len(head.span), "ETag" in head.headers) == (200, 100, False)


def test_small_answers_have_no_ranges() -> None:
    head = head_of(target(MOD), SMALL, Conditions(span=slice(0, 2)), "id")
    assert (head.status, len(head.span), "Accept-Ranges" in head.headers) == (200, 5, False)


def test_an_empty_list_is_whole() -> None:
    head = head_of(target(LIST), Answer(CacheStatus.HIT, 0, body=b"", etag="t"), Conditions(), "id")
    assert (head.status, head.length) == (200, 0)
