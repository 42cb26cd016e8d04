"""Why a request's credential is not accepted. Pure."""

NOT_ACCEPTED = "the credential is not accepted"
"""What a client is told of most bad credentials. It says neither whether a user exists nor what was wrong."""


class BadCredential(Exception):
    """A credential proves nothing. `reason` is for the log and the audit, `told` is for the client."""

    def __init__(self, reason: str, told: str = NOT_ACCEPTED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.told = told


class TooManyFailures(Exception):
    """An address has given too many bad passwords. `retry_after` is in seconds, at least 1."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many bad passwords from this address: ask again in {retry_after} s")
        self.retry_after = retry_after
