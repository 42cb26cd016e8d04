"""What a client does with the answers of the device flow (RFC 8628). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_DEFAULT_INTERVAL = 5.0
"""Seconds between two questions where the server names none (RFC 8628, section 3.2)."""
_SLOW_DOWN = 5.0
"""Seconds that are added at each `slow_down` (RFC 8628, section 3.5)."""

_MOST_SHOWN = 200
"""Characters of the issuer's own words."""
_ERRORS = {
    "access_denied": "the login was refused in the browser",
    "expired_token": "the code was not entered in time: log in again",
    "invalid_client": "the issuer does not take the client: look at --client-id, and at the client's secret",
    "unauthorized_client": "the issuer does not let this client log in so: ask its keepers",
    "invalid_scope": "the issuer does not know the scope: give another --scope",
    "invalid_target": "the issuer does not know the --audience or the --resource",
    "invalid_grant": "the login is not good any more: log in again",
    "unsupported_grant_type": "the issuer does not offer this way to log in: ask its keepers",
}


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
    if (error := answer.get("error")) is not None:
        raise LoginError(told(error, answer))
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
    raise LoginError(f"the issuer answers {status} without a token" if error is None else told(error, answer))


def told(error: object, answer: Mapping[str, object]) -> str:
    """Return what an error of the issuer means (RFC 6749, section 5.2; RFC 8628, section 3.5; RFC 8707, section 2)."""
    words = _ERRORS.get(str(error)[:_MOST_SHOWN], "the issuer gives no token")
    said = answer.get("error_description", error)
    shown = str(said)[:_MOST_SHOWN]
    return f"{words} (it says: {shown})" if shown.isprintable() else words


def next_interval(interval: float, then: Then) -> float:
    """Return how many seconds to wait before the next question."""
    return interval + _SLOW_DOWN if then is Then.SLOWER else interval


def _seconds(value: object, otherwise: float) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 86400
    return float(value) if good and isinstance(value, int | float) else otherwise
