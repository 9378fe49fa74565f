"""A simulated provider as a `Channel`: the contract's methods, over a network that loses and delays answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TypeVar

from tests.simulation.loop import VirtualClock
from tests.simulation.plot import Wrong
from tests.simulation.process import Process, Travel
from tests.simulation.provider import Entry, No
from tests.simulation.witness import Witness

from holdfast.breaker import AccountBreaker, Whose
from holdfast.channel import (
    HOLD_MARGIN,
    BookingList,
    Broken,
    Capabilities,
    ChannelError,
    Contact,
    Gone,
    Hint,
    Limited,
    Listing,
    ListPage,
    NotSent,
    OfferSheet,
    Page,
    Placed,
    Rejected,
    Taken,
    Unknown,
)
from holdfast.inventory.breaker import Direction
from holdfast.inventory.marker import marker_of
from holdfast.inventory.model import Absent, Offer, Seen, Span

Answer = TypeVar("Answer")
PAGE = 1

A_MOMENT = 0.001
"""Seconds from a decision to the call that it asks for: the virtual clock would else show the same instant for both."""

GIVEN_UP = 10.0
"""Seconds after which a call counts as unanswered. What a provider did by then shows."""

MOST_LAG = 1.5
"""Seconds that a read by id may be behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What calls go over, and who stands beside it."""

    process: Process
    clock: VirtualClock
    witness: Witness


class SimulatedChannel:
    """One account at one provider, as one process calls it. `listing`: ours, as far as it is in service."""

    def __init__(
        self, whose: Whose, listing: str | None, line: "Line", breaker: AccountBreaker
    ) -> None:
        self._account = whose.id
        self._listing = listing
        self._provider = line.witness.hosts[whose.id]
        self._witness = line.witness
        self._breaker = breaker
        self._process = line.process
        self._clock = line.clock
        self._told: set[str] = set()
        """What the last scan showed."""

    @property
    def capabilities(self) -> Capabilities:
        return self._provider.rules.capabilities

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Sequence[Hint]:
        told = json.loads(body)
        return [Hint(external_id=told["ref"], raw_type=told["type"], delivery_id=told["delivery"])]

    async def fetch(self, external_id: str, listing: str | None) -> Seen | Absent:
        await asyncio.sleep(A_MOMENT)
        read_at = self._clock.now()
        answer = await self._read(lambda: self._shown(external_id, read_at))
        self._witness.hears(self._provider, [answer])
        return answer

    async def scan(self, listings: Sequence[Listing], window: Span) -> AsyncIterator[Page]:
        """Nothing is audited by hand here."""
        raise AssertionError("no person reads in a simulation")
        yield Page(bookings=(), complete=False)

    def lists(self, listings: Sequence[Listing], window: Span) -> Sequence[BookingList]:
        return [BookingList(place=self._provider.name, during=None)] if listings else []

    async def read_list(
        self, listings: Sequence[Listing], which: BookingList, number: int | None, since: datetime
    ) -> ListPage:
        """By offset over a list that goes on changing: what moves up meanwhile is skipped."""
        page_number = number or 1
        offset = (page_number - 1) * PAGE
        if number is None:
            self._told = set()
        read_at = self._clock.now()
        total, page = await self._read(partial(self._page, offset, read_at))
        self._witness.hears(self._provider, page)
        self._told |= {seen.external_id for seen in page}
        cut = self._cut_short()
        if self._provider.hides_its_end and self._is_wrong("short list", 0.15):
            total = offset + len(page)
        more = offset + PAGE < total and not cut
        return ListPage(
            page=Page(bookings=page, complete=False),
            refs=[seen.external_id for seen in page],
            made=[seen.made_at for seen in page if seen.made_at is not None],
            readable=not cut or self._is_broken("absence in a partial scan"),
            next=page_number + 1 if more else None,
            last=max(-(-total // PAGE), 1),
            total=None if cut else total,
        )

    async def offers(self, listing: Listing, window: Span) -> OfferSheet:
        read_at = self._clock.now()
        spans = await self._read(self._provider.on_sale)
        offers = [Offer(span=s) for s in spans if window.start <= s.start < window.end]
        whole = not self._cut_short()
        return OfferSheet(
            window=window,
            offers=offers if whole else offers[: len(offers) // 2],
            read_at=read_at,
            complete=whole,
        )

    async def hold(self, listing: Listing, offer: Offer, contact: Contact) -> Placed:
        asked_at, marker = self._clock.now(), marker_of(contact.email)
        entry = await self._write(
            "place",
            lambda: self._provider.take(offer.span, "us", marker, self._account),
            Taken,
        )
        seconds = timedelta(seconds=self.capabilities.hold_seconds or 0.0)
        lapses = asked_at + seconds - HOLD_MARGIN
        return Placed(external_id=entry.ref, booked=False, expires_at=lapses)

    async def commit(self, listing: Listing, external_id: str, contact: Contact) -> Placed:
        booking = await self._write("commit", lambda: self._provider.confirm(external_id), Gone)
        return Placed(external_id=booking.ref, booked=True)

    async def release(self, external_id: str, booked: bool, contact: Contact) -> None:
        if not booked and not self.capabilities.releases_holds:
            raise Rejected("a hold cannot be released")
        await self._write("release", lambda: self._end("release", external_id), Gone)

    async def cancel(self, external_id: str, reason: str, contact: Contact) -> None:
        await self._write("cancel", lambda: self._end("cancel", external_id), Gone)

    async def move(self, listing: Listing, external_id: str, offer: Offer, party_size: int) -> None:
        await self._write("move", lambda: self._provider.move(external_id, offer.span), Taken)

    async def find(
        self, listing: Listing, offer: Offer, contact: Contact, since: datetime
    ) -> Sequence[Seen]:
        marker, read_at = marker_of(contact.email), self._clock.now()
        return await self._read(
            lambda: [
                self._seen(e, read_at)
                for e in self._provider.live()
                if e.marker == marker and not self._provider.is_hidden(e)
            ]
        )

    def _end(self, call: str, ref: str) -> None:
        self._witness.sees_end(self._account, call, ref)
        self._provider.cancel(ref)

    def _page(self, start: int, read_at: datetime) -> tuple[int, list[Seen]]:
        shown = [e for e in self._provider.books.values() if not self._provider.is_hidden(e)]
        page = shown[start : start + PAGE]
        for entry in page:
            self._provider.showed(entry.ref)
        return len(shown), [self._seen(entry, read_at) for entry in page]

    def _is_broken(self, variant: str) -> bool:
        return variant in self._process.faults.broken

    def _shown(self, ref: str, read_at: datetime) -> Seen | Absent:
        if self._is_broken("absence in a partial scan") and self._told and ref not in self._told:
            return Absent(external_id=ref, read_at=read_at)
        entry = self._provider.books.get(ref)
        if entry is not None and self._provider.lags:
            lag = timedelta(seconds=self._process.random.uniform(0.0, MOST_LAG))
            entry = self._provider.as_it_was(ref, self._provider.now() - lag)
        if entry is None or self._provider.is_hidden(entry) or self._is_overlooked(entry):
            return Absent(external_id=ref, read_at=read_at)
        return self._seen(entry, read_at)

    def _is_overlooked(self, entry: Entry) -> bool:
        """A guest's booking that was shown before is not found, once in its life."""
        provider = self._provider
        known = entry.by == "guest" and self._witness.was_shown(provider, entry.ref)
        if not known or entry.ref in provider.overlooked or not entry.live:
            return False
        if not self._is_wrong("one absence", 0.3):
            return False
        provider.overlooked.add(entry.ref)
        self._process.tell(f"is told by {provider.name} that there is no {entry.ref}")
        return True

    def _is_wrong(self, how: Wrong, share: float) -> bool:
        faults = self._process.faults
        return faults.wrong == how and faults.strikes(share, how)

    def _seen(self, entry: Entry, read_at: datetime) -> Seen:
        return Seen(
            external_id=entry.ref,
            listing=self._listing,
            status=entry.status,
            raw_status=entry.status,
            span=entry.span,
            read_at=read_at,
            party_size=2,
            marker=None if self._is_broken("no echo suppression") else entry.marker,
            held_until=entry.expires,
            made_at=entry.made_at,
        )

    def _cut_short(self) -> bool:
        return self._process.faults.strikes(0.2, "cut short")

    async def _read(self, look: Callable[[], Answer]) -> Answer:
        return await self._heard("in", self._look(look))

    async def _write(
        self, call: str, act: Callable[[], Answer], refusal: type[ChannelError]
    ) -> Answer:
        return await self._heard("out", self._act(call, act, refusal))

    async def _heard(self, direction: Direction, call: Awaitable[Answer]) -> Answer:
        """The breaker hears of it, as from the real transport."""
        status: int | None = 200
        try:
            return await call
        except (NotSent, Unknown):
            status = None
            raise
        except Limited:
            status = 429
            raise
        finally:
            self._process.must_live()
            await self._breaker.tell(direction, status, self._provider.name)

    async def _knock(self, failure: type[ChannelError]) -> None:
        """Raises what becomes of a call to somebody who is away."""
        if self._provider.away:
            await asyncio.sleep(self._process.random.uniform(0.005, 0.5))
            self._provider.calls_while_away += 1
            raise failure(f"{self._provider.name}: answer 503")

    async def _look(self, look: Callable[[], Answer]) -> Answer:
        """What it sees is as old as the call; the answer may take its time."""
        random, travel = self._process.random, self._process.faults.of_travel(write=False)
        await self._knock(NotSent)
        await asyncio.sleep(random.uniform(0.005, 0.1))
        if travel == "refused":
            raise random.choice([NotSent, Broken])(f"{self._provider.name}: no answer")
        if travel == "limited":
            raise Limited(f"{self._provider.name}: too many calls", retry_after=1.0)
        answer = look()
        await asyncio.sleep(random.uniform(1.0, 6.0) if travel == "slow" else 0.02)
        await self._process.breathe()
        return answer

    async def _act(
        self, call: str, act: Callable[[], Answer], refusal: type[ChannelError]
    ) -> Answer:
        """Once sent, it takes effect whatever becomes of the one who sent it."""
        process, random = self._process, self._process.random
        await self._knock(Unknown)
        travel = process.faults.of_travel(write=True)
        if travel != "fine":
            process.tell(f"calls {self._provider.name} to {call}: {travel}")
        if travel == "refused":
            raise NotSent(f"{call}: connection refused")
        if travel == "limited":
            raise Limited(f"{call}: too many calls", retry_after=1.0)
        done: asyncio.Future[Answer] = process.loop.create_future()
        if travel != "lost":
            process.loop.call_later(_until_done(travel, random), _settle, done, act)
        await asyncio.sleep(self._patience(travel))
        await process.breathe()
        if travel in ("lost", "done and lost", "late", "after all"):
            if "blind retry" in process.faults.broken:
                raise NotSent(f"{call}: no answer, so try again")
            raise Unknown(f"{call}: no answer")
        try:
            return done.result()
        except No as no:
            raise refusal(f"{call}: {no}") from no

    def _patience(self, travel: Travel) -> float:
        """Seconds until the answer, or until it is given up."""
        random = self._process.random
        if travel == "stalled":
            self._process.stop(random.uniform(31.0, 45.0))
        if travel == "late":
            return random.uniform(0.05, 0.5)
        if travel == "after all":
            return GIVEN_UP
        return random.uniform(4.0, 10.0) if travel in ("slow", "lost", "done and lost") else 0.2


def _until_done(travel: Travel, random: Random) -> float:
    """Seconds until the provider has done what it was asked for."""
    if travel == "after all":
        return random.uniform(3.0, GIVEN_UP - 1.0)
    return random.uniform(0.5, 1.0) if travel == "late" else random.uniform(0.005, 0.15)


def _settle(done: "asyncio.Future[Answer]", act: Callable[[], Answer]) -> None:
    try:
        done.set_result(act())
    except No as no:
        done.set_exception(no)
        done.exception()  # looked at: its caller may be dead
