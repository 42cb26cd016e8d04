"""Runs dex, an OpenID provider, on this machine, at an address that only the cluster's pods reach."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.e2e.waiting import until
from tests.kubernetes import programs

CLIENT, OTHER_CLIENT = "goproxy", "another-service"  # the audiences of tokens
TOKENS_FOR = 30  # seconds
KEYS_FOR = 61
"""Seconds. dex looks each 30 s whether it is time, so keys change each 90 s. A replica fetches keys because of an
unknown one at most once a minute."""
_SECRET = "of-the-client"
_REDIRECT = "http://127.0.0.1:1/done"


class Dex:
    """While the context is open, dex runs. A start anew begins with a new key, and the old one is gone."""

    def __init__(self, address: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind((address, 0))
            self._listen = f"{address}:{free.getsockname()[1]}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def issuer(self) -> str:
        """What iss of its tokens says."""
        return f"http://{self._listen}"

    def login(self, user: str, *groups: str) -> dict[str, str]:
        """Return what a pod needs to get tokens of a user, as environment variables; see tenant_load.py."""
        return {
            "ISSUER": self.issuer,
            "CLIENT": CLIENT,
            "CLIENT_SECRET": _SECRET,
            "REDIRECT": _REDIRECT,
            "LOGIN_USER": user,
            "LOGIN_GROUPS": ",".join(groups),
        }

    def token(self, user: str, *groups: str, client: str = CLIENT) -> str:
        """Return an ID token of a user, by the authorization code flow."""
        query = {
            "client_id": client,
            "redirect_uri": _REDIRECT,
            "response_type": "code",
            "scope": "openid email groups",
            "state": "s",
        }
        url = f"{self.issuer}/auth/proxy?{urllib.parse.urlencode(query)}"
        while not url.startswith(_REDIRECT):
            url = urllib.parse.urljoin(url, _redirect(url, {"X-Remote-User": user, "X-Remote-Group": ",".join(groups)}))
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": _REDIRECT,
            "client_id": client,
            "client_secret": _SECRET,
        }
        with urllib.request.urlopen(
            f"{self.issuer}/token", urllib.parse.urlencode(form).encode(), timeout=20
        ) as answer:
            token: str = json.load(answer)["id_token"]
        return token

    def start(self) -> None:
        """Start it and wait until it answers."""
        config = self._folder / "dex.json"
        config.write_text(
            json.dumps(
                {
                    "Issuer": self.issuer,
                    "Listen": self._listen,
                    "TokensFor": TOKENS_FOR,
                    "KeysFor": KEYS_FOR,
                    "Clients": [CLIENT, OTHER_CLIENT],
                    "Secret": _SECRET,
                    "RedirectURI": _REDIRECT,
                }
            )
        )
        with (self._folder / "dex.log").open("ab") as log:
            self._process = subprocess.Popen([programs.dex(), config], stdin=subprocess.DEVNULL, stderr=log)
        until(self._answers, "dex answers", seconds=20, every=0.1)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _answers(self) -> bool:
        assert self._process is not None and self._process.poll() is None, (self._folder / "dex.log").read_text()
        try:
            with urllib.request.urlopen(f"{self.issuer}/keys", timeout=5) as answer:
                return bool(json.load(answer)["keys"])
        except OSError:
            return False


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing: the last hop leads to a client that there is not."""


def _redirect(url: str, headers: dict[str, str]) -> str:
    try:
        urllib.request.build_opener(_Stay).open(urllib.request.Request(url, headers=headers), timeout=20)
    except urllib.error.HTTPError as answer:
        if location := answer.headers["Location"]:
            return location
        raise
    raise AssertionError(f"no redirect at {url}")
