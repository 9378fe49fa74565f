"""Every page as a real browser draws it: on a phone and on a desk, dark and light, and read by a machine's ear."""

from typing import Any, Literal

import pytest
from playwright.async_api import Browser
from tests.browser.conftest import AXE, Program, Tab, new_tab

PAGES = (
    # its address, and what is there once it is drawn
    ("/", "#verdict"),
    ("/?view=list&off=1&whole=1", ".agenda .item"),
    ("/ops", ".tiles"),
    ("/accounts/rooms-main", "h1"),
    ("/accounts/rooms-main?act=pause_pushes", ".act"),
    ("/venues", "tbody tr"),
    ("/venues/glasshouse/calendar?b={booking}", ".panel"),
    ("/venues/glasshouse/calendar?new=salon&from={noon}", ".panel form"),
    ("/venues/glasshouse/calendar?view=week", ".week"),
    ("/venues/glasshouse/calendar?view=agenda", ".agenda .item"),
    ("/explain?venue=glasshouse&unit=salon&from={noon}&for=90m", ".reasons"),
    ("/bookings", "tbody tr"),
    ("/bookings/{booking}", "svg"),
    ("/conflicts", ".clash"),
    ("/exposures", "tbody tr"),
    ("/exposures?unit=nowhere&date=2026-11-20", "form"),
    ("/conflicts/{conflict}", "#decide"),
    ("/conflicts/{conflict}?act=keep_a", "#decide .act"),
    ("/events", "tbody tr"),
    ("/events?act=replay", "form .act"),
    ("/events/{event}", "#again"),
    ("/pushes", "tbody tr"),
    ("/pushes/{push}?act=drop", "#acts .act"),
    ("/search?q={booking}", ".found li"),
    ("/docs/runbooks", "main li"),
    ("/docs/runbooks/exposed", "main ol"),
)
VIEWS: tuple[tuple[int, Literal["dark", "light"]], ...] = ((360, "dark"), (1440, "light"))
"""Each width and each light: what either changes is seen, and axe, which is slow, looks twice."""

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
HEARD = """async (which) => (await axe.run({runOnly: which, resultTypes: ['violations']})).violations.flatMap((rule) =>
  rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary}`))"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DRAWN = """[...document.querySelectorAll('.day')].map((day) => ({
  venue: day.querySelector('h3').textContent,
  bookings: [...day.querySelectorAll('.booking, .item')].filter((one) => one.offsetHeight > 0).length,
}))"""
OVERLAPS = """[...document.querySelectorAll('.lanes')].flatMap((row) => {
  const boxes = [...row.querySelectorAll('.entry')].map((one) => one.getBoundingClientRect());
  return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1));
}).length"""


@pytest.mark.parametrize(("path", "ready"), PAGES, ids=[path for path, _ in PAGES])
async def test_a_page_is_right_at_every_width_and_in_every_light(
    browser: Browser, program: Program, path: str, ready: str
) -> None:
    async with new_tab(browser, program, AXE) as tab:
        wrong: dict[str, Any] = {}
        for width, theme in VIEWS:
            await tab.page.set_viewport_size({"width": width, "height": 900})
            await tab.page.emulate_media(color_scheme=theme)
            await tab.opens(path, ready)
            wrong[f"{width}: sideways"] = await tab.page.evaluate(SIDEWAYS)
            wrong[f"{width}: axe"] = await tab.page.evaluate(HEARD, RULES)
            wrong[f"{width}: refused"] = await tab.refused()
        wrong["console"] = tab.wrong
        assert {where: what for where, what in wrong.items() if what} == {}


async def test_the_days_of_both_venues_are_drawn_and_no_entry_lies_on_another(tab: Tab) -> None:
    for width, of_the_pool in ((1440, 4), (360, 2)):
        await tab.page.set_viewport_size({"width": width, "height": 900})
        await tab.opens("/")
        drawn = {one["venue"]: one["bookings"] for one in await tab.page.evaluate(DRAWN)}
        assert set(drawn) == {"glasshouse", "harbour-house"}
        assert drawn["glasshouse"] >= 10
        assert drawn["harbour-house"] == of_the_pool
        assert await tab.page.evaluate(OVERLAPS) == 0
