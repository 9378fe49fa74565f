"""What people do, done by clicking: each act is first shown, then done, and its effect is seen at the channels.

One real program for all of it. Each test has a room, an account or an hour of its own: they come in any order.
"""

import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from playwright.async_api import TimeoutError as NotInTime
from tests.acceptance.stage import tell
from tests.browser.conftest import Tab, new_tab
from tests.browser.real import (
    REASON,
    Real,
    alters,
    clicks,
    does,
    draws_up,
    real_program,
    signs_in,
    steers,
)

from holdfast.soak.program import until

SOON = """select count(*) from readings join accounts on accounts.id = account_id
  where name = 'mozrest-main' and task = 'bookings' and due_at < now() + interval '1 minute'"""
REFUSES = {"path": "/v1/bookings", "method": "POST", "status": 422, "body": "{}"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def real(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Real]:
    async with real_program(tmp_path_factory.mktemp("clicks")) as real:
        yield real


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: Browser, real: Real) -> AsyncIterator[Tab]:
    """Of an operator; nothing may be wrong at the end."""
    async with new_tab(browser, real.program) as tab:
        await signs_in(tab, "olga")
        yield tab
        assert tab.wrong == []
        assert await tab.refused() == []


async def _goes_to_bookings(tab: Tab) -> None:
    """By keys. What is typed while a page is drawn anew is lost, as it is to a person."""
    await tab.page.locator("body").click()
    for _ in range(3):
        await tab.page.keyboard.type("gb")
        with suppress(NotInTime):
            await tab.page.wait_for_url("**/bookings", timeout=5000)
            return
    raise AssertionError(tab.page.url)


