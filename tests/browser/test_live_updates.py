"""What is committed appears on an open page within a second, and nothing moves under the reader's eyes."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser
from tests.browser.conftest import Program, Tab, new_tab

ROW = "#main tbody tr"
WHERE = """() => { const box = document.activeElement.getBoundingClientRect();
  return [document.activeElement.getAttribute('href'), box.top, scrollY]; }"""
HELLO = """
window.hello = 0;
const Source = EventSource;
window.EventSource = class extends Source {
  constructor(url) { super(url); this.addEventListener('hello', () => { hello += 1; }); }
};
"""


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: Browser, program: Program) -> AsyncIterator[Tab]:
    """It tells in `hello` how often its stream began."""
    async with new_tab(browser, program, HELLO) as tab:
        yield tab
        assert await tab.refused() == []


async def listens(tab: Tab, path: str, ready: str = ROW) -> None:
    await tab.opens(path, ready)
    await tab.until("hello > 0")


async def _seconds_until_told(tab: Tab, account_id: int, number: int) -> float:
    began = time.monotonic()
    await tab.program.rows.event(account_id, ref="new")
    await tab.until(f"document.getElementById('news').textContent === '{number} new, press .'")
    return time.monotonic() - began


async def test_a_row_of_a_list_that_is_read_changes_where_it_is_and_new_ones_wait(
    tab: Tab, program: Program
) -> None:
    rows, page = program.rows, tab.page
    account_id = int(await rows.pool.fetchval("select min(id) from accounts"))
    known = await rows.event(account_id, ref="known")
    await listens(tab, "/events", f"tr[data-key=event-{known}]")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    before = await page.evaluate(WHERE)
    took = [await _seconds_until_told(tab, account_id, number) for number in (1, 2, 3)]
    await rows.pool.execute(
        "update inbox set outcome = 'applied', done_at = now() where id = $1", known
    )
    await page.wait_for_selector(f"tr[data-key=event-{known}]:has-text('applied')")
    new = await rows.pool.fetchval("select max(id) from inbox")
    assert await page.locator(f"tr[data-key=event-{new}]").count() == 0
    assert await page.evaluate(WHERE) == before
    assert min(took) < 1, took  # other tests take their share of the machine
    await page.keyboard.press(".")
    await page.wait_for_selector(f"tr[data-key=event-{new}]")
    assert await page.locator("#news").is_hidden()
    assert tab.wrong == []


async def test_what_grows_above_does_not_move_what_is_read(tab: Tab, program: Program) -> None:
    rows, page = program.rows, tab.page
    await page.set_viewport_size({"width": 1000, "height": 900})  # one conflict below the other
    await listens(tab, "/", ".legend")
    await page.locator(".legend summary").click()
    await page.locator("#date").fill("2026-01-05")
    await page.locator(".legend summary").focus()
    await page.evaluate("scrollTo({top: 900, behavior: 'instant'})")
    before, title = await page.evaluate(WHERE), await page.title()
    booking = await rows.booking(None)
    conflict = await rows.conflict(booking, [], [])
    await tab.until(f"document.title !== {title!r}")
    after = await page.evaluate(WHERE)
    assert after[2] > before[2], "nothing grew above"
    assert abs(after[1] - before[1]) < 1
    assert await page.evaluate("document.activeElement.localName") == "summary"
    assert await page.locator(".legend").get_attribute("open") is not None
    assert await page.locator("#date").input_value() == "2026-01-05"
    title = await page.title()  # not that of before again: others grow late meanwhile
    await rows.pool.execute("update conflicts set closed_at = now() where id = $1", conflict)
    await tab.until(f"document.title !== {title!r}")


async def test_paused_means_that_nothing_is_fetched(
    tab: Tab, browser: Browser, program: Program
) -> None:
    rows, page = program.rows, tab.page
    await listens(tab, "/pushes")
    await page.keyboard.press("r")
    assert await page.locator("#pause").get_attribute("aria-pressed") == "true"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    block = await rows.pool.fetchval("select min(id) from blocks")
    async with new_tab(browser, program, HELLO) as other:
        await listens(other, "/pushes")
        push = await rows.push(block, state="superseded", settled_at=rows.now)
        await other.page.wait_for_selector(f"tr[data-key=push-{push}]")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert asked == []
    await page.keyboard.press("r")
    await page.wait_for_selector(f"tr[data-key=push-{push}]")


async def test_without_its_stream_a_page_says_so_asks_by_itself_and_comes_back(
    tab: Tab, program: Program
) -> None:
    rows, page = program.rows, tab.page
    await page.clock.install()
    await page.route("**/ui/stream*", lambda route: route.abort())
    await tab.opens("/bookings", ROW)
    await page.clock.run_for(12_000)
    await page.wait_for_selector("#lost:has-text('Live updates lost, data as of')")
    booking = await rows.booking(None)
    await page.clock.run_for(5_000)
    await page.wait_for_selector(f"tr[data-key=booking-{booking}]")
    await page.route("**/bookings", lambda route: route.abort())
    await page.clock.run_for(62_000)
    await page.wait_for_selector("body.stale")
    await page.unroute_all()
    async with asyncio.timeout(10):
        while await page.locator("#lost:visible, body.stale").count():
            await page.clock.run_for(5_000)


async def test_what_a_form_is_about_is_not_changed_while_it_is_filled_in(
    tab: Tab, program: Program
) -> None:
    await tab.opens("/events?act=replay", "form .act")
    assert await tab.page.locator("#main").get_attribute("data-live") == ""
    assert await tab.page.evaluate("hello") == 0
    assert await tab.page.locator("#control").is_hidden()


async def test_keys_lead_through_the_pages_and_are_letters_where_somebody_writes(tab: Tab) -> None:
    page = tab.page
    await listens(tab, "/", "#verdict")
    for key, path in (("b", "/bookings"), ("c", "/conflicts"), ("p", "/pushes"), ("e", "/events")):
        await page.keyboard.type(f"g{key}")
        await page.wait_for_url(f"**{path}")
        await page.wait_for_selector("#help:not([hidden])")
    await page.keyboard.press("/")
    await page.keyboard.type("rj/g")
    assert await page.evaluate("document.activeElement.value") == "rj/g"
    assert await page.locator("#pause").get_attribute("aria-pressed") == "false"
    await page.evaluate("document.activeElement.blur()")
    for key in "jjk":
        await page.keyboard.press(key)
    first = page.locator(f"{ROW} a").first
    assert await first.evaluate("(link) => link === document.activeElement")
    await page.keyboard.press("?")
    await page.wait_for_selector("#keys[open]")
    await page.locator("#keys-on").uncheck()
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    assert await page.locator("#keys").get_attribute("open") is None
    await first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/events/*")
    assert tab.wrong == []


async def test_the_colours_are_the_machines_until_others_are_chosen(tab: Tab) -> None:
    page = tab.page
    grounds = []
    for machine, chosen in (
        ("light", "auto"),
        ("light", "dark"),
        ("dark", "dark"),
        ("dark", "light"),
    ):
        await page.emulate_media(color_scheme="light" if machine == "light" else "dark")
        await tab.opens("/bookings", ROW)
        await page.locator(f".theme button[value={chosen}]").click()
        await page.wait_for_selector(f".theme button[value={chosen}][aria-pressed=true]")
        await page.wait_for_load_state()  # before that its style sheet may not be there yet
        assert page.url.endswith("/bookings")
        grounds.append(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
    light, dark = "rgb(244, 246, 248)", "rgb(14, 18, 22)"
    assert grounds == [light, dark, dark, light]
