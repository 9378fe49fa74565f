"""The contract of `holdfast.channel`, kept by every channel there is, against its provider's simulator."""

import pkgutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import pytest
from tests.channels.pair import ENVIRON, SECRET, START, TOMORROW, Block, Pair, connected, paired

import holdfast.channels
from holdfast.channel import (
    HOLD_MARGIN,
    Announced,
    Broken,
    ChannelError,
    Forged,
    Gone,
    Limited,
    NotSent,
    Rejected,
    Taken,
    Unauthorised,
    Unknown,
)
from holdfast.example import EXAMPLE_SECRETS
from holdfast.inventory.marker import marker_of
from holdfast.inventory.model import FIRM, OCCUPYING, Absent, Offer, Seen
from holdfast.kind import discover

SECOND = timedelta(seconds=1)
UNSIGNED = {"mozrest": "it signs nothing: the proof is a credential agreed on, whatever the body"}


@pytest.fixture(params=sorted(discover()))
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    async with paired(request.param) as pair:
        yield pair


def test_every_folder_of_channels_is_found() -> None:
    folders = {
        path.parent.name for path in Path(holdfast.channels.__path__[0]).glob("*/__init__.py")
    }
    modules = {module.name for module in pkgutil.iter_modules(holdfast.channels.__path__)}
    assert folders == modules == set(discover())
    assert all(kind.name == name for name, kind in discover().items())


def firm(seen: Seen | Absent) -> bool:
    return isinstance(seen, Seen) and seen.status in FIRM


def occupying(seen: Seen | Absent) -> bool:
    return isinstance(seen, Seen) and seen.status in OCCUPYING


async def test_what_is_offered_starts_in_the_window_and_lasts(pair: Pair) -> None:
    offers = await pair.offers()
    assert offers
    assert all(TOMORROW.start <= offer.span.start < TOMORROW.end for offer in offers)
    assert len({offer.span for offer in offers}) == len(offers)


async def test_a_hold_takes_its_offer_away_and_a_second_one_is_refused(pair: Pair) -> None:
    (offer,) = await pair.apart(1)
    held = await pair.holds(offer)
    assert held.placed.booked is False
    assert offer not in await pair.offers()
    with pytest.raises(Taken):
        await pair.holds(offer)


async def test_a_hold_tells_the_earliest_moment_at_which_it_may_lapse(pair: Pair) -> None:
    life = pair.channel.capabilities.hold_seconds
    assert life is not None
    (offer,) = await pair.apart(1)
    expires_at = (await pair.holds(offer)).placed.expires_at
    assert expires_at == START + timedelta(seconds=life) - HOLD_MARGIN


async def test_what_a_guest_took_cannot_be_held(pair: Pair) -> None:
    (offer,) = await pair.apart(1)
    await pair.guest_books(offer)
    assert offer not in await pair.offers()
    with pytest.raises(Taken):
        await pair.holds(offer)


async def test_what_overlaps_a_hold_is_withdrawn_and_all_else_is_not(pair: Pair) -> None:
    before = await pair.offers()
    (offer,) = await pair.apart(1)
    await pair.holds(offer)
    gone = set(before) - set(await pair.offers())
    assert gone == {other for other in before if other.span.overlaps(offer.span)}


async def test_a_committed_hold_is_a_booking_that_is_found_fetched_and_scanned_as_ours(
    pair: Pair,
) -> None:
    (offer,) = await pair.apart(1)
    block = await pair.books(offer)
    assert (block.placed.booked, block.placed.expires_at) == (True, None)
    (found,) = await pair.find(block)
    fetched = await pair.fetch(block.id)
    scanned = (await pair.scan())[block.id]
    for seen in (found, fetched, scanned):
        assert isinstance(seen, Seen)
        assert seen.external_id == block.id
        assert seen.marker == marker_of(block.contact.email)
        assert (seen.listing, seen.span, seen.status) == (
            pair.listing.name,
            offer.span,
            "confirmed",
        )
        assert seen.held_until is None
        assert seen.read_at == pair.clock.now()


