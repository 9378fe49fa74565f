"""A webhook is believed only with a credential that is valid just now."""

import base64
from datetime import UTC, datetime

import pytest
from multidict import CIMultiDict
from pydantic import SecretStr

from holdfast.channel import Forged, Malformed
from holdfast.channels.mozrest.webhook import Proof, read_hints

from .rig import rigged

NOW = datetime(2027, 3, 15, 12, tzinfo=UTC)
TWO = [SecretStr("new-token"), SecretStr("old-token")]


def basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("proof", "header", "value"),
    [
        (Proof.bearer(TWO), "Authorization", "Bearer new-token"),
        (Proof.bearer(TWO), "authorization", "Bearer old-token"),
        (Proof.bearer(TWO), "AUTHORIZATION", "bearer  new-token "),
        (Proof.basic("moz", TWO), "Authorization", basic("moz:new-token")),
        (Proof.basic("moz", TWO), "Authorization", basic("moz:old-token")),
        (Proof.custom("X-Mozrest-Token", TWO), "x-mozrest-token", "old-token"),
    ],
)
def test_each_valid_credential_is_accepted(proof: Proof, header: str, value: str) -> None:
    proof.verify({"Content-Type": "application/json", header: value})


@pytest.mark.parametrize(
    ("proof", "header", "value"),
    [
        (Proof.bearer(TWO), "Authorization", "Bearer newer-token"),
        (Proof.bearer(TWO), "Authorization", "Bearer New-token"),
        (Proof.bearer(TWO), "Authorization", "Bearer"),
        (Proof.bearer(TWO), "Authorization", ""),
        (Proof.bearer(TWO), "Authorization", "new-token"),
        (Proof.bearer(TWO), "Authorization", basic("moz:new-token")),
        (Proof.bearer(TWO), "Authorization", "Bearer \udcff"),
        (Proof.bearer(TWO), "X-Token", "Bearer new-token"),
        (Proof.basic("moz", TWO), "Authorization", basic("other:new-token")),
        (Proof.basic("moz", TWO), "Authorization", basic("moz:wrong")),
        (Proof.custom("X-Mozrest-Token", TWO), "Authorization", "old-token"),
        (Proof.custom("X-Mozrest-Token", []), "X-Mozrest-Token", ""),
    ],
)
def test_any_other_credential_is_forged(proof: Proof, header: str, value: str) -> None:
    with pytest.raises(Forged) as refusal:
        proof.verify({header: value})
    assert not value or value not in str(refusal.value)


def test_a_credential_that_is_there_twice_is_none() -> None:
    twice = CIMultiDict([("Authorization", "Bearer wrong"), ("authorization", "Bearer new-token")])
    with pytest.raises(Forged):
        Proof.bearer(TWO).verify(twice)


def test_no_secret_shows_in_a_proof() -> None:
    assert "token" not in repr(Proof.bearer(TWO))


@pytest.mark.parametrize("body", [b"", b"<html>", b'"text"', b"null", b"{", b"\xff\xfe\x00"])
def test_a_body_that_is_no_event_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_hints(body)


def test_an_empty_array_asks_for_nothing() -> None:
    assert read_hints(b"[]") == []


BASIC = {"webhook_auth": "basic", "webhook_user": "moz", "webhook_password": {"env": "PASS"}}
HEADER = {"webhook_auth": "header", "webhook_header": "X-Token"}
ROTATING = {"webhook_token": [{"env": "TOKEN"}, {"env": "OLD"}]}


@pytest.mark.parametrize(
    ("switch", "secret", "account"),
    [
        ("bearer", "hook-token", {}),
        ("bearer", "old-token", ROTATING),
        ("basic", "moz:word", BASIC),
        ("header", "X-Token: hook-token", HEADER),
        ("header", "X-Token: old-token", {**HEADER, **ROTATING}),
    ],
)
@pytest.mark.parametrize("fault", ["none", "wrong_auth", "no_auth"])
async def test_what_the_provider_sends_is_believed_by_its_credential_alone(
    switch: str, secret: str, account: dict[str, object], fault: str
) -> None:
    switches = {"webhook_auth": switch, "webhook_fault": fault}
    async with rigged(switches=switches, secret=secret, account=account) as rig:
        ref = await rig.guest_books(datetime(2027, 3, 16, 11, tzinfo=UTC))
        await rig.control("POST", f"/guest/{ref}/cancel")
        (heard,) = await rig.hears()
        if fault == "none":
            (hint,) = rig.channel.read_webhook(heard.headers, heard.body, NOW)
            assert hint.external_id == ref
        else:
            with pytest.raises(Forged):
                rig.channel.read_webhook(heard.headers, heard.body, NOW)


async def test_an_account_without_a_webhook_secret_believes_nothing() -> None:
    async with rigged(account={"webhook_token": None}) as rig:
        with pytest.raises(Forged):
            rig.channel.read_webhook({"Authorization": "Bearer "}, b"{}", NOW)
