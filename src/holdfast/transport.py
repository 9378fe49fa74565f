"""One request on an injected session: time-outs, size limit, bytes out, and whether it was sent."""

import asyncio
from types import SimpleNamespace

import aiohttp

from holdfast.exchange import Reply, Request, TransportError


class HttpTransport:
    """The real one, on a session made by `open_session`."""

    def __init__(self, session: aiohttp.ClientSession, *, max_bytes: int = 8 * 2**20) -> None:
        self._session = session
        self._max_bytes = max_bytes

    async def send(self, request: Request) -> Reply:
        """Send it once; redirects are not followed. Raises TransportError."""
        if self._session.closed:  # its account was changed meanwhile
            raise TransportError(f"{request.operation}: its session is closed", sent=False)
        sent = SimpleNamespace(yes=False)
        try:
            return await self._exchange(request, sent)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # ValueError: an address or a header that cannot be written
            reason = type(error).__name__
            raise TransportError(f"{request.operation}: {reason}", sent=sent.yes) from error

    async def _exchange(self, request: Request, sent: SimpleNamespace) -> Reply:
        async with self._session.request(
            request.method,
            request.url,
            params=list(request.query) or None,
            data=request.body,
            headers=dict(request.headers),
            allow_redirects=False,
            trace_request_ctx=sent,
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            try:
                body = await self._read(response)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                reason = f"{request.operation}: answer {response.status} broke off"
                raise TransportError(reason, sent=True, status=response.status) from error
            return Reply(status=response.status, headers=headers, body=body)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(2**16):
            body += chunk
            if len(body) > self._max_bytes:
                raise aiohttp.ClientPayloadError("answer too large")
        return bytes(body)


async def _mark_sent(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    # A total time-out raises the same bare TimeoutError before and after sending; only this tells which.
    context.trace_request_ctx.yes = True


def open_session(*, connections: int, total_seconds: float = 10.0) -> aiohttp.ClientSession:
    """A session for one provider that never sends anything twice by itself."""
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_mark_sent)
    connecting = max(2.0, total_seconds / 5)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections),
        timeout=aiohttp.ClientTimeout(
            total=total_seconds,
            connect=connecting,
            sock_connect=connecting,
            sock_read=min(8.0, total_seconds),
        ),
        trace_configs=[trace],
        auto_decompress=True,
        cookie_jar=aiohttp.DummyCookieJar(loop=asyncio.get_running_loop()),
    )
    # aiohttp resends PUT and DELETE once after a reset and has no public switch for it
    # (https://github.com/aio-libs/aiohttp/issues/10790); tests/test_transport.py counts the requests.
    session._retry_connection = False
    return session
