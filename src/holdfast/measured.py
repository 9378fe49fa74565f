"""Counts and times every call to a channel."""

from time import perf_counter

from holdfast.exchange import BudgetSpent, Reply, Request, Transport, TransportError
from holdfast.metrics import Metrics


class MeasuredTransport:
    """Sends, and says how it went in metrics."""

    def __init__(self, inner: Transport, metrics: Metrics, channel: str) -> None:
        self._inner = inner
        self._metrics = metrics
        self._channel = channel

    async def send(self, request: Request) -> Reply:
        """See `Transport.send`."""
        began = perf_counter()
        try:
            reply = await self._inner.send(request)
        except BudgetSpent:
            self._count(request, "held_back")
            raise
        except TransportError as error:
            self._count(request, "unknown" if error.sent else "not_sent")
            raise
        self._count(request, _outcome(reply.status))
        self._metrics.channel_request_duration.of(
            channel=self._channel, operation=request.operation
        ).observe(perf_counter() - began)
        return reply

    def _count(self, request: Request, outcome: str) -> None:
        self._metrics.channel_requests.of(
            channel=self._channel, operation=request.operation, outcome=outcome
        ).inc()


def _outcome(status: int) -> str:
    if status < 400:
        return "ok"
    named = {401: "unauthorised", 403: "unauthorised", 404: "gone", 409: "taken", 429: "limited"}
    return named.get(status, "unknown" if status >= 500 else "rejected")
