"""Reads of bookings and slots that take more than one call: paged lists, chunks of slots, lapsed holds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from holdfast.channel import Broken, Gone, Rejected
from holdfast.channels.boseat.calls import Caller
from holdfast.channels.boseat.protocol import bookings
from holdfast.channels.boseat.protocol.bookings import FreeSlots, IdsStyle, SlotsPath
from holdfast.channels.boseat.protocol.failures import unreadable
from holdfast.channels.boseat.protocol.paging import PAGE_ROWS, ListPage, Reading, read_page
from holdfast.channels.boseat.translate import span_of
from holdfast.channels.boseat.wire import Booking
from holdfast.inventory.model import Span

SLOT_DAYS = 30
"""The most that is asked for at once: how many days Boseat admits is not documented (U18)."""
STYLES: tuple[IdsStyle, ...] = ("comma", "brackets", "json")
"""For a single id, `repeat` is the same as `comma`."""
OTHER_PATH: dict[SlotsPath, SlotsPath] = {
    "bookings_slots": "spaces_availability",
    "spaces_availability": "bookings_slots",
}
NOWHERE = "00000000-0000-4000-8000-000000000000"
"""An id that no space has: a list of its bookings is empty, unless the filter was not understood."""


class Reader:
    """Reads one workspace. Every method raises the ChannelErrors of `Caller.send`, and Broken."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._proven: IdsStyle | None = None
        self._has_bookings = False
        self._slots_path: SlotsPath = "bookings_slots"

    async def booking(self, booking_id: str) -> Booking | None:
        """The booking, None when there is none by this id."""
        request = bookings.get_request(booking_id)
        try:
            reply = await self._caller.send(request)
        except Gone:
            return None
        booking = bookings.read_booking(request, reply)
        if booking.id.casefold() != booking_id.casefold():
            raise unreadable(request, reply)  # whatever this is about, it is not what was asked for
        return booking

    @property
    def must_probe(self) -> bool:
        """Whether `style` will cost a read."""
        return self._proven is None

    async def style(self) -> IdsStyle:
        """How this workspace wants a list of spaces in a query, found out by reading.

        A style that is not understood may simply be ignored, and every booking would then seem to be in
        the space that was asked for. Asking for a space that does not exist shows it. An empty workspace
        answers alike to every style, so it is asked again until it had bookings before it was asked.
        """
        if self._proven is not None:
            return self._proven
        had_bookings = self._has_bookings
        style = await self._understood()
        self._proven = style if had_bookings else None
        return style

    async def _understood(self) -> IdsStyle:
        for style in STYLES:
            try:
                page = await self._page(1, NOWHERE, style, limit=1)
            except (Rejected, Gone):
                continue
            if not page.rows:
                return style
            self._has_bookings = True
        raise Broken("list: no documented way to filter by space is understood")

    async def next_rows(self, space_id: str, style: IdsStyle, reading: Reading) -> list[Booking]:
        """The new rows of the next page of the space's bookings; `reading` knows which, and the rest."""
        return reading.take(await self.list_page(reading.page or 1, space_id, style))

    async def list_page(self, number: int, space_id: str, style: IdsStyle) -> ListPage[Booking]:
        """One page of a space's bookings."""
        page = await self._page(number, space_id, style)
        self._has_bookings |= bool(page.rows)
        return page

    async def _page(
        self, number: int, space_id: str, style: IdsStyle, limit: int = PAGE_ROWS
    ) -> ListPage[Booking]:
        request = bookings.list_request(number, limit=limit, space_ids=[space_id], style=style)
        reply = await self._caller.send(request)
        return read_page(Booking, request, reply, page=number, limit=limit)

    async def slots(self, space_id: str, product_id: str, window: Span) -> FreeSlots:
        """The free slots that start in the window; one read for every 30 days of it."""
        chunks, start = [], window.start
        while start < window.end:
            days = min(SLOT_DAYS, ceil((window.end - start) / timedelta(days=1)))
            chunks.append(await self._chunk(space_id, product_id, start, days))
            start += timedelta(days=days)
        spans = (span for chunk in chunks for span in chunk.spans)
        inside = [span for span in spans if window.start <= span.start < window.end]
        return FreeSlots(
            spans=tuple(dict.fromkeys(inside)), whole=all(chunk.whole for chunk in chunks)
        )

    async def offers(self, space_id: str, product_id: str, span: Span) -> bool:
        """Whether exactly this slot is free now. Raises Broken when the slots cannot tell."""
        free = await self.slots(space_id, product_id, span)
        if span not in free.spans and not free.whole:
            raise Broken("slots: some could not be read")
        return span in free.spans

    async def _chunk(self, space_id: str, product_id: str, start: datetime, days: int) -> FreeSlots:
        try:
            return await self._slots_at(self._slots_path, space_id, product_id, start, days)
        except Gone as gone:
            other = OTHER_PATH[self._slots_path]
            try:
                found = await self._slots_at(other, space_id, product_id, start, days)
            except Gone:
                raise Rejected(
                    "slots: the space or product is not known", status=gone.status
                ) from gone
            self._slots_path = other
            return found

    async def _slots_at(
        self, path: SlotsPath, space_id: str, product_id: str, start: datetime, days: int
    ) -> FreeSlots:
        request = bookings.slots_request(path, space_id, product_id, start, days)
        return bookings.read_slots(request, await self._caller.send(request))

    async def free(
        self, space_id: str, overdue: Sequence[Booking], now: datetime
    ) -> frozenset[Span]:
        """Those of the overdue bookings' slots that are offered again; one read or more per product."""
        free: set[Span] = set()
        for product_id in {booking.product_id for booking in overdue} - {None}:
            spans = [span_of(booking) for booking in overdue if booking.product_id == product_id]
            ahead = [span for span in spans if span and span.start > now]
            if product_id and ahead:
                hull = Span(
                    start=min(span.start for span in ahead), end=max(span.end for span in ahead)
                )
                free |= set((await self.slots(space_id, product_id, hull)).spans) & set(ahead)
        return frozenset(free)
