"""When a list of bookings was read completely, and what is made of one that was not."""

from datetime import timedelta

import pytest

from holdfast.channel import Broken, NotSent
from holdfast.channels.boseat.protocol.paging import MAX_PAGES, ListPage, Reading
from holdfast.channels.boseat.wire import Booking
from holdfast.inventory.model import Span

from .desk import CHEFS, SALON, Desk, hour, opened, ours


def page(*ids: str, last: bool, total: int | None = None, unreadable: int = 0) -> ListPage[Booking]:
    rows = tuple(Booking(id=one) for one in ids)
    return ListPage(rows=rows, unreadable=unreadable, last=last, total=total)


def read(*pages: ListPage[Booking]) -> Reading:
    reading = Reading()
    for one in pages:
        assert reading.page is not None
        reading.take(one)
    return reading


def test_one_page_that_says_it_is_the_last_is_whole() -> None:
    reading = read(page("a", "b", last=True, total=2))
    assert (reading.page, reading.whole) == (None, True)


def test_pages_are_asked_for_one_after_the_other() -> None:
    reading = read(page("a", last=False, total=3), page("b", last=False, total=3))
    assert reading.page == 3


def test_several_pages_with_a_steady_total_are_whole() -> None:
    reading = read(page("a", last=False, total=2), page("b", last=True, total=2))
    assert (reading.page, reading.whole) == (None, True)


def test_a_row_lost_between_two_pages_is_found_by_reading_again() -> None:
    reading = read(page("a", last=False, total=3), page("c", last=True, total=2))
    assert (reading.page, reading.whole) == (1, False)
    fresh = reading.take(page("b", last=False, total=2))
    assert [row.id for row in fresh] == ["b"]
    reading.take(page("c", last=True, total=2))
    assert (reading.page, reading.whole) == (None, True)


def test_a_list_that_never_stands_still_is_given_up_and_not_whole() -> None:
    moving = [page("a", last=False, total=2), page("a", last=True, total=2)] * 3
    reading = read(*moving)
    assert (reading.page, reading.whole) == (None, False)


def test_without_totals_two_readings_must_agree() -> None:
    once = (page("a", last=False), page("b", last=True))
    assert read(*once).page == 1
    assert read(*once, *once).whole


def test_an_unreadable_row_makes_it_incomplete_at_once() -> None:
    reading = read(page("a", last=True, total=2, unreadable=1))
    assert (reading.page, reading.whole) == (None, False)


def test_a_page_that_is_empty_too_early_makes_it_incomplete() -> None:
    reading = read(page("a", last=False, total=9), page(last=False, total=9))
    assert (reading.page, reading.whole) == (None, False)


def test_an_endless_list_is_cut_and_incomplete() -> None:
    endless = [page(str(number), last=False) for number in range(MAX_PAGES)]
    reading = read(*endless)
    assert (reading.page, reading.whole) == (None, False)


def test_a_row_is_given_again_only_if_it_changed() -> None:
    reading = Reading()
    reading.take(page("a", last=False, total=2))
    changed = Booking(id="a", status="CANCEL")
    fresh = reading.take(ListPage(rows=(changed,), unreadable=0, last=False, total=2))
    assert fresh == [changed]
    assert reading.take(ListPage(rows=(changed,), unreadable=0, last=False, total=2)) == []


@pytest.mark.parametrize(
    "told",
    [
        {"status": "PAID"},
        {"bookingDate": "2026-03-01T10:00:00Z"},
        {"slot": {"from": "2026-03-02T10:00:00Z", "to": "2026-03-02T11:30:00Z"}},
        {"slot": {"from": "2026-03-02T09:00:00Z", "to": "2026-03-02T11:00:00Z"}},
        {"product": {"id": "p-2"}},
        {"space": {"id": "s-2", "label": "salon"}},
        {"space": {"id": "s-1", "label": "loft"}},
        {"customer": {"email": "house+hf-b1@example.test"}},
        {"slot": None},
        {"customer": None},
    ],
    ids=str,
)
def test_a_row_that_tells_anything_else_is_given_again(told: dict[str, object]) -> None:
    row = {
        "id": "a",
        "status": "CONFIRMED",
        "bookingDate": "2026-03-01T09:00:00Z",
        "slot": {"from": "2026-03-02T10:00:00Z", "to": "2026-03-02T11:00:00Z"},
        "product": {"id": "p-1"},
        "space": {"id": "s-1", "label": "salon"},
        "customer": {"email": "guest@example.test"},
    }
    before, now = (Booking.model_validate(one) for one in (row, row | told))
    reading = Reading()
    reading.take(ListPage(rows=(before,), unreadable=0, last=False, total=2))
    assert reading.take(ListPage(rows=(before,), unreadable=0, last=False, total=2)) == []
    assert reading.take(ListPage(rows=(now,), unreadable=0, last=False, total=2)) == [now]


