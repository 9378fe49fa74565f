"""What a person must see first is first, on a desk and on a phone: drawn by a real browser."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from tests.browser.conftest import Program, Tab

from holdfast.inventory.known import CLOSURE

WIDTHS = (390, 1024, 1440)


async def wide(tab: Tab, width: int) -> None:
    await tab.page.set_viewport_size({"width": width, "height": 900})


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_double_booking_says_so_in_its_first_line_with_the_way_to_its_decision(
    tab: Tab, program: Program, width: int
) -> None:
    await wide(tab, width)
    conflict = program.ids["conflict"]
    for path in ("/venues/glasshouse/calendar?b={booking}", "/bookings/{booking}"):
        await tab.opens(path, ".flaws")
        first = tab.page.locator(".flaws > li").first
        assert "Double booking: this guest has no room." in await first.inner_text()
        button = first.get_by_role("link", name="Resolve")
        box = await button.bounding_box()
        assert box is not None
        assert box["height"] >= 30
        assert "all is as it should be" not in await tab.page.inner_text("main")
        await button.click()
        await tab.page.wait_for_url(f"**/conflicts/{conflict}")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("query", "entry"),
    [
        ("view=day", ".booking.entry"),
        ("view=week", ".week td a"),
        ("view=agenda", ".agenda .item.booking"),
        ("", ".booking.entry, .agenda .item.booking"),
    ],
    ids=["day", "week", "agenda", "whichever fits"],
)
async def test_every_view_of_a_calendar_shows_its_first_booking_at_every_width(
    tab: Tab, width: int, query: str, entry: str
) -> None:
    """The kind of fault: one class name for a page's box and for a part in it, so that a rule for one hides both."""
    await wide(tab, width)
    await tab.opens(f"/venues/glasshouse/calendar?{query}")
    seen = await tab.page.evaluate(
        "entry => [...document.querySelectorAll(entry)].filter((one) => one.offsetHeight > 0).length",
        entry,
    )
    assert seen > 0


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", ["/", "/?view=list"])
async def test_the_first_page_shows_the_first_booking_of_every_venue_at_every_width(
    tab: Tab, width: int, path: str
) -> None:
    await wide(tab, width)
    await tab.opens(path, ".day")
    seen = await tab.page.evaluate(
        """[...document.querySelectorAll('.day')].map((day) => [...day.querySelectorAll(
          '.booking.entry, .agenda .item.booking')].filter((one) => one.offsetHeight > 0).length)"""
    )
    assert seen
    assert all(seen), seen


async def test_the_number_of_exposed_offers_leads_to_as_many_rows(tab: Tab) -> None:
    """The kind of fault: a number that leads to a page on which its rows are not."""
    for path in ("/", "/ops"):
        await tab.opens(path)
        link = tab.page.locator("#verdict a", has_text="exposed")
        many = int((await link.inner_text()).split()[0])
        await link.click()
        await tab.page.wait_for_url("**/exposures")
        assert many > 0
        assert await tab.page.locator("main tbody tr").count() == many
        assert await tab.page.locator(".top nav a[aria-current] .count").inner_text() == str(many)


@pytest.mark.parametrize("width", WIDTHS)
async def test_the_top_bar_of_every_page_has_the_number_of_open_conflicts(
    tab: Tab, program: Program, width: int
) -> None:
    await wide(tab, width)
    for path in ("/", "/bookings", "/conflicts", "/docs/runbooks", "/venues/glasshouse/calendar"):
        await tab.opens(path)
        many = await program.rows.pool.fetchval(
            "select count(*) from conflicts where closed_at is null"
        )
        badge = tab.page.locator(".top nav a[href='/conflicts'] .count")
        assert await badge.inner_text() == str(many)
        box = await badge.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
        assert (await tab.page.title()).startswith(f"({many}) ")


async def test_the_numbers_in_the_top_bar_of_an_open_page_stay_current(
    tab: Tab, program: Program
) -> None:
    await tab.opens("/conflicts", ".clash")
    badge = tab.page.locator(".top nav a[href='/conflicts'] .count")
    before = int(await badge.inner_text())
    conflict = await program.rows.conflict(await program.rows.booking(None), [], [])
    grown = f"document.querySelector('.top nav a[href=\"/conflicts\"] .count').textContent === '{before + 1}'"
    try:
        await tab.until(grown)
    finally:
        await program.rows.pool.execute(
            "update conflicts set closed_at = now() where id = $1", conflict
        )


