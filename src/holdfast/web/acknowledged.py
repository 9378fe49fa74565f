"""The answer to a webhook that is stored: always the same, so it is not composed anew for each of them."""

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time

from holdfast.web.guard import HEADERS, HTTPS_HEADERS, dress
from holdfast.web.identity import is_https

BODY, CONTENT_TYPE = b"{}", "application/json"


class _Ready(web.StreamResponse):
    """One for all requests: it keeps nothing of any, and leaves the connection open."""

    keep_alive = True

    def __init__(self, *, https: bool) -> None:
        super().__init__()
        self.headers.update(HTTPS_HEADERS if https else HEADERS)
        self.headers[hdrs.CACHE_CONTROL] = "no-store"
        self.headers[hdrs.CONTENT_TYPE] = CONTENT_TYPE
        self.headers[hdrs.CONTENT_LENGTH] = str(len(BODY))
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        self._head = f"HTTP/1.1 200 OK\r\n{lines}Date: "

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """All of it at once. Raises ConnectionResetError where nobody is there any more."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("whoever asked has gone")
        head = f"{self._head}{rfc822_formatted_time()}\r\n\r\n"
        transport.write(head.encode() + BODY)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """It is written."""


_PLAIN, _HTTPS = _Ready(https=False), _Ready(https=True)


def acknowledged(request: web.BaseRequest) -> web.StreamResponse:
    """200 and an empty object, with all our headers."""
    if _takes_more(request):
        return _HTTPS if is_https(request) else _PLAIN
    answer = web.Response(body=BODY, content_type=CONTENT_TYPE)
    dress(request, answer)
    return answer


def _takes_more(request: web.BaseRequest) -> bool:
    """Nothing about the connection is out of the ordinary, and it has read all that was sent to it."""
    return (
        request.version == HttpVersion11
        and request.keep_alive
        and request.transport is not None
        and request.transport.get_write_buffer_size() == 0
    )
