"""What a person must see first is first, on a desk and on a phone: drawn by a real browser."""

import pytest
from tests.browser.conftest import Program, Tab

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
