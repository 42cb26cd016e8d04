"""What a client does with the answers of the device flow (RFC 8628). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_DEFAULT_INTERVAL = 5.0
"""Seconds between two questions where the server names none (RFC 8628, section 3.2)."""
_SLOW_DOWN = 5.0
"""Seconds that are added at each `slow_down` (RFC 8628, section 3.5)."""


class LoginError(Exception):
    """The login has failed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person is told, and how the server is then asked."""

    device_code: str = field(repr=False)
    user_code: str
    address: str
    """Where the code is entered."""
    whole_address: str | None
    """The same with the code in it."""
    expires_in: float
    interval: float


class Then(StrEnum):
    """What comes after a question about the token."""

    DONE = "done"
    WAIT = "wait"
    SLOWER = "slower"


def read_prompt(answer: Mapping[str, object]) -> Prompt:
    """Read the answer to a device authorization request (section 3.2). Raises `LoginError`."""
    code, user, address = (answer.get(name) for name in ("device_code", "user_code", "verification_uri"))
    if not (isinstance(code, str) and isinstance(user, str) and isinstance(address, str)):
        raise LoginError("the issuer does not offer the device flow as RFC 8628 has it: ask its keepers")
    if not (user + address).isprintable() or not address.startswith(("https://", "http://")):
        raise LoginError("the issuer's answer cannot be shown")
    whole = answer.get("verification_uri_complete")
    return Prompt(
        code,
        user,
        address,
        whole if isinstance(whole, str) and whole.isprintable() else None,
        _seconds(answer.get("expires_in"), 600.0),
        _seconds(answer.get("interval"), _DEFAULT_INTERVAL),
    )


def after(status: int, answer: Mapping[str, object]) -> Then:
    """Say what comes after an answer of the token endpoint (section 3.5). Raises `LoginError` when it is over."""
    error = answer.get("error")
    if status == 200 and isinstance(answer.get("access_token"), str):
        return Then.DONE
    if error == "authorization_pending":
        return Then.WAIT
    if error == "slow_down":
        return Then.SLOWER
    words = {
        "access_denied": "the login was refused in the browser",
        "expired_token": "the code was not entered in time: log in again",
    }
    raise LoginError(words.get(str(error), f"the issuer answers {status} without a token"))


def next_interval(interval: float, then: Then) -> float:
    """Return how many seconds to wait before the next question."""
    return interval + _SLOW_DOWN if then is Then.SLOWER else interval


def _seconds(value: object, otherwise: float) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 86400
    return float(value) if good and isinstance(value, int | float) else otherwise
