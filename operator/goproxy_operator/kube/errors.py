"""What a call to the API server may end with instead of an answer. Pure."""

from http import HTTPStatus

_TEMPORARY = (
    HTTPStatus.UNAUTHORIZED,  # the credentials are read anew
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
)


class ApiError(Exception):
    """A call that the API server refused: with HTTP's `status`, and the API server's own words as `message`.

    `retry_after` is the number of seconds for which the API server asks to be left alone.
    """

    def __init__(self, status: int, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after

    @property
    def is_temporary(self) -> bool:
        """Say whether another try may help, because the API server has trouble and the call is right."""
        return self.status in _TEMPORARY or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class NotFoundError(ApiError):
    """The object does not exist."""


class ConflictError(ApiError):
    """Somebody else was faster, or owns a field."""


class GoneError(ApiError):
    """The resourceVersion is too old to continue from."""


class NamespaceEndingError(ApiError):
    """The namespace is being deleted: nothing can be made in it, now or later."""


class UnreachableError(Exception):
    """The API server gave no answer, or an answer that makes no sense."""


def error_of(status: int, message: str, causes: list[str], retry_after: float) -> ApiError:
    """Return the error that a refusal stands for; `causes` are the reasons that its details name."""
    kinds: dict[int, type[ApiError]] = {404: NotFoundError, 409: ConflictError, 410: GoneError}
    kind = NamespaceEndingError if "NamespaceTerminating" in causes else kinds.get(status, ApiError)
    return kind(status, message, retry_after)
