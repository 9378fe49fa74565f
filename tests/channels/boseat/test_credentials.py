"""Tokens: one request for all who need one, renewed before they expire and once after a refusal."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.patience import HANGS

from holdfast.channel import ChannelError, Limited, NotSent, Unauthorised
from holdfast.channels.boseat import KIND
from holdfast.channels.boseat.settings import BoseatAccount, BoseatListing
from holdfast.secret import SecretMissing

from .desk import SALON, Desk, connection_of, hour, opened, ours


async def test_calls_at_the_same_time_share_one_token_request(desk: Desk) -> None:
    await asyncio.gather(*(desk.channel.fetch("b1", None) for _ in range(6)))
    assert desk.wire.count("token") == 1
    token = next(one for one in desk.wire.requests if one.operation == "token")
    assert (token.budget, token.method) == ("none", "POST")


@pytest.mark.parametrize(("life", "fresh", "stale"), [(3600, 3539, 2), (10, 7, 2)])
async def test_a_token_is_renewed_before_it_expires(life: int, fresh: int, stale: int) -> None:
    async with opened({"expires_in": str(life)}) as desk:
        await desk.channel.fetch("b1", None)
        desk.clock.advance(fresh)
        await desk.channel.fetch("b1", None)
        assert desk.wire.count("token") == 1
        desk.clock.advance(stale)
        await desk.channel.fetch("b1", None)
        assert desk.wire.count("token") == 2
        assert all(reply.status != 401 for reply in desk.wire.replies)


async def test_a_revoked_token_is_renewed_once_and_even_a_hold_goes_through(desk: Desk) -> None:
    await desk.channel.fetch("b1", None)
    await desk.control("POST", "boseat/tokens/revoke")
    await desk.channel.hold(SALON, hour(4), ours("b1"))
    assert (desk.wire.count("token"), desk.wire.count("hold")) == (2, 2)
    assert len(await desk.taken(1)) == 1


async def test_calls_that_are_refused_together_share_the_renewal(desk: Desk) -> None:
    await desk.channel.fetch("b1", None)
    await desk.control("POST", "boseat/tokens/revoke")
    await asyncio.gather(*(desk.channel.fetch("b1", None) for _ in range(6)))
    assert desk.wire.count("token") == 2


async def test_a_token_that_is_refused_again_is_for_an_operator(desk: Desk) -> None:
    await desk.control("POST", "faults", {"path": "/v1/.*", "status": 401})
    call = asyncio.create_task(desk.channel.fetch("b1", None))
    async with asyncio.timeout(HANGS):
        while not call.done():
            desk.clock.advance(0.5)
            await asyncio.sleep(0.01)
    with pytest.raises(Unauthorised):
        await call
    assert (desk.wire.count("token"), desk.wire.count("fetch")) == (4, 4)


async def test_a_caller_who_gives_up_does_not_take_the_token_from_the_others(desk: Desk) -> None:
    first = asyncio.create_task(desk.channel.fetch("b1", None))
    second = asyncio.create_task(desk.channel.fetch("b1", None))
    await asyncio.sleep(0)  # both now wait for the token
    first.cancel()
    await second
    assert desk.wire.count("token") == 1


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ({"status": 503}, NotSent),
        ({"kind": "reset"}, NotSent),
        ({"kind": "html"}, NotSent),
        ({"status": 401}, Unauthorised),
        ({"status": 400}, Unauthorised),
        ({"status": 302, "headers": {"Location": "https://login.example"}}, Unauthorised),
        ({"status": 429, "headers": {"Retry-After": "8"}}, Limited),
    ],
)
async def test_without_a_token_nothing_was_done(
    desk: Desk, fault: Mapping[str, object], failure: type[ChannelError]
) -> None:
    await desk.control("POST", "faults", {"path": "/oauth/token", **fault})
    with pytest.raises(failure) as caught:
        await desk.channel.hold(SALON, hour(4), ours("b1"))
    assert (await desk.taken(1), "secret" in str(caught.value)) == ([], False)


async def test_a_scope_that_was_narrowed_is_for_an_operator_and_no_absence(desk: Desk) -> None:
    ref = await desk.guest(1, hour(4))
    await desk.control("PUT", "boseat/scope", {"scope": "org_read"})
    with pytest.raises(Unauthorised):
        await desk.channel.fetch(ref, None)


def account(**more: object) -> BoseatAccount:
    known = {
        "token_url": "https://auth.example/oauth/token",
        "client_id": {"env": "CLIENT_ID"},
        "client_secret": {"env": "CLIENT_SECRET"},
    }
    return BoseatAccount.model_validate(known | more)


def test_one_webhook_secret_or_a_list_of_them_may_be_configured() -> None:
    one, two = {"env": "A"}, {"file": "/run/secrets/b"}
    assert [str(ref) for ref in account(webhook_secret=one).webhook_secret] == ["$A"]
    assert len(account(webhook_secret=[one, two]).webhook_secret) == 2
    assert account().webhook_secret == ()
    assert str(account().base_url) == "https://api.boseat.com/"


@pytest.mark.parametrize("wrong", [{"token_url": "auth"}, {"poll_seconds": 60}, {"scope": 7}])
def test_a_mistake_in_the_configuration_is_told(wrong: Mapping[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        account(**wrong)
    with pytest.raises(ValueError, match="area_id"):
        BoseatListing.model_validate({"space_id": "s1", "product_id": "p1", "area_id": "x"})


async def test_a_secret_that_is_not_there_is_named_when_connecting(desk: Desk) -> None:
    connection = connection_of(desk.root, desk.wire, desk.clock, [SALON])
    with pytest.raises(SecretMissing, match="CLIENT_ID"):
        KIND.connect(replace(connection, environ={"WEBHOOK_SECRET": "x"}))