OUTAGE = """insert into breakers (account_id, direction, failures, opened_at, retry_at, reason)
 select min(id), unnest(array['in', 'out']), 9, $1::timestamptz - interval '4 minutes', $1 + interval '20 seconds',
        'find: answer 503, and a long sentence of a provider that explains at length why it answers nothing now'
   from accounts"""
TABLE = """[...document.querySelectorAll('#accounts .wide')].map((box) => ({
  wide: box.scrollWidth - box.clientWidth,
  columns: [...box.querySelectorAll('thead th')].every((one) =>
    one.getBoundingClientRect().right <= box.getBoundingClientRect().right + 1),
}))"""


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_an_outage_pushes_no_column_of_the_operations_table_off_the_page(
    tab: Tab, program: Program, theme: Literal["light", "dark"]
) -> None:
    """The kind of fault: a message in a cell that does not wrap, just when the other cells matter."""
    pool = program.rows.pool
    await wide(tab, 1440)
    await tab.page.emulate_media(color_scheme=theme)
    await pool.execute(OUTAGE, program.rows.now)
    try:
        await tab.opens("/ops", ".messages")
        boxes = await tab.page.evaluate(TABLE)
        assert boxes
        assert all(box["wide"] <= 0 and box["columns"] for box in boxes), boxes
        lines = tab.page.locator("tr.messages .message")
        tops = await lines.evaluate_all(
            "lines => lines.map((one) => one.getBoundingClientRect().top)"
        )
        assert len(tops) >= 2
        assert tops == sorted(set(tops))
        await wide(tab, 390)
        sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await tab.page.evaluate(sideways) == 0
    finally:
        await pool.execute("delete from breakers")


async def test_a_party_too_large_is_told_before_it_is_added_all_the_same(tab: Tab) -> None:
    page = tab.page
    await tab.opens("/venues/glasshouse/calendar?new=salon&from={noon}", ".panel form")
    await page.get_by_label("How many people").fill("40")
    await page.get_by_role("button", name="Look what that would do").click()
    await page.get_by_text("salon seats 12: a party of 40 is too large.").wait_for()
    assert await page.get_by_role("button", name="Add it all the same").is_visible()


async def test_an_end_before_the_start_is_said_in_plain_words(tab: Tab) -> None:
    page = tab.page
    await tab.opens("/venues/glasshouse/calendar?new=salon&from={noon}", ".panel form")
    await page.get_by_label("Until").fill("2026-01-01T10:00")
    await page.get_by_role("button", name="Look what that would do").click()
    await page.get_by_text("The end must be after the start.").wait_for()
    tab.wrong.clear()  # the console notes the status 422


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_closure_over_midnight_shows_both_days(
    tab: Tab, program: Program, width: int
) -> None:
    rows = program.rows
    await wide(tab, width)
    venue = await rows.pool.fetchval("select id from venues where name = 'glasshouse'")
    unit = await rows.pool.fetchval("select id from units where name = 'salon'")
    start = datetime(2027, 6, 2, 10, tzinfo=UTC)
    closure = await rows.booking(
        venue, unit_ids=[unit], raw_status=CLOSURE, start=start, end=start + timedelta(days=1)
    )
    await rows.granted(closure, unit)
    both = "Wed 2 Jun 12:00 \N{EN DASH} Thu 3 Jun 12:00"
    try:
        await tab.opens(f"/venues/glasshouse/calendar?date=2027-06-02&view=agenda&b={closure}")
        assert both in await tab.page.inner_text(".panel")
        assert both in await tab.page.inner_text(".agenda .item")
        await tab.opens("/venues/glasshouse/calendar?date=2027-06-02&view=day")
        assert both in str(
            await tab.page.locator(f"[data-key=booking-{closure}]").get_attribute("title")
        )
    finally:
        await rows.pool.execute("delete from allocations where booking_id = $1", closure)
        await rows.pool.execute("delete from bookings where id = $1", closure)


async def test_the_form_for_the_first_person_presets_an_admin(tab: Tab) -> None:
    await tab.opens("/settings/people", "#role-new")
    assert await tab.page.locator("#role-new").input_value() == "admin"
    assert await tab.page.get_by_text("You will have to sign in as this person").is_visible()