async def test_an_account_is_held_back_goes_on_and_is_read_now(tab: Tab, real: Real) -> None:
    page, pool = tab.page, real.program.rows.pool
    await steers(tab, "boseat-main", "Pause pushes", "No call. 0 calls and all that follow wait")
    await clicks(tab, "Overview", exact=True)
    await page.get_by_text("boseat-main pushes paused by olga").first.wait_for()
    await steers(tab, "boseat-main", "Let pushes go on", "No call waits")
    await page.locator("td", has_text=f"by olga {REASON}").first.wait_for()
    await clicks(tab, "Overview", exact=True)
    await page.locator("#days").wait_for()
    assert await page.get_by_text("pushes paused").count() == 0

    async def at_rest() -> bool:
        return bool(await pool.fetchval(SOON) == 0)

    await until(at_rest, "no poll is due soon")
    ref = await real.guest("mozrest", "dining-room", real.span(18, 19))
    await steers(tab, "mozrest-main", "Poll now", "Only reads.")
    await _goes_to_bookings(tab)
    await page.locator("tbody tr", has_text=ref).wait_for()
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/bookings/*")
    await page.keyboard.press("?")
    await page.wait_for_selector("#keys[open]")


async def test_a_day_is_arranged_in_the_calendar_and_every_channel_follows(
    tab: Tab, real: Real
) -> None:
    page, unit = tab.page, "board-room"
    pips = page.locator(".line", has_text=unit).locator(".entry.direct .pip.done")
    await draws_up(tab, real, unit, 10, 11)
    began = time.monotonic()
    await does(tab, "board-room-boseat", "board-room-mozrest", "Add a booking: 2 changes")
    await page.wait_for_url("**b=*")
    await page.evaluate("window.reloaded = false")
    await pips.nth(1).wait_for()
    tell(
        f"a direct booking was closed on both channels, and seen, {time.monotonic() - began:.2f} s later"
    )
    assert await page.evaluate("window.reloaded") is False
    await real.closes(unit, real.span(10, 11))
    await alters(tab, "Longer or shorter", end=real.at(12))
    await does(tab)
    await real.closes(unit, real.span(10, 12))
    await alters(tab, "Move", start=real.at(14), end=real.at(15))
    await does(tab)
    await real.closes(unit, real.span(14, 15))
    await alters(tab, "Cancel")
    await does(tab, "open")
    await real.closes(unit)


async def test_a_room_is_closed_and_whoever_asks_is_told_why(tab: Tab, real: Real) -> None:
    page, unit = tab.page, "board-room"
    await draws_up(tab, real, unit, 17, 18, why="the chimney is swept")
    await does(tab, "Close the time: 2 changes")
    await page.locator(".panel .state.closure").first.wait_for()
    await real.closes(unit, real.span(17, 18))
    await page.get_by_text("the chimney is swept").first.wait_for()
    await clicks(tab, "why?", exact=True)
    await page.get_by_text("board-room is not sellable").wait_for()
    await clicks(tab, "Open it again, or move closure")
    await alters(tab, "Cancel")
    await does(tab, "open")
    await real.closes(unit)
    await clicks(tab, f"Free, {unit}")
    await clicks(tab, "Why is this time")
    await page.get_by_text("board-room is sellable").wait_for()


async def test_a_double_booking_is_seen_decided_on_a_phone_and_closes_by_itself(
    tab: Tab, real: Real, browser: Browser
) -> None:
    unit, span = "salon", real.span(10, 11)
    await steers(tab, "boseat-main", "Pause pushes")
    await draws_up(tab, real, unit, 10, 11)
    await does(tab)
    await real.closes(unit, span, side="mozrest")
    async with new_tab(browser, real.program) as phone:
        await phone.page.set_viewport_size({"width": 360, "height": 740})
        await signs_in(phone, "olga")
        await phone.opens("/conflicts", "#open")
        ref = await real.guest("boseat", unit, span)
        await phone.page.locator(".clash", has_text=unit).wait_for()
        await steers(tab, "boseat-main", "Let pushes go on", "No call waits")
        await phone.page.locator(".clash", has_text=unit).get_by_role("link").first.click()
        await clicks(phone, "Keep A…")
        await does(phone, f"cancel {ref}")
        await phone.page.get_by_text("keep a by olga").wait_for()
        await phone.page.get_by_text("Settled").first.wait_for()
        assert phone.wrong == []
        assert await phone.refused() == []
    await real.closes(unit, span)
    assert (await real.up.sides["boseat"].books()).guests(unit) == []


async def test_an_event_is_read_again_and_calls_that_were_given_up_are_revived_or_dropped(
    tab: Tab, real: Real
) -> None:
    page, boseat = tab.page, real.up.sides["boseat"]
    await clicks(tab, "Events", exact=True)
    ref = await real.guest("boseat", "chefs-table", real.span(9, 10))
    await (
        page.locator("tbody tr", has_text=ref)
        .filter(has_text="applied")
        .get_by_role("link")
        .first.click()
    )
    await clicks(tab, "Only look what that would change")
    await page.get_by_text("A read now would change nothing").wait_for()
    await clicks(tab, "Read it again…")
    await does(tab)
    await page.get_by_text("no change").first.wait_for()
    for hour, act in ((12, "Revive"), (14, "Drop")):
        await boseat.ask("POST", "/faults", REFUSES)
        await draws_up(tab, real, "chefs-table", hour, hour + 1)
        await does(tab)
        await clicks(tab, "Pushes", exact=True)
        await page.locator("tbody tr", has_text="given up").get_by_role("link").first.click()
        await boseat.ask("DELETE", "/faults")
        await clicks(tab, f"{act}…")
        await does(tab)
        await page.locator("h1", has_text="done" if act == "Revive" else "dropped").wait_for()
    await real.closes("chefs-table", real.span(12, 13), side="boseat")


async def test_without_scripts_a_booking_is_made_and_cancelled(
    browser: Browser, real: Real
) -> None:
    async with new_tab(browser, real.program, speaks=False) as tab:
        await signs_in(tab, "vic")
        await draws_up(tab, real, "salon", 20, 21)
        await does(tab, "salon-boseat", "salon-mozrest")
        await tab.page.get_by_text("Do the others know?").wait_for()
        await alters(tab, "Cancel")
        await does(tab)
        await tab.page.locator(".panel", has_text="Cancelled").wait_for()
        await clicks(tab, "Sign out")
        await tab.page.wait_for_selector("#password")
        assert tab.wrong == []


async def test_a_viewer_is_shown_nothing_to_press_and_refused_what_he_makes_up(
    browser: Browser, real: Real
) -> None:
    async with new_tab(browser, real.program) as tab:
        await signs_in(tab, "vera")
        await tab.opens("/accounts/boseat-main?act=pause_pushes")
        assert await tab.page.locator("main form[method=post]").count() == 0
        await tab.opens(f"/venues/glasshouse/calendar?date={real.day}")
        await clicks(tab, "Free, salon")
        assert await tab.page.locator("main form[method=post]").count() == 0
        made_up = """async () => (await fetch('/accounts/boseat-main', {method: 'POST',
          body: new URLSearchParams({act: 'pause_pushes', reason: 'x', seen: 'x'})})).status"""
        assert await tab.page.evaluate(made_up) == 403
        assert all("403" in told for told in tab.wrong), tab.wrong
        assert await tab.refused() == []
