"""The sockets of the config: how they are opened, taken over, refused with the field and the reason, and drained."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp import web

from modproxy.contract.address import Address
from modproxy.server.listener import ClientListener, ListenError, address_of, open_listener


def test_an_address_is_opened_once() -> None:
    with open_listener("127.0.0.1:0", "listen") as listener:
        address = address_of(listener)
        assert address.host == "127.0.0.1"
        with pytest.raises(ListenError, match=f"admin: cannot listen on {address}: Address already in use"):
            open_listener(str(address), "admin")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fd:4000", "listen: fd:4000: no socket was handed down"),
        ("192.0.2.1:80", "listen: cannot listen on 192.0.2.1:80"),
        ("nobody.invalid:80", "listen: cannot listen on nobody.invalid:80"),
    ],
)
def test_what_cannot_be_opened(text: str, said: str) -> None:
    with pytest.raises(ListenError, match=said):
        open_listener(text, "listen")


def test_a_socket_is_taken_over() -> None:
    handed = socket.create_server(("127.0.0.1", 0))
    with open_listener(f"fd:{handed.detach()}", "listen") as listener:
        assert isinstance(address_of(listener), Address)


async def test_who_asked_has_an_answer_before_the_end() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(_: web.BaseRequest) -> web.StreamResponse:
        begun.set()
        await go_on.wait()
        return web.Response(text="whole")

    sock = open_listener("127.0.0.1:0", "listen")
    address = address_of(sock)
    listener = ClientListener(sock, handle, None)
    await listener.drain(1)  # a listener that never started has nothing to end
    await listener.start()
    assert listener.scheme == "http"
    async with aiohttp.ClientSession() as session:

        async def ask() -> str:
            async with session.get(f"http://{address}/") as answer:
                return await answer.text()

        asked = asyncio.create_task(ask())
        await begun.wait()
        ending = asyncio.create_task(listener.drain(10))
        await asyncio.sleep(0.5)
        assert not ending.done()
        go_on.set()
        assert await asked == "whole"
        await ending
        with pytest.raises(aiohttp.ClientConnectorError):
            await ask()
