"""Conditional headers as aiohttp reads them, and responses that need no socket."""

import pytest
from aiohttp.test_utils import make_mocked_request

from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.decide.head import Conditions, Head
from modproxy.server.send import conditions_of, error_response, small_response


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Conditions()),
        ({"If-Range": '"tag"'}, Conditions()),
        ({"If-None-Match": '"a", W/"b"'}, Conditions(("a", "b"))),
        ({"If-None-Match": "*"}, Conditions(("*",))),
        ({"If-None-Match": "no tag"}, Conditions()),
        ({"Range": "bytes=0-9", "If-Range": '"tag"'}, Conditions(if_range='"tag"', span=slice(0, 10, 1))),
        ({"Range": "bytes=-5"}, Conditions(span=slice(-5, None, 1))),
        ({"Range": "bytes=9-0"}, Conditions()),
        ({"Range": "bytes=0-1,3-4"}, Conditions()),
        ({"Range": "lines=0-9"}, Conditions()),
    ],
)
def test_conditions(headers: dict[str, str], expected: Conditions) -> None:
    assert conditions_of(make_mocked_request("GET", "/", headers=headers)) == expected


def test_an_error_is_not_to_be_cached() -> None:
    response = error_response(ErrorAnswer(503, "busy\n", {"Retry-After": "7"}), "id")
    assert (response.status, response.text) == (503, "busy\n")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Retry-After"] == "7"
    assert response.content_type == "text/plain"


def test_a_body_that_the_client_has_is_not_sent() -> None:
    assert small_response(Head(200, {"ETag": '"t"'}, range(3), 3), b"abc").body == b"abc"
    assert small_response(Head(304, {"ETag": '"t"'}, range(0), None), b"abc").body is None
