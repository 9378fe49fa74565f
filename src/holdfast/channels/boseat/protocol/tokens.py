"""OAuth2 client credentials. No I/O.

https://docs.boseat.com/getting-started/authentication
"""

from datetime import datetime
from urllib.parse import urlencode

from pydantic import ValidationError

from holdfast.channel import ChannelError, Limited, NotSent, Unauthorised
from holdfast.channels.boseat.protocol.failures import retry_after
from holdfast.channels.boseat.wire import Token
from holdfast.exchange import Reply, Request

NOT_THERE = (404, 405, 410)
"""Answers of a server that gives no tokens at this address; wrong credentials get 400 or 401."""


def token_request(token_url: str, client_id: str, client_secret: str, scope: str) -> Request:
    """Ask for a token; Boseat has no refresh tokens, the grant is simply repeated."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
        "scope": scope,
    }
    return Request(
        operation="token",
        method="POST",
        url=token_url,
        budget="none",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )


def read_token(reply: Reply, now: datetime) -> Token:
    """The token. Raises Unauthorised, Limited, or NotSent for what may pass by itself.

    NotSent even for an unreadable answer: the call that needs the token has not been made.
    """
    if not 200 <= reply.status < 300:
        raise _refusal(reply, now)
    try:
        return Token.model_validate_json(reply.body)
    except ValidationError:
        # The validation error would quote the answer, which holds a token.
        raise NotSent("token: the answer cannot be read", status=reply.status) from None


def _refusal(reply: Reply, now: datetime) -> ChannelError:
    text, status = f"token: answer {reply.status}", reply.status
    if status == 429:
        wait = retry_after(reply.headers.get("retry-after"), now)
        return Limited(text, retry_after=wait, status=status)
    if status == 408 or status >= 500:
        return NotSent(text, status=status)
    if status in NOT_THERE or status < 400:
        text = f"{text}: is token_url right?"
    return Unauthorised(text, status=status)
