"""The table of what aiohttp raises: for each way in which a call breaks, whether the server may have acted on it."""

import asyncio
from dataclasses import dataclass

import aiohttp
import pytest
from tests.patience import HANGS
from tests.test_transport import (
    METHODS,
    Act,
    a_port_where_nobody_listens,
    failure,
    hangs_up,
    request,
    resets,
    says_nothing,
    serving,
    then,
    transport,
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """`scheme` and `act` make the call break; aiohttp raises one of `raised`."""

    name: str
    act: Act
    raised: tuple[type[Exception], ...]
    sent: bool
    scheme: str = "http"


def writes(text: bytes) -> Act:
    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()

    return act


TIME_OUTS = (aiohttp.ServerTimeoutError, TimeoutError)
TABLE = [
    Row(
        name="hangs up before a word",
        act=hangs_up,
        raised=(aiohttp.ServerDisconnectedError,),
        sent=True,
    ),
    Row(
        name="resets before a word",
        act=resets,
        raised=(aiohttp.ClientOSError,),
        sent=True,
    ),
    Row(
        name="hangs up within the status line",
        act=then(writes(b"HTTP/1.1 20"), hangs_up),
        raised=(aiohttp.ServerDisconnectedError, aiohttp.ClientResponseError),
        sent=True,
    ),
    Row(
        name="hangs up within the headers",
        act=then(writes(b"HTTP/1.1 200 OK\r\nContent-"), hangs_up),
        raised=(aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError),
        sent=True,
    ),
    Row(
        name="answers what is no HTTP",
        act=writes(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
        raised=(aiohttp.ClientResponseError,),
        sent=True,
    ),
    Row(name="says nothing", act=says_nothing, raised=TIME_OUTS, sent=True),
    Row(
        name="stops within the status line",
        act=then(writes(b"HTTP/1.1 20"), says_nothing),
        raised=TIME_OUTS,
        sent=True,
    ),
    Row(
        name="never shakes hands for TLS",
        act=says_nothing,
        raised=TIME_OUTS,
        sent=False,
        scheme="https",
    ),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_how_a_call_broke_says_whether_it_was_sent_and_it_is_sent_once(
    row: Row, method: str
) -> None:
    wanted = next(one for one in METHODS if one == method)
    async with serving(row.act) as server, transport(seconds=0.4) as sender:
        url = server.url.replace("http:", f"{row.scheme}:")
        error = await failure(sender, request(url, wanted))
    assert isinstance(error.__cause__, row.raised), repr(error.__cause__)
    assert (error.sent, error.status) == (row.sent, None)
    assert len(server.requests) == int(row.sent)


async def test_a_server_that_speaks_no_tls_was_sent_nothing() -> None:
    async def answers_in_the_clear(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(answers_in_the_clear, "127.0.0.1", 0)
    async with listening, transport() as sender:
        port = listening.sockets[0].getsockname()[1]
        error = await failure(sender, request(f"https://127.0.0.1:{port}", "POST"))
    assert isinstance(
        error.__cause__, aiohttp.ClientConnectorError | aiohttp.ClientConnectorSSLError
    )
    assert error.sent is False


async def test_who_refuses_to_connect_is_not_taken_for_one_who_reset() -> None:
    """`ClientConnectorError` is a `ClientOSError`, too: not the class decides, but whether it was sent."""
    async with transport() as sender:
        url = f"http://127.0.0.1:{a_port_where_nobody_listens()}"
        error = await failure(sender, request(url, "PUT"))
    assert isinstance(error.__cause__, aiohttp.ClientOSError)
    assert error.sent is False


@pytest.mark.parametrize("method", METHODS)
async def test_a_call_that_is_cut_off_from_our_side_is_no_failure_and_is_sent_once(
    method: str,
) -> None:
    """A worker that is told to stop: the push stays in flight, and its lapsed lease makes it unknown."""
    wanted = next(one for one in METHODS if one == method)
    async with serving(says_nothing) as server, transport() as sender:
        call = asyncio.create_task(sender.send(request(server.url, wanted)))
        async with asyncio.timeout(HANGS):
            await server.heard.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert len(server.requests) == 1
