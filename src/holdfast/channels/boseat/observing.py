"""What bookings are there, on which listing, and whether they still hold: fetch, scan and find."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from holdfast.channel import Broken, Contact, Listing, ListPage, Page, Strange
from holdfast.channels.boseat import translate
from holdfast.channels.boseat.attribution import Attribution, Where, label_of, place_of
from holdfast.channels.boseat.lapse import Standing, judged, overdue
from holdfast.channels.boseat.protocol.bookings import IdsStyle
from holdfast.channels.boseat.protocol.paging import PAGE_ROWS, Reading
from holdfast.channels.boseat.reading import Reader
from holdfast.channels.boseat.translate import Gist
from holdfast.channels.boseat.wire import Booking
from holdfast.clock import Clock
from holdfast.inventory.marker import marker_of
from holdfast.inventory.model import OCCUPYING, Absent, Offer, Seen, Span

SKEW = timedelta(minutes=5)
"""How far Boseat's clock may be behind ours when its `bookingDate` is compared with our time."""

UNSURE = timedelta(days=1)
"""How much later than it says a booking may end whose end is a guess."""


class Observer:
    """Reads bookings and says what they are to us. Methods raise the ChannelErrors of `Reader`."""

    def __init__(self, reader: Reader, attribution: Attribution, clock: Clock) -> None:
        self._reader = reader
        self._attribution = attribution
        self._clock = clock
        self._standing = Standing()

    async def fetch(self, external_id: str, listing: str | None) -> Seen | Absent:
        """One booking. Costs more than one read where its space or its lapse must be found out."""
        read_at = self._clock.now()
        booking = await self._reader.booking(external_id)
        if booking is None:
            return Absent(external_id=external_id, read_at=read_at)
        where = await self._where(booking, listing)
        name = self._attribution.name(where.space, booking.product_id, listing)
        seen = translate.seen(booking, name, read_at, elsewhere=where.elsewhere)
        if where.space is None or not overdue(booking, read_at):
            return seen
        return await self._judged(seen, booking, where.space)

    async def _judged(self, seen: Seen, booking: Booking, space: str) -> Seen:
        free = await self._reader.free(space, [booking], seen.read_at)
        if seen.span in free:
            return judged(seen, free, (), seen.read_at)
        if self._standing.knows(space):
            return judged(seen, free, await self._rivals(space, seen), seen.read_at)
        return judged(seen, free, await self._all_rows(space), seen.read_at)

    async def _rivals(self, space: str, seen: Seen) -> list[Gist]:
        """Those that had its time when they were last shown, as they are now."""
        if seen.span is None:
            return []
        refs = self._standing.rivals(space, seen.external_id, seen.span)
        found = [await self._reader.booking(ref) for ref in refs]
        return [Gist.of(booking) for booking in found if booking is not None]

    async def list_page(self, space: str, number: int, since: datetime) -> ListPage:
        """One page of a space's list; holds that should have lapsed are judged by what is free and who is there now."""
        style, read_at = await self._reader.style(), self._clock.now()
        page = await self._reader.list_page(number, space, style)
        self._attribution.learn(space, page.rows)
        self._standing.note(space, map(Gist.of, page.rows), read_at)
        current = [row for row in page.rows if ends_after(row, since)]
        late = {row.id for row in current if overdue(row, read_at)}
        seen = [self._seen(row, space, read_at) for row in current]
        judged_late = await self._all_judged(
            [one for one in seen if one.external_id in late], space, current
        )
        return ListPage(
            page=Page(
                bookings=[judged_late.get(one.external_id, one) for one in seen],
                complete=False,
                strange=page.strange,
            ),
            refs=[row.id for row in page.rows],
            made=[row.booked_at for row in page.rows if row.booked_at is not None],
            readable=page.unreadable == 0,
            next=None if page.last else number + 1,
            last=None if page.total is None else max(1, -(-page.total // PAGE_ROWS)),
            total=page.total,
        )

    async def _all_judged(
        self, late: Sequence[Seen], space: str, rows: Sequence[Booking]
    ) -> dict[str, Seen]:
        if not late:
            return {}
        ids, now = {one.external_id for one in late}, self._clock.now()
        free = await self._reader.free(space, [row for row in rows if row.id in ids], now)
        return {
            one.external_id: judged(
                one, free, () if one.span in free else await self._rivals(space, one), now
            )
            for one in late
        }

    def _seen(self, row: Booking, space: str, read_at: datetime) -> Seen:
        return seen_in(self._attribution, row, space, read_at)

    async def _all_rows(self, space: str) -> Sequence[Gist]:
        style, reading = await self._reader.style(), Reading()
        while reading.page is not None:
            await self._reader.next_rows(space, style, reading)
        return tuple(reading.rows.values())

    async def _where(self, booking: Booking, listing: str | None) -> Where:
        """As it tells by an id, as we believe, as its label or product tells, else as the lists show."""
        about, told = self._attribution, self._attribution.told(booking)
        if told is not None:
            return Where(space=told, elsewhere=not about.has(told))
        on = translate.status_of(booking.status) in OCCUPYING
        believed = about.believed(listing)
        if believed and not (on and await self._has_left(believed, booking)):
            return Where(space=believed)
        known = about.learned(booking) or about.certain(booking)
        if known:
            return Where(space=known, elsewhere=not about.has(known))
        return await self._searched(booking) if on else Where(space=None)

    async def _has_left(self, space: str, booking: Booking) -> bool:
        """Whether it names another space than this one goes by, or a product of others, and this one's list shows it
        no more.

        The list is asked because a space may have been given another name, and a product other spaces.
        """
        about = self._attribution
        if about.may_be_in(space, booking) and about.may_be_sold(space, booking):
            return False
        return await self._is_in(space, booking, await self._reader.style()) is False

    async def _searched(self, booking: Booking) -> Where:
        """Ask for the bookings of one space after the other until it is among them."""
        style, sure = await self._reader.style(), True
        for space in self._attribution.candidates(booking):
            found = await self._is_in(space, booking, style)
            if found:
                return Where(space=space)
            sure = sure and found is False
        return Where(space=None, elsewhere=sure and label_of(booking) is not None)

    async def _is_in(self, space: str, booking: Booking, style: IdsStyle) -> bool | None:
        """None: its list could not be read whole, and says nothing by what it does not show."""
        label, reading = label_of(booking), Reading()
        while reading.page is not None:
            rows = await self._reader.next_rows(space, style, reading)
            self._attribution.learn(space, rows)
            if booking.id in reading.rows:
                return True
            if label and any(label_of(row) not in (None, label) for row in rows):
                return False  # the space goes by another name than the booking's
        return False if reading.whole else None

    async def scan(self, listings: Sequence[Listing], window: Span) -> AsyncIterator[Page]:
        """One list per space. A page may be empty: what was read then only served to read the rest."""
        spaces = tuple(dict.fromkeys(place_of(listing).space_id for listing in listings))
        probing = self._reader.must_probe
        style = await self._reader.style()
        if probing or not spaces:
            yield Page(bookings=(), complete=not spaces)
        whole = True
        for space in spaces:
            chain = self._chain(space, style, window)
            while not chain.done:
                bookings = await chain.next()
                whole = whole and (chain.whole or not chain.done)
                last = whole and chain.done and space == spaces[-1]
                yield Page(bookings=bookings, complete=last, strange=chain.strange())

    def _chain(self, space: str, style: IdsStyle, window: Span) -> "SpaceScan":
        return SpaceScan(self._reader, self._attribution, self._clock, (space, style, window))

    async def find(
        self, listing: Listing, offer: Offer, contact: Contact, since: datetime
    ) -> Sequence[Seen]:
        """Live bookings with our marker, else those on exactly this offer made since then.

        Raises Broken when there are none in a list that could not be read completely.
        """
        place, chosen = place_of(listing), Wanted(offer, marker_of(contact.email), since - SKEW)
        chain = self._chain(place.space_id, await self._reader.style(), offer.span)
        found: list[Seen] = []
        while not chain.done and not any(seen.marker is not None for seen in found):
            found += [seen for seen in await chain.next() if chosen.may_be(seen, place.product_id)]
        if not found and not chain.whole:
            raise Broken("find: the list of bookings could not be read completely")
        return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """The block that is looked for."""

    offer: Offer
    marker: str | None
    since: datetime

    def may_be(self, seen: Seen, product_id: str) -> bool:
        """Whether a booking is it for certain, by its mark, or may be, by what, when and made when."""
        if seen.status not in OCCUPYING:
            return False
        if seen.marker is not None:
            return seen.marker == self.marker
        recent = seen.made_at is None or seen.made_at >= self.since
        same_product = seen.extra.get("product_id", product_id) == product_id
        return seen.span == self.offer.span and same_product and recent


class SpaceScan:
    """The bookings of one space, read page by page; overdue holds come last, once they are judged."""

    def __init__(
        self,
        reader: Reader,
        attribution: Attribution,
        clock: Clock,
        scope: tuple[str, IdsStyle, Span],
    ) -> None:
        self._reader = reader
        self._attribution = attribution
        self._clock = clock
        self._space, self._style, self._window = scope
        self._reading = Reading()
        self._overdue: dict[str, tuple[Booking, Seen]] = {}
        self.done = False

    @property
    def whole(self) -> bool:
        """Whether nothing was missed; meaningful once it is done."""
        return self._reading.whole

    def strange(self) -> list[Strange]:
        """What could not be read since this was last asked."""
        found, self._reading.strange = self._reading.strange, []
        return found

    async def next(self) -> list[Seen]:
        """The next page's bookings that had not ended when the window begins."""
        if self._reading.page is None:
            return await self._settled()
        read_at = self._clock.now()
        rows = await self._reader.next_rows(self._space, self._style, self._reading)
        self._attribution.learn(self._space, rows)
        current = [row for row in rows if ends_after(row, self._window.start)]
        for row in current:
            self._overdue.pop(row.id, None)
            if overdue(row, read_at):
                self._overdue[row.id] = (row, self._seen(row, read_at))
        self.done = self._reading.page is None and not self._overdue
        return [self._seen(row, read_at) for row in current if row.id not in self._overdue]

    async def _settled(self) -> list[Seen]:
        now, late = self._clock.now(), list(self._overdue.values())
        free = await self._reader.free(self._space, [row for row, _ in late], now)
        others = tuple(self._reading.rows.values())
        self.done = True
        return [judged(seen, free, others, now) for _, seen in late]

    def _seen(self, row: Booking, read_at: datetime) -> Seen:
        return seen_in(self._attribution, row, self._space, read_at)


def seen_in(about: Attribution, row: Booking, space: str, read_at: datetime) -> Seen:
    """A row of the list of this space; a booking that names another one by its id is there."""
    there = about.told(row) or space
    name = about.name(there, row.product_id)
    return translate.seen(row, name, read_at, elsewhere=not about.has(there))


def ends_after(row: Booking, since: datetime) -> bool:
    """Whether it belongs to what is read from then on; one whose end is not sure may be on for longer."""
    span = translate.span_of(row)
    allowed = UNSURE if translate.is_guessed(row) else timedelta(0)
    return span is None or span.end + allowed > since