async def test_a_released_block_gives_its_offer_back_and_releasing_twice_is_done(
    pair: Pair,
) -> None:
    before = await pair.offers()
    (offer,) = await pair.apart(1)
    block = await pair.books(offer)
    assert offer not in await pair.offers()
    for _ in range(2):
        await pair.channel.release(block.id, True, block.contact)
        assert await pair.offers() == before
    assert not occupying(await pair.fetch(block.id))
    assert [seen for seen in await pair.find(block) if occupying(seen)] == []
    assert not occupying((await pair.scan()).get(block.id) or absent(block.id))


def absent(external_id: str) -> Absent:
    return Absent(external_id=external_id, read_at=START)


async def test_a_hold_can_be_committed_until_the_moment_that_it_told(pair: Pair) -> None:
    (offer,) = await pair.apart(1)
    held = await pair.holds(offer)
    assert held.placed.expires_at is not None
    pair.clock.advance((held.placed.expires_at - pair.clock.now()).total_seconds())
    assert (await pair.commits(held)).placed.booked


async def test_a_hold_that_lapsed_cannot_be_confirmed_and_its_offer_is_back(pair: Pair) -> None:
    before = await pair.offers()
    (offer,) = await pair.apart(1)
    held = await pair.holds(offer)
    pair.clock.advance((pair.channel.capabilities.hold_seconds or 0.0) + 60)
    assert await pair.offers() == before
    assert not occupying(await pair.fetch(held.id))
    with pytest.raises(Gone):
        await pair.commits(held)
    assert await pair.offers() == before


async def test_a_hold_that_lapsed_and_went_to_a_guest_cannot_be_confirmed(pair: Pair) -> None:
    (offer,) = await pair.apart(1)
    held = await pair.holds(offer)
    pair.clock.advance((pair.channel.capabilities.hold_seconds or 0.0) + 60)
    ref = await pair.guest_books(offer)
    with pytest.raises(Gone):
        await pair.commits(held)
    assert firm(await pair.fetch(ref))


async def test_a_hold_can_be_read_if_the_channel_says_so(pair: Pair) -> None:
    (offer,) = await pair.apart(1)
    held = await pair.holds(offer)
    seen, scanned = await pair.fetch(held.id), await pair.scan()
    if not pair.channel.capabilities.reads_holds:
        assert isinstance(seen, Absent)
        assert held.id not in scanned
        assert await pair.find(held) == []
        return
    assert [one.external_id for one in await pair.find(held)] == [held.id]
    for one in (seen, scanned[held.id]):
        assert isinstance(one, Seen)
        assert (one.status, one.span) == ("held", offer.span)
        assert one.held_until is not None
        assert held.placed.expires_at == one.held_until - HOLD_MARGIN


async def test_a_hold_can_be_given_back_if_the_channel_says_so(pair: Pair) -> None:
    (offer,) = await pair.apart(1)
    held = await pair.holds(offer)
    if pair.channel.capabilities.releases_holds:
        for _ in range(2):
            await pair.channel.release(held.id, False, held.contact)
            assert offer in await pair.offers()
        return
    with pytest.raises(Rejected):
        await pair.channel.release(held.id, False, held.contact)
    assert offer not in await pair.offers()
    assert (await pair.commits(held)).placed.booked


async def test_a_booking_can_be_moved_if_the_channel_says_so(pair: Pair) -> None:
    here, there = await pair.apart(2)
    ref = await pair.guest_books(here)
    if pair.channel.capabilities.moves:
        await pair.channel.move(pair.listing, ref, there, 2)
        here, there = there, here
    else:
        with pytest.raises(Rejected):
            await pair.channel.move(pair.listing, ref, there, 2)
    seen = await pair.fetch(ref)
    assert isinstance(seen, Seen)
    assert seen.span == here.span
    assert there in await pair.offers()


