"""The workspace's access token: one request at a time, renewed before it expires."""

import asyncio
from datetime import timedelta

from pydantic import SecretStr

from holdfast.channel import NotSent
from holdfast.channels.boseat.protocol.failures import unanswered
from holdfast.channels.boseat.protocol.tokens import read_token, token_request
from holdfast.channels.boseat.sealing import Grant, Held, Seal
from holdfast.clock import Clock
from holdfast.exchange import Transport, TransportError
from holdfast.kind import SharedToken

USUAL_SECONDS = 300.0
"""How long a token is used whose lifetime is not told."""
LONGEST_SECONDS = 86400.0
"""No token is used for longer, whatever its lifetime is said to be."""
MARGIN_SECONDS = 60.0
"""A token is renewed this long before its end, or a fifth of its life before if that is shorter."""


class Credentials:
    """Hands out the access token; callers at the same time share one request for it, and processes one token."""

    def __init__(
        self, grant: Grant, transport: Transport, clock: Clock, shared: SharedToken | None = None
    ) -> None:
        self._grant = grant
        self._transport = transport
        self._clock = clock
        self._shared = shared
        self._seal = Seal(grant)
        self._held: Held | None = None
        self._asking: asyncio.Task[SecretStr] | None = None

    async def token(self, refused: SecretStr | None = None) -> SecretStr:
        """A token that should be accepted, and is not the one that was refused.

        Raises NotSent, Limited or Unauthorised.
        """
        if (held := self._held) and self._is_good(held, refused):
            return held.token
        if self._asking is None:
            self._asking = asyncio.create_task(self._renew(refused))
            self._asking.add_done_callback(self._asked)
        # Shielded: a caller that gives up must not take the token away from the others.
        return await asyncio.shield(self._asking)

    def _is_good(self, held: Held, refused: SecretStr | None) -> bool:
        return self._clock.now() < held.renew_at and held.token != refused

    def _asked(self, task: "asyncio.Task[SecretStr]") -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # seen by every caller that still waits; nobody else needs to hear of it

    async def _renew(self, refused: SecretStr | None) -> SecretStr:
        """What another process was granted meanwhile is used as well: a request would end it at some providers."""
        if self._shared is None:
            held = await self._ask()
        else:
            async with self._shared.turn() as keep:
                found = self._seal.open(await self._shared.kept())
                if found is not None and self._is_good(found, refused):
                    held = found
                else:
                    held = await self._ask()
                    await keep(self._seal.close(held))
        self._held = held
        return held.token

    async def _ask(self) -> Held:
        grant, began = self._grant, self._clock.now()
        request = token_request(
            grant.token_url,
            grant.client_id.get_secret_value(),
            grant.client_secret.get_secret_value(),
            grant.scope,
        )
        try:
            reply = await self._transport.send(request)
        except TransportError as error:
            # Whatever became of the token request, the call it was for has not been made.
            failure = unanswered(request, error, began)
            raise NotSent(str(failure), status=error.status) from error
        granted = read_token(reply, self._clock.now())
        told = USUAL_SECONDS if granted.expires_in is None else granted.expires_in
        seconds = min(max(told, 0.0), LONGEST_SECONDS)
        margin = min(MARGIN_SECONDS, seconds / 5)
        return Held(SecretStr(granted.access_token), began + timedelta(seconds=seconds - margin))
