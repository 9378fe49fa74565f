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