async def test_a_guests_booking_is_seen_without_our_mark_and_can_be_cancelled_twice(
    pair: Pair,
) -> None:
    (offer,) = await pair.apart(1)
    ref = await pair.guest_books(offer)
    for seen in (await pair.fetch(ref), (await pair.scan())[ref]):
        assert isinstance(seen, Seen)
        assert (seen.marker, seen.status, seen.span) == (None, "confirmed", offer.span)
        assert seen.listing == pair.listing.name
    for _ in range(2):
        await pair.channel.cancel(ref, "the room is under water", pair.contact())
        assert not occupying(await pair.fetch(ref))
    assert offer in await pair.offers()


async def test_nobody_is_told_about_a_block_of_another_marker(pair: Pair) -> None:
    first, second = await pair.apart(2)
    block, other = await pair.books(first), await pair.books(second)
    assert [seen.external_id for seen in await pair.find(block)] == [block.id]
    stranger = replace(block, contact=pair.contact())
    assert [s for s in await pair.find(stranger) if s.marker is not None] == []
    assert set(await pair.scan()) >= {block.id, other.id}


async def test_what_nobody_ever_booked_is_absent(pair: Pair) -> None:
    unknown = str(uuid4())
    assert await pair.fetch(unknown) == Absent(external_id=unknown, read_at=START)
    await pair.channel.release(unknown, True, pair.contact())
    with pytest.raises(Gone):
        await pair.channel.commit(pair.listing, unknown, pair.contact())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Something for every call to be about."""

    free: Offer
    held: Block
    booked: Block
    guest: str


@pytest.fixture
async def stage(pair: Pair) -> Stage:
    free, to_hold, to_book, for_guest = await pair.apart(4)
    return Stage(
        free=free,
        held=await pair.holds(to_hold),
        booked=await pair.books(to_book),
        guest=await pair.guest_books(for_guest),
    )


Call = Callable[[Pair, Stage], Awaitable[Any]]
READS: dict[str, Call] = {
    "fetch": lambda pair, stage: pair.fetch(stage.booked.id),
    "scan": lambda pair, stage: pair.scan(),
    "offers": lambda pair, stage: pair.offers(),
    "find": lambda pair, stage: pair.find(stage.booked),
}
WRITES: dict[str, Call] = {
    "hold": lambda pair, stage: pair.holds(stage.free),
    "commit": lambda pair, stage: pair.commits(stage.held),
    "release": lambda pair, stage: pair.channel.release(
        stage.booked.id, True, stage.booked.contact
    ),
    "cancel": lambda pair, stage: pair.channel.cancel(stage.guest, "", pair.contact()),
}
CALLS = READS | WRITES


async def failure(call: Call, pair: Pair, stage: Stage) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await call(pair, stage)
    return caught.value


async def failures(calls: Mapping[str, Call], pair: Pair, stage: Stage) -> dict[str, ChannelError]:
    """How each of them fails that changes nothing by failing."""
    return {name: await failure(call, pair, stage) for name, call in calls.items()}


def unlike(expected: type[ChannelError], of: Mapping[str, ChannelError]) -> dict[str, str]:
    """Those that failed in another way, and how."""
    return {name: repr(error) for name, error in of.items() if type(error) is not expected}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["status", "reset", "html", "empty", "truncated"])
async def test_a_read_without_a_proper_answer_is_not_sent_or_broken(
    pair: Pair, stage: Stage, kind: str, when: str
) -> None:
    await pair.strike("GET", kind=kind, when=when)
    failed = await failures(READS, pair, stage)
    assert unlike(Broken, {n: e for n, e in failed.items() if not isinstance(e, NotSent)}) == {}
    await pair.calm()
    for call in READS.values():
        await call(pair, stage)


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["status", "reset", "html", "truncated"])
async def test_a_write_without_a_proper_answer_has_an_unknown_outcome(
    pair: Pair, stage: Stage, kind: str, when: str, call: str
) -> None:
    await pair.strike_writes(kind=kind, when=when)
    assert type(await failure(WRITES[call], pair, stage)) is Unknown


async def test_a_hold_that_is_answered_with_nothing_has_an_unknown_outcome(
    pair: Pair, stage: Stage
) -> None:
    await pair.strike_writes(kind="empty", when="after")
    assert type(await failure(WRITES["hold"], pair, stage)) is Unknown


@pytest.mark.parametrize("call", ["commit", "release", "cancel"])
async def test_a_success_without_a_body_is_done_or_of_unknown_outcome(
    pair: Pair, stage: Stage, call: str
) -> None:
    """Some providers do answer so; what was done must then be what was asked."""
    await pair.strike_writes(kind="empty", when="after")
    try:
        await WRITES[call](pair, stage)
    except Unknown:
        await pair.calm()
    await settled(pair, stage, call)


async def settled(pair: Pair, stage: Stage, call: str) -> None:
    """What the call asked for is so at the provider."""
    if call == "hold":
        assert stage.free not in await pair.offers()
    elif call == "commit":
        assert [seen for seen in await pair.find(stage.held) if firm(seen)]
    else:
        ref = stage.booked.id if call == "release" else stage.guest
        assert not occupying(await pair.fetch(ref))


@pytest.mark.parametrize("call", WRITES)
async def test_an_answer_that_was_lost_can_be_found_out_by_reading(
    pair: Pair, stage: Stage, call: str
) -> None:
    await pair.strike_writes(kind="reset", when="after")
    await failure(WRITES[call], pair, stage)
    await pair.calm()
    await settled(pair, stage, call)


@pytest.mark.parametrize("call", WRITES)
async def test_a_call_that_was_lost_on_its_way_left_everything_as_it_was(
    pair: Pair, stage: Stage, call: str
) -> None:
    await pair.strike_writes(kind="reset", when="before")
    await failure(WRITES[call], pair, stage)
    await pair.calm()
    assert stage.free in await pair.offers()
    assert [seen for seen in await pair.find(stage.held) if firm(seen)] == []
    assert firm(await pair.fetch(stage.booked.id))
    assert firm(await pair.fetch(stage.guest))


async def test_a_call_that_is_one_too_many_tells_when_to_try_again(
    pair: Pair, stage: Stage
) -> None:
    await pair.strike(None, status=429, headers={"Retry-After": "7"})
    failed = await failures(CALLS, pair, stage)
    assert unlike(Limited, failed) == {}
    assert {e.retry_after for e in failed.values() if isinstance(e, Limited)} == {7.0}


async def test_where_nobody_listens_nothing_was_sent(pair: Pair, stage: Stage) -> None:
    url = f"http://127.0.0.1:{a_port_where_nobody_listens()}"
    async with connected(pair.kind, pair.clock, url) as channel:
        failed = await failures(CALLS, replace(pair, channel=channel), stage)
    assert unlike(NotSent, failed) == {}


def a_port_where_nobody_listens() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def test_wrong_credentials_are_told_apart_from_everything_else(
    pair: Pair, stage: Stage
) -> None:
    environ = {**ENVIRON, **dict.fromkeys(EXAMPLE_SECRETS, "not-the-right-one")}
    async with connected(pair.kind, pair.clock, pair.url, environ) as channel:
        failed = await failures(CALLS, replace(pair, channel=channel), stage)
    assert unlike(Unauthorised, failed) == {}
    assert not any("not-the-right-one" in f"{error}{error.raw}" for error in failed.values())


@pytest.mark.parametrize("status", [503, 429, 400])
async def test_no_failure_names_a_guest_or_a_secret(pair: Pair, stage: Stage, status: int) -> None:
    body = '{"message": "Guest Example, guest@example.test, +33600000000"}'
    await pair.strike(None, status=status, body=body)
    told = " ".join(str(error) for error in (await failures(CALLS, pair, stage)).values())
    secrets = [*ENVIRON.values(), "Guest", "guest@example.test", "+33600000000", "house@"]
    assert [secret for secret in secrets if secret in told] == []


ACTS: dict[Announced, str] = {"created": "book", "updated": "move", "cancelled": "cancel"}


async def announced(pair: Pair) -> dict[Announced, int]:
    """How many webhooks a guest's booking, moving and cancelling each caused."""
    here, there = await pair.apart(2)
    counts: dict[Announced, int] = {}
    ref = ""
    for change in get_args(Announced):
        before = await pair.sent_webhooks()
        if change == "created":
            ref = await pair.guest_books(here)
        else:
            ref = await pair.guest_acts(ref, ACTS[change], there if change == "updated" else None)
        counts[change] = await pair.sent_webhooks() - before
    return counts


