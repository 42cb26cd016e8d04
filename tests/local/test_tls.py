"""A fleet of this machine over HTTPS, with the certificate from the file."""

from __future__ import annotations

import ssl
import textwrap
from pathlib import Path

import aiohttp

from goproxy_operator.local.fleet_file import missing, parse_fleet_file
from tests.kubernetes.certificates import Authority, KeyPair
from tests.local.local_fleet import LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream

TLS = "  expose: {tls: {secretName: edge}}\n"
KEY = "example.com/m/@v/v1.0.0.info"


def secret(pair: KeyPair) -> str:
    keys = {"tls.crt": pair.certificate, "tls.key": pair.key}
    data = "".join(f"  {key}: |\n{textwrap.indent(path.read_text(), '    ')}" for key, path in keys.items())
    return f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: edge}}\ntype: kubernetes.io/tls\nstringData:\n{data}"


async def status(url: str, authority: Authority) -> int:
    context = ssl.create_default_context(cafile=str(authority.file))
    async with aiohttp.ClientSession() as session, session.get(f"{url}/{KEY}", ssl=context) as answer:
        return answer.status


async def test_the_file_has_the_certificate(upstream: FakeUpstream, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    pairs = [authority.issue(f"server-{number}", "server", hosts=["127.0.0.1"]) for number in range(2)]
    text = document(upstream.url, TLS, replicas=2)
    async with LocalFleet(tmp_path, text) as fleet:
        url = await fleet.url()
        assert url.startswith("https://127.0.0.1:")
        await fleet.line("spec.expose.tls: Secret edge is not in the file: nobody is served; add the Secret")
        await fleet.line("team-a-0: keeps the config it had: tls: Secret edge is missing")
        since = fleet.rewrite(text + secret(pairs[0]))
        for replica in ("team-a-0", "team-a-1"):
            await fleet.line(f"{replica}: ready", since=since)
        assert await status(url, authority) == 200
        since = fleet.rewrite(text + secret(pairs[1]))
        await fleet.line("Secret edge: what begins from now on uses the new one", since=since)
        for replica in ("team-a-0", "team-a-1"):
            await fleet.line(rf"{replica} \| .*the certificate of Secret edge is shown", since=since)
        assert await status(url, authority) == 200


async def test_switching_it_on_and_off_starts_the_replicas_anew(upstream: FakeUpstream, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    pair = authority.issue("server", "server", hosts=["127.0.0.1"])
    plain = document(upstream.url)
    async with LocalFleet(tmp_path, plain) as fleet:
        url = await fleet.url()
        await fleet.line("team-a-0: ready")
        since = fleet.rewrite(document(upstream.url, TLS) + secret(pair))
        await fleet.line(f"export GOPROXY={url.replace('http:', 'https:')}$", since=since)
        await fleet.line("team-a-0: ready", since=since)
        assert await status(url.replace("http:", "https:"), authority) == 200
        since = fleet.rewrite(plain)
        await fleet.line(f"export GOPROXY={url}$", since=since)
        await fleet.line("team-a-0: ready", since=since)
        assert (await fleet.get(KEY))[0] == 200
        assert not any("died" in line for line in fleet.lines)


def test_what_is_missing_is_told_by_what_needs_it() -> None:
    fleet = "apiVersion: goproxy-operator.dev/v1alpha1\nkind: GoProxy\nmetadata: {name: team-a}\n"
    both = "spec: {expose: {tls: {secretName: edge}}, upstream: {trustedCASecretName: ca}}\n"
    assert missing(parse_fleet_file(fleet + both)) == (
        "spec.upstream: Secret ca is not in the file: what needs it is answered with an error; add the Secret; "
        "spec.expose.tls: Secret edge is not in the file: nobody is served; add the Secret"
    )
