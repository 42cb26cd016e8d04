"""Runs in a pod: a user of an OpenID provider asks a fleet over and over, always with a token that is new.

The arguments are the URL of the fleet, the file with its authority, and paths. The environment says who logs in where,
see dex.py. Each second a line says how it goes, and which keys the tokens were signed with. Each answer but 200 is a
failure.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import ssl
import sys
import time
from dataclasses import asdict, dataclass, field
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp

CLIENTS = 6
FRESH = 2.0  # seconds for which a token is used


@dataclass
class Said:
    """How it goes; a line each second."""

    asked: int = 0
    failures: list[str] = field(default_factory=list)
    kids: list[str] = field(default_factory=list)


async def main(url: str, authority: str, paths: list[str]) -> None:
    """Ask until killed."""
    context = ssl.create_default_context(cafile=authority)
    said = Said()
    time_out = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context), timeout=time_out) as session:
        for _ in range(CLIENTS):
            asyncio.create_task(_ask(session, url, paths, said)).add_done_callback(lambda done: done.result())
        while True:
            await asyncio.sleep(1)
            sys.stdout.write(json.dumps(asdict(said)) + "\n")
            sys.stdout.flush()


async def _ask(session: aiohttp.ClientSession, url: str, paths: list[str], said: Said) -> None:
    token, until = "", 0.0
    for path in itertools.cycle(paths):
        if time.monotonic() > until:
            token, until = await _token(session), time.monotonic() + FRESH
            kid = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))["kid"]
            if kid not in said.kids:
                said.kids.append(kid)
        async with session.get(f"{url}/{path}", headers={"Authorization": f"Bearer {token}"}) as answer:
            body = await answer.read()
            if answer.status != 200 and len(said.failures) < 20:
                said.failures.append(f"{path}: {answer.status} {body[:300]!r}")
        said.asked += 1
        await asyncio.sleep(0.02)


async def _token(session: aiohttp.ClientSession) -> str:
    settings = os.environ
    issuer, redirect = settings["ISSUER"], settings["REDIRECT"]
    user = {"X-Remote-User": settings["LOGIN_USER"], "X-Remote-Group": settings["LOGIN_GROUPS"]}
    query = {
        "client_id": settings["CLIENT"],
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": "openid email groups",
        "state": "s",
    }
    url, sent = f"{issuer}/auth/proxy", query
    while not url.startswith(redirect):
        async with session.get(url, params=sent, headers=user, allow_redirects=False) as answer:
            url, sent = urljoin(str(answer.url), answer.headers["Location"]), {}
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(url).query)["code"][0],
        "redirect_uri": redirect,
        "client_id": settings["CLIENT"],
        "client_secret": settings["CLIENT_SECRET"],
    }
    async with session.post(f"{issuer}/token", data=form) as answer:
        token: str = (await answer.json())["id_token"]
        return token


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
