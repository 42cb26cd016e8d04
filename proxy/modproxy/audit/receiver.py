"""The receiver of the audit log: a server with Elasticsearch's bulk API, and the words for what goes wrong with it."""

import asyncio
import gzip
from base64 import b64encode
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

import aiohttp

from modproxy.audit.bulk import FILTER, BulkAnswerError, Document, Outcome, body, error_type, read_answer
from modproxy.contract.config import ElasticsearchConfig
from modproxy.contract.mounted import read_secret_key
from modproxy.contract.secret_keys import API_KEY, PASSWORD, USERNAME
from modproxy.quoting import quoted
from modproxy.source.way_out.failure_words import failure_words
from modproxy.source.way_out.outbound import Outbound
from modproxy.source.way_out.wallet import CredentialError

_SECONDS = 30.0
"""How long one request may take. A receiver that needs longer gets smaller ones."""
_ANSWER_BYTES = 8 << 20
"""The most that is read of an answer: some thousand bytes for each document."""
_LONGEST_REASON = 160
_GZIP_LEVEL = 1
"""Records are much alike: this makes them eight times smaller, and a higher level makes them little smaller still."""


class ReceiverError(Exception):
    """The receiver took nothing. The message goes on from its URL, and has no figure that moves."""

    def __init__(self, message: str, said: str = "") -> None:
        super().__init__(message)
        self.said = said
        """The receiver's own words, for the log."""


class TooLargeError(ReceiverError):
    """The receiver does not take a request of this size."""


class Receiver:
    """Sends documents as one config says. Secrets are folders below `folder`, and are read for each request."""

    def __init__(
        self, config: ElasticsearchConfig, outbound: Outbound, folder: Path, session: aiohttp.ClientSession
    ) -> None:
        self.url = config.url.rstrip("/")
        self._config = config
        self._outbound = outbound
        self._folder = folder
        self._session = session

    async def send(self, documents: Sequence[Document]) -> Outcome:
        """Send documents in one request. Raises `ReceiverError`."""
        url = f"{self.url}/{self._config.index}/_bulk?filter_path={FILTER}"
        data = await asyncio.to_thread(lambda: gzip.compress(body(documents), _GZIP_LEVEL))
        try:
            options = await self._outbound.options(url)
            options["headers"] |= await asyncio.to_thread(self._login)
            options["headers"] |= {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
            async with (
                asyncio.timeout(_SECONDS),
                self._session.post(url, data=data, allow_redirects=False, **options) as response,
            ):
                raw = await _read(response)
                status = response.status
        except CredentialError as e:
            raise ReceiverError(f"is not asked: {e}") from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as e:
            raise ReceiverError(failure_words(e)) from None
        if status != HTTPStatus.OK:
            raise self._refusal(status, raw)
        try:
            return read_answer(raw, documents)
        except BulkAnswerError as e:
            raise ReceiverError(str(e)) from None

    def _login(self) -> dict[str, str]:
        """Return the header that proves who we are. Blocks; raises `CredentialError`."""
        name = self._config.secret_name
        if name is None:
            return {}
        folder = self._folder / name
        try:
            if (folder / API_KEY).exists():
                return {"Authorization": f"ApiKey {_one_line(read_secret_key(folder, API_KEY))}"}
            login = f"{read_secret_key(folder, USERNAME)}:{read_secret_key(folder, PASSWORD)}"
        except (OSError, UnicodeDecodeError):
            raise CredentialError(
                f"Secret {name} for audit.elasticsearch cannot be read: it needs apiKey, or username and password"
            ) from None
        except ValueError:
            raise CredentialError(
                f"Secret {name}: apiKey is no line of printable ASCII: write the encoded key"
            ) from None
        return {"Authorization": f"Basic {b64encode(login.encode()).decode('ascii')}"}

    def _refusal(self, status: int, raw: bytes) -> ReceiverError:
        said = quoted(raw.decode("utf-8", "replace"), _LONGEST_REASON) if raw else ""
        kind = f" ({name})" if (name := error_type(raw)) else ""
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return TooLargeError(f"answers {status} to one record{kind}", said)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return ReceiverError(
                f"refuses the login with {status}: its account needs the right to create documents in "
                f"{self._config.index} (audit.elasticsearch.secretName)"
            )
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            return ReceiverError(f"is busy: it answers {status}")
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return ReceiverError(f"redirects with {status}, which is not followed: name the URL that it leads to")
        return ReceiverError(f"answers {status}{kind}", said)


def _one_line(key: str) -> str:
    """Return a key that a header can carry. Raises `ValueError`."""
    if not key or not key.isascii() or not key.isprintable():
        raise ValueError("no key")
    return key


async def _read(response: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for piece in response.content.iter_any():
        raw += piece
        if len(raw) > _ANSWER_BYTES:
            break
    return bytes(raw)
