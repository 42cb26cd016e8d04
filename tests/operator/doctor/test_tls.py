"""Each fault of TLS is made for real, with the chain that the server shows."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.kubernetes.certificates import LIFETIME, Authority, KeyPair
from tests.operator.doctor.machine import MODULE, Machine, alarms, answering, looks, serving

WELL = answering("200 OK", "module example.com/m\n")


def server_tls(folder: Path, *, hosts: list[str]) -> tuple[ssl.SSLContext, Authority]:
    authority = Authority(folder, "authority")
    pair = authority.issue("server", "server", hosts=hosts)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    return context, authority


async def test_a_certificate_of_an_unknown_authority(machine: Machine) -> None:
    context, authority = server_tls(machine.folder, hosts=["127.0.0.1"])
    async with serving(WELL, context) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE)
        assert (status, alarms(told)) == (1, ["certificate-authority"])
        assert "not trusted here: its issuer is CN=authority" in told["verdict"]
        status, told = await machine.doctor(MODULE, "--ca-file", str(authority.file))
        assert (status, looks(told)) == (0, [])
        hop = told["hops"][0]
        assert hop["tlsVersion"] == "TLSv1.3"
        assert hop["certificate"]["names"] == ["127.0.0.1"]


async def test_a_certificate_of_another_name(machine: Machine) -> None:
    context, authority = server_tls(machine.folder, hosts=["goproxy.example.com"])
    async with serving(answering("200 OK"), context) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE, "--ca-file", str(authority.file))
    assert (status, alarms(told)) == (1, ["certificate-name"])
    assert "it is for goproxy.example.com" in told["verdict"]


async def test_a_certificate_that_has_expired(machine: Machine) -> None:
    authority = Authority(machine.folder, "authority")
    pair = authority.issue("server", "server", hosts=["127.0.0.1"], age=datetime.timedelta(days=3))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    async with serving(answering("200 OK"), context) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE, "--ca-file", str(authority.file))
    assert (status, alarms(told)) == (1, ["certificate-expired"])
    assert "it is for 20" in told["verdict"]


async def test_no_tls_at_all(machine: Machine) -> None:
    async with serving(answering("200 OK")) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["tls"])


def tls_of(*pairs: KeyPair) -> ssl.SSLContext:
    """Serve the first pair, with the certificates of the others behind it."""
    chain = pairs[0].certificate.with_suffix(".chain")
    chain.write_bytes(b"".join(one.certificate.read_bytes() for one in pairs))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, pairs[0].key)
    return context


async def test_a_self_signed_certificate(machine: Machine) -> None:
    authority = Authority(machine.folder, "lonely")
    context = tls_of(KeyPair(authority.file, authority.key_file()))
    async with serving(WELL, context) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE)
    assert (status, alarms(told)) == (1, ["certificate-authority"])
    assert "it is self-signed" in told["verdict"]


async def test_the_whole_chain_is_shown(machine: Machine) -> None:
    root = Authority(machine.folder, "root")
    middle = Authority(machine.folder, "middle", parent=root)
    leaf = middle.issue("server", "server", hosts=["127.0.0.1"])
    async with serving(WELL, tls_of(leaf, KeyPair(middle.file, leaf.key))) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE)
        assert (status, alarms(told)) == (1, ["certificate-authority"])
        assert "its issuer is CN=middle, and the chain that it sends ends at CN=root" in told["verdict"]
        shown = told["hops"][0]["chain"]
        assert [(one["subject"], one["issuer"]) for one in shown] == [
            ("CN=server", "CN=middle"),
            ("CN=middle", "CN=root"),
        ]
        status, told = await machine.doctor(MODULE, "--ca-file", str(root.file))
        assert (status, looks(told)) == (0, [])
        text = await machine.text(MODULE)
        assert "1. CN=server for 127.0.0.1, by CN=middle, 20" in text
        assert "2. CN=middle, by CN=root, 20" in text
    async with serving(WELL, tls_of(leaf)) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE, "--ca-file", str(root.file))
        assert (status, alarms(told)) == (1, ["certificate-authority"])
        assert "the server sends no certificate but its own" in told["verdict"]
        assert "send the whole chain" in told["first"]


async def test_a_certificate_whose_renewal_is_late(machine: Machine) -> None:
    authority = Authority(machine.folder, "authority")
    pair = authority.issue("server", "server", hosts=["127.0.0.1"], age=LIFETIME * 0.9)
    async with serving(WELL, tls_of(pair)) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE, "--ca-file", str(authority.file))
    assert (status, looks(told)) == (0, ["certificate-ends"])


@contextmanager
def refusing(context: ssl.SSLContext) -> Iterator[int]:
    """Serve one handshake after the other, and send the alert of each that fails: asyncio's servers send none."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                connection.settimeout(10)
                told = connection.dup()
                with suppress(OSError), context.wrap_socket(connection, server_side=True):
                    pass
                with suppress(OSError), told:
                    told.shutdown(socket.SHUT_WR)
                    while told.recv(1 << 16):
                        pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


async def test_a_server_that_shows_its_default_certificate(machine: Machine) -> None:
    authority = Authority(machine.folder, "authority")
    default = tls_of(authority.issue("default", "default", hosts=["ingress.example.com"]))
    other = tls_of(authority.issue("other", "other", hosts=["goproxy.example.com"]))

    def choose(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: object) -> None:
        if name == "goproxy.example.com":
            connection.context = other

    default.set_servername_callback(choose)
    async with serving(WELL, default) as port:
        machine.use(f"https://localhost:{port}")
        status, told = await machine.doctor(MODULE, "--ca-file", str(authority.file))
    assert (status, alarms(told)) == (1, ["certificate-name"])
    assert "it is for ingress.example.com, and go asks for localhost" in told["verdict"]


async def test_a_server_that_refuses_a_name_that_it_does_not_know(machine: Machine) -> None:
    context, authority = server_tls(machine.folder, hosts=["localhost"])
    context.set_servername_callback(lambda *_: ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)
    with refusing(context) as port:
        machine.use(f"https://localhost:{port}")
        status, told = await machine.doctor(MODULE, "--ca-file", str(authority.file))
    assert (status, alarms(told)) == (1, ["server-name"])
    assert "knows no host localhost (SNI)" in told["verdict"]
    assert told["hops"][0]["serverName"] == "localhost"


@pytest.mark.parametrize(
    ("version", "code"), [(ssl.TLSVersion.TLSv1_2, "tls"), (ssl.TLSVersion.TLSv1_3, "client-certificate")]
)
async def test_a_server_that_wants_a_certificate_of_the_client(
    version: ssl.TLSVersion, code: str, machine: Machine
) -> None:
    context, authority = server_tls(machine.folder, hosts=["127.0.0.1"])
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    context.load_verify_locations(authority.file)
    with refusing(context) as port:
        machine.use(f"https://127.0.0.1:{port}")
        status, told = await machine.doctor(MODULE, "--ca-file", str(authority.file))
    assert (status, alarms(told)) == (1, [code])
    assert "certificate of the client" in told["verdict"] + told["first"], "with TLS 1.2 it may be something else"