async def test_webhooks_come_for_just_those_changes_that_the_channel_announces(pair: Pair) -> None:
    counts = await announced(pair)
    told = {change for change, number in counts.items() if number}
    assert told == pair.channel.capabilities.announces
    await pair.ear.wait(sum(counts.values()))


async def test_a_webhook_is_believed_and_names_the_booking_to_look_at(pair: Pair) -> None:
    (offer,) = await pair.apart(1)
    ref = await pair.guest_books(offer)
    await pair.guest_acts(ref, "cancel")
    number = await pair.sent_webhooks()
    await pair.ear.wait(number)
    for one in range(number):
        hints = pair.hints(one)
        assert [hint.external_id for hint in hints] == [ref]
        assert all(hint.raw_type for hint in hints)


@pytest.fixture
async def webhook(pair: Pair) -> tuple[dict[str, str], bytes]:
    """One that is true."""
    (offer,) = await pair.apart(1)
    await pair.guest_acts(await pair.guest_books(offer), "cancel")
    return (await pair.ear.wait(1))[0]


async def test_a_webhook_that_was_altered_is_refused(
    pair: Pair, webhook: tuple[dict[str, str], bytes]
) -> None:
    headers, body = webhook
    pair.channel.read_webhook(headers, body, pair.clock.now())
    altered = body.replace(b"a", b"b")
    assert altered != body
    if pair.name in UNSIGNED:
        pair.channel.read_webhook(headers, altered, pair.clock.now())
        return
    with pytest.raises(Forged):
        pair.channel.read_webhook(headers, altered, pair.clock.now())


