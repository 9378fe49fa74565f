"""What breaks before there is a connection at all: no such name, no trust, no handshake. Then nothing was sent."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import trustme
from tests.test_transport import (
    METHODS,
    Act,
    Server,
    failure,
    hangs_up,
    request,
    resets,
    says,
    transport,
)

HERE = "127.0.0.1"
NO_NAME = (aiohttp.ClientConnectorDNSError, aiohttp.ServerTimeoutError)
"""Where no resolver answers either, the time to connect runs out."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """aiohttp reads the machine's authorities once, when it is imported: this one comes afterwards."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", context)


@asynccontextmanager
async def secured(authority: trustme.CA, name: str) -> AsyncIterator[Server]:
    """A provider with a certificate for this name, at 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    server = Server([says(b"{}")])
    listening = await asyncio.start_server(server.serve, HERE, 0, ssl=context)
    try:
        server.url = f"https://{HERE}:{listening.sockets[0].getsockname()[1]}"
        yield server
    finally:
        server.stop()
        listening.close()
        await listening.wait_closed()


@pytest.mark.parametrize("method", METHODS)
async def test_a_name_that_there_is_not_was_sent_nothing(method: str) -> None:
    wanted = next(one for one in METHODS if one == method)
    async with transport() as sender:
        error = await failure(sender, request("http://nobody.invalid/", wanted))
    assert isinstance(error.__cause__, NO_NAME), repr(error.__cause__)
    assert (error.sent, error.status) == (False, None)


@pytest.mark.usefixtures("trusted")
async def test_who_is_trusted_and_named_rightly_is_sent_to(authority: trustme.CA) -> None:
    """Or the tests below would show nothing."""
    async with secured(authority, HERE) as server, transport() as sender:
        assert (await sender.send(request(server.url, "POST"))).status == 200
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", METHODS)
async def test_who_is_not_trusted_was_sent_nothing(authority: trustme.CA, method: str) -> None:
    wanted = next(one for one in METHODS if one == method)
    async with secured(authority, HERE) as server, transport() as sender:
        error = await failure(sender, request(server.url, wanted))
    assert isinstance(error.__cause__, aiohttp.ClientConnectorCertificateError)
    assert (error.sent, error.status, server.requests) == (False, None, [])


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("method", METHODS)
async def test_who_has_somebody_elses_certificate_was_sent_nothing(
    authority: trustme.CA, method: str
) -> None:
    wanted = next(one for one in METHODS if one == method)
    async with secured(authority, "somebody.else.example") as server, transport() as sender:
        error = await failure(sender, request(server.url, wanted))
    assert isinstance(error.__cause__, aiohttp.ClientConnectorCertificateError)
    assert (error.sent, error.status, server.requests) == (False, None, [])


@pytest.mark.parametrize("read", [1, 100], ids=["at the first byte", "within the hello"])
@pytest.mark.parametrize("cut", [hangs_up, resets], ids=["hung up", "reset"])
@pytest.mark.parametrize("method", METHODS)
async def test_who_cuts_the_handshake_was_sent_nothing(method: str, cut: Act, read: int) -> None:
    wanted = next(one for one in METHODS if one == method)
    tried = 0

    async def cuts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tried
        tried += 1
        await reader.readexactly(read)
        await cut(writer)

    listening = await asyncio.start_server(cuts, HERE, 0)
    async with listening, transport() as sender:
        port = listening.sockets[0].getsockname()[1]
        error = await failure(sender, request(f"https://{HERE}:{port}", wanted))
    assert isinstance(error.__cause__, aiohttp.ClientConnectionError), repr(error.__cause__)
    assert (error.sent, error.status, tried) == (False, None, 1)
