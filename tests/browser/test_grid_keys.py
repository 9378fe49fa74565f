"""The day's timeline by keys alone: one stop for Tab, arrows by time and unit, problems, reasons, something new."""

import re
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser
from tests.browser.conftest import Program, Tab, new_tab

DAY = "/venues/{venue}/calendar?view=day&whole=1"
HERE = """() => { const one = document.activeElement, li = one.closest('li');
  return [one.closest('.line')?.dataset.unit, li?.className ?? '', li?.dataset.from ?? '']; }"""
STOPS = (
    "() => document.querySelectorAll('.board [tabindex=\"0\"], .board a:not([tabindex])').length"
)


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: Browser, program: Program) -> AsyncIterator[Tab]:
    async with new_tab(browser, program) as tab:
        yield tab
        assert await tab.refused() == []


async def _at(tab: Tab, *keys: str) -> tuple[str, str, str]:
    """The unit, the classes and the start of what has the focus after these keys."""
    for key in keys:
        await tab.page.keyboard.press(key)
    unit, classes, since = await tab.page.evaluate(HERE)
    return unit, classes, since


async def _enter(tab: Tab) -> None:
    """With Tab from whatever is before the timeline."""
    venue = await tab.program.rows.pool.fetchval("select name from venues order by id limit 1")
    await tab.opens(DAY.replace("{venue}", venue), ".board a[tabindex='0']")
    assert await tab.page.evaluate(STOPS) == 1
    await tab.page.locator(".board a[tabindex='0']").focus()


async def test_arrows_go_by_time_and_unit_and_tab_comes_back_to_where_one_was(tab: Tab) -> None:
    await _enter(tab)
    first = await _at(tab, "Home")
    second = await _at(tab, "ArrowRight")
    assert (second[0], second[2] > first[2]) == (first[0], True)
    assert await _at(tab, "ArrowLeft", "ArrowLeft", "Home") == first
    last = await _at(tab, "End")
    assert last[2] > second[2]
    below = await _at(tab, "ArrowDown")
    assert below[0] != last[0]
    assert (await _at(tab, "ArrowUp"))[0] == last[0]
    here = await _at(tab, "Home", "ArrowRight")
    await tab.page.keyboard.press("Tab")
    assert await tab.page.evaluate("() => document.activeElement.closest('.board')") is None
    assert await _at(tab, "Shift+Tab") == here
    assert await tab.page.evaluate(STOPS) == 1
    assert tab.wrong == []


async def test_problems_are_gone_through_and_each_slot_tells_why_and_takes_something_new(
    tab: Tab,
) -> None:
    await _enter(tab)
    wrong = await tab.page.locator(".board li:is(.clash, .exposure, .occupied) a[href]").count()
    found = {await _at(tab, "Control+ArrowDown") for _ in range(wrong + 2)}
    assert len(found) in (wrong, wrong + 1)  # the first place may be one
    unit, classes, since = await _at(tab, "Control+ArrowUp", "Control+ArrowDown")
    assert re.search("clash|exposure|occupied", classes)
    await tab.page.keyboard.press("w")
    await tab.page.wait_for_url("**/explain?*")
    assert await tab.page.locator("main").get_by_text(unit).count()
    assert since.replace(":", "%3A") in tab.page.url
    await _enter(tab)
    await tab.page.keyboard.press("n")
    await tab.page.wait_for_url("**new=*")
    await tab.page.wait_for_selector("#panel form")
    assert tab.wrong == []