async def _many(desk: Desk) -> set[str]:
    """More bookings than a page holds; some of them cancelled, which are listed all the same."""
    refs = [await desk.guest(1, hour(number % 10, number // 10 + 1)) for number in range(110)]
    for ref in refs[::10]:
        await desk.control("POST", f"guest/{ref}/cancel")
    return set(refs)


@pytest.mark.parametrize("envelope", ["meta", "total_and_links", "bare_list", "nested_arrays"])
@pytest.mark.parametrize("order", ["created_desc", "created_asc", "random_stable"])
async def test_many_bookings_are_all_found_in_every_envelope(envelope: str, order: str) -> None:
    async with opened({"list_envelope": envelope, "list_order": order}) as desk:
        refs = await _many(desk)
        pages = await desk.scan(SALON)
        found = {row.external_id for page in pages for row in page.bookings}
        assert (found, pages[-1].complete) == (refs, True)
        assert not any(page.complete for page in pages[:-1])


async def test_rows_that_shift_between_pages_are_all_seen_but_the_scan_is_not_complete() -> None:
    async with opened({"page_shift": "on"}) as desk:
        refs = await _many(desk)
        pages = await desk.scan(SALON)
        found = {row.external_id for page in pages for row in page.bookings}
        assert (found, pages[-1].complete) == (refs, False)


@pytest.mark.parametrize("fault", ["endless", "empty_early", "unreadable_row"])
async def test_a_faulty_list_is_never_complete_and_proves_nothing(desk: Desk, fault: str) -> None:
    await desk.guest(1, hour(2))
    await desk.turn(page_fault=fault)
    pages = await desk.scan(SALON, CHEFS)
    assert not any(page.complete for page in pages)
    with pytest.raises(Broken):
        await desk.channel.find(SALON, hour(4), ours("b1"), desk.clock.now())


async def test_a_page_that_fails_in_the_middle_ends_the_scan_with_the_failure(desk: Desk) -> None:
    await _many(desk)
    window = Span.of(desk.clock.now(), timedelta(days=7))
    pages = desk.channel.scan([SALON], window)
    first, second = await anext(pages), await anext(pages)
    await desk.control("POST", "faults", {"kind": "truncated", "when": "after", "count": 1})
    with pytest.raises(NotSent):
        await anext(pages)
    assert (len(first.bookings), len(second.bookings)) == (0, 100)
    assert not second.complete


async def test_past_bookings_are_left_out_and_every_other_row_comes_once(desk: Desk) -> None:
    past, running = await desk.guest(1, hour(0)), await desk.guest(1, hour(1))
    desk.clock.advance(105 * 60)
    window = Span.of(desk.clock.now(), timedelta(days=7))
    rows = [
        row async for page in desk.channel.scan([SALON, SALON], window) for row in page.bookings
    ]
    assert [row.external_id for row in rows] == [running]
    assert past != running


async def test_a_scan_of_nothing_is_complete(desk: Desk) -> None:
    assert [page.complete for page in await desk.scan()][-1:] == [True]


async def test_a_scan_costs_one_read_a_page_and_in_the_end_one_a_space(desk: Desk) -> None:
    for number in range(4):
        desk.wire.requests.clear()
        pages = await desk.scan(SALON, CHEFS)
        assert desk.wire.count("scan") == len(pages)
        await desk.guest(1, hour(number))
    assert len(pages) == 2
