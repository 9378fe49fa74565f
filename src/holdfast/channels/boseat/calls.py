"""One call to Boseat's API: address, token, renewals of a refused token, and the failure class."""

from dataclasses import replace
from random import Random

from pydantic import SecretStr

from holdfast.channels.boseat.credentials import Credentials
from holdfast.channels.boseat.protocol.failures import refusal, unanswered
from holdfast.clock import Clock
from holdfast.exchange import Reply, Request, Transport, TransportError

PAUSES = (0.0, 0.5, 2.0)
"""Seconds at most, at random, before a refused call is sent again with another token: another client of the same
credentials may have ended ours, and we its."""


class Caller:
    """Sends what the protocol modules build."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        transport: Transport,
        clock: Clock,
        random: Random,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._credentials = credentials
        self._transport = transport
        self._clock = clock
        self._random = random

    async def send(self, request: Request) -> Reply:
        """The reply of a call that succeeded. Raises the ChannelError of its class for any other.

        A redirect of a PATCH counts as success: Boseat may answer so to name a payment page (U6).
        """
        token = await self._credentials.token()
        reply = await self._once(request, token)
        for seconds in PAUSES:
            if reply.status != 401:
                break
            # A 401 says that nothing was done, so sending again is safe even for a write.
            if seconds:
                await self._clock.sleep(seconds * self._random.uniform(0.2, 1.0))
            token = await self._credentials.token(refused=token)
            reply = await self._once(request, token)
        if not _succeeded(request, reply):
            raise refusal(request, reply, self._clock.now())
        return reply

    async def _once(self, request: Request, token: SecretStr) -> Reply:
        bearer = {"Authorization": f"Bearer {token.get_secret_value()}"}
        addressed = replace(
            request, url=self._base_url + request.url, headers={**request.headers, **bearer}
        )
        try:
            return await self._transport.send(addressed)
        except TransportError as error:
            raise unanswered(request, error, self._clock.now()) from error


def _succeeded(request: Request, reply: Reply) -> bool:
    payment = request.method == "PATCH" and "location" in reply.headers
    return 200 <= reply.status < (400 if payment else 300)
