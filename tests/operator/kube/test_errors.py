"""Which error a refusal of the API server stands for, and whether another try may help."""

from __future__ import annotations

import pytest

from goproxy_operator.kube.errors import (
    ApiError,
    ConflictError,
    GoneError,
    NamespaceEndingError,
    NotFoundError,
    error_of,
)


@pytest.mark.parametrize(
    ("status", "causes", "kind", "is_temporary"),
    [
        (400, [], ApiError, False),
        (401, [], ApiError, True),
        (403, [], ApiError, False),
        (403, ["NamespaceTerminating"], NamespaceEndingError, False),
        (404, [], NotFoundError, False),
        (408, [], ApiError, True),
        (409, [], ConflictError, True),
        (410, [], GoneError, False),
        (422, ["FieldValueInvalid"], ApiError, False),
        (429, [], ApiError, True),
        (500, [], ApiError, True),
        (503, [], ApiError, True),
    ],
)
def test_what_a_refusal_is(status: int, causes: list[str], kind: type[ApiError], is_temporary: bool) -> None:
    error = error_of(status, "no", causes, 1.5)
    assert type(error) is kind
    assert (error.status, error.message, error.retry_after, error.is_temporary) == (status, "no", 1.5, is_temporary)