async def test_a_webhook_without_any_one_of_its_proofs_is_refused(
    pair: Pair, webhook: tuple[dict[str, str], bytes]
) -> None:
    headers, body = webhook
    proofs = []
    for name in headers:
        rest = {other: value for other, value in headers.items() if other != name}
        try:
            pair.channel.read_webhook(rest, body, pair.clock.now())
        except Forged:
            proofs.append(name)
    assert proofs
    for name in proofs:
        for value in ("", headers[name][:-1], f"{headers[name]}x", "é"):
            with pytest.raises(Forged):
                pair.channel.read_webhook({**headers, name: value}, body, pair.clock.now())


async def test_the_names_of_headers_know_no_case(
    pair: Pair, webhook: tuple[dict[str, str], bytes]
) -> None:
    headers, body = webhook
    hints = pair.channel.read_webhook(headers, body, pair.clock.now())
    for change in (str.lower, str.upper):
        changed = {change(name): value for name, value in headers.items()}
        assert pair.channel.read_webhook(changed, body, pair.clock.now()) == hints


@pytest.mark.parametrize("name", sorted(discover()))
async def test_a_webhook_that_was_proved_with_another_secret_is_refused(name: str) -> None:
    async with paired(name, secret=f"not {SECRET}") as pair:
        (offer,) = await pair.apart(1)
        await pair.guest_acts(await pair.guest_books(offer), "cancel")
        headers, body = (await pair.ear.wait(1))[0]
        with pytest.raises(Forged) as refused:
            pair.channel.read_webhook(headers, body, pair.clock.now())
        assert SECRET not in str(refused.value)
