"""Asks an OpenID provider for tokens: by the device flow for people, by client credentials for CI jobs."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from goproxy_operator.login.device_flow import LoginError, Prompt, Then, after, next_interval, read_prompt, told
from goproxy_operator.login.token_file import StoredToken

_MOST_BYTES = 64 * 1024
"""Bytes of one answer: tokens and metadata have a few KiB."""
_SECONDS = 20.0
"""For one question."""
_DEFAULT_LIFE = 300.0
"""Seconds of a token whose life the issuer does not tell (RFC 6749, section 5.1: it is recommended to)."""
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Unreachable(LoginError):
    """The issuer did not answer."""


class IssuerClient:
    """Asks one issuer. Use `begin` first. `session` follows the proxy variables of the environment."""

    def __init__(self, session: aiohttp.ClientSession, issuer: str) -> None:
        self._session = session
        self._issuer = issuer
        self._metadata: Mapping[str, object] = {}

    async def begin(self) -> None:
        """Fetch the issuer's metadata (OpenID Connect Discovery 1.0, section 4). Raises `LoginError`."""
        parts = urlsplit(self._issuer)
        if parts.scheme != "https" and parts.hostname not in _THIS_MACHINE:
            raise LoginError(f"{self._issuer} is not https: whoever listens on the way would have the tokens")
        status, metadata = await self._ask(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if status != 200 or metadata.get("issuer") != self._issuer:
            raise LoginError(f"{self._issuer} has no metadata of that issuer: spell it as iss of its tokens does")
        self._metadata = metadata

    async def device(self, wanted: StoredToken, show: Callable[[Prompt], None]) -> Mapping[str, object]:
        """Let a person log in with a browser. Returns the answer with the tokens. Raises `LoginError`."""
        form = {"client_id": wanted.client, "scope": wanted.scope, **_for_whom(wanted)}
        _, answer = await self._ask(self._endpoint("device_authorization_endpoint"), form)
        prompt = read_prompt(answer)
        show(prompt)
        interval, until = prompt.interval, time.monotonic() + prompt.expires_in
        while time.monotonic() < until:
            await asyncio.sleep(interval)
            form = {"grant_type": _DEVICE_GRANT, "device_code": prompt.device_code, "client_id": wanted.client}
            form |= _for_whom(wanted)
            try:
                status, answer = await self._ask(self._endpoint("token_endpoint"), form)
            except Unreachable:
                then = Then.SLOWER  # section 3.5: a connection that is lost is no end of the login
            else:
                then = after(status, answer)
            if then is Then.DONE:
                return answer
            interval = next_interval(interval, then)
        raise LoginError("the code was not entered in time: log in again")

    async def renew(self, token: StoredToken) -> StoredToken:
        """Return a newer token, by the refresh token or the client's secret. Raises `LoginError`."""
        if token.refresh is not None:
            form = {"grant_type": "refresh_token", "refresh_token": token.refresh, "client_id": token.client}
        elif token.secret_file is not None:
            form = {"grant_type": "client_credentials", "client_id": token.client, "client_secret": _secret(token)}
            form |= {"scope": token.scope} if token.scope else {}
        else:
            raise LoginError("the token has expired, and there is no refresh token: log in again")
        status, answer = await self._ask(self._endpoint("token_endpoint"), form | _for_whom(token))
        if status >= 500:
            raise LoginError(f"the issuer has an outage (it answers {status}): try again later")
        if status != 200:
            raise LoginError(told(answer.get("error", f"HTTP status {status}"), answer))
        return taken(token, answer, time.time())

    def _endpoint(self, name: str) -> str:
        url = self._metadata.get(name)
        if not isinstance(url, str):
            raise LoginError(f"the issuer has no {name}: ask its keepers, or log in as a client with a secret")
        if urlsplit(url).scheme != "https" and urlsplit(self._issuer).scheme == "https":
            raise LoginError(f"the issuer's {name} is not https")
        return url

    async def _ask(self, url: str, form: Mapping[str, str] | None = None) -> tuple[int, Mapping[str, object]]:
        try:
            timeout = aiohttp.ClientTimeout(total=_SECONDS)
            method = "GET" if form is None else "POST"
            async with self._session.request(
                method, url, data=form, timeout=timeout, allow_redirects=False, headers={"Accept": "application/json"}
            ) as answer:
                body = await answer.content.readexactly(_MOST_BYTES)
                raise LoginError(f"the issuer answers more than {len(body)} bytes")
        except asyncio.IncompleteReadError as e:
            try:
                found = json.loads(e.partial)
            except ValueError:
                found = None
            return answer.status, found if isinstance(found, dict) else {}
        except (aiohttp.ClientError, OSError, ValueError) as e:
            raise Unreachable(f"{urlsplit(url).hostname} cannot be reached: {_cause(e)}") from None


def taken(token: StoredToken, answer: Mapping[str, object], now: float) -> StoredToken:
    """Return a token with what an issuer has answered. `now` is in seconds since the epoch. Raises `LoginError`.

    Fleets verify JSON Web Tokens: where the access token is none, the ID token is taken.
    """
    access, identity = answer.get("access_token"), answer.get("id_token")
    chosen = identity if isinstance(identity, str) and not _is_jwt(access) else access
    if not isinstance(chosen, str) or not _is_jwt(chosen):
        raise LoginError("the issuer gives no JSON Web Token, which the fleet needs: ask its keepers")
    life, refresh = answer.get("expires_in"), answer.get("refresh_token")
    seconds = float(life) if isinstance(life, int | float) and life > 0 else _DEFAULT_LIFE
    return StoredToken(
        token.fleet,
        token.issuer,
        token.client,
        chosen,
        now + seconds,
        refresh if isinstance(refresh, str) else token.refresh,
        token.secret_file,
        token.scope,
        token.audience,
        token.resource,
    )


def _for_whom(token: StoredToken) -> dict[str, str]:
    """Return the fields of a form that say for whom the token is."""
    fields = {"audience": token.audience, "resource": token.resource}
    return {name: value for name, value in fields.items() if value}


def _cause(error: Exception) -> str:
    """Return why a connection failed, in words. The words of the library show paths and addresses of the machine."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known here; look at the network, and at HTTPS_PROXY"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "its certificate is not trusted; SSL_CERT_FILE can name another authority"
    if isinstance(error, TimeoutError):
        return f"no answer within {_SECONDS:.0f} s"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.strerror or "no connection"
    return f"the connection broke ({type(error).__name__})"


def _is_jwt(text: object) -> bool:
    return isinstance(text, str) and text.count(".") == 2


def _secret(token: StoredToken) -> str:
    try:
        return Path(token.secret_file or "").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise LoginError(f"the client's secret cannot be read from {token.secret_file}") from None
