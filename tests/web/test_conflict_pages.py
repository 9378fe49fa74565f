"""The conflict inbox: each way out shows its calls first, wants a reason, and is done only as it was shown."""

import re
from datetime import timedelta

import pytest
from tests.web.conftest import Client, RecordingArbiter
from tests.web.rows import HOUR, NOON, NOW, Rows
from tests.web.two_sides import two_sides

from holdfast.sync.remedy import Stale


async def text(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.text()


async def form(client: Client, conflict: int, act: str) -> dict[str, str]:
    """What a browser would send of the form that was shown."""
    page = await text(client, f"/conflicts/{conflict}?act={act}")
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


async def test_a_conflict_shows_both_sides_its_evidence_and_every_way_out_with_its_calls(
    client: Client, rows: Rows
) -> None:
    page = await text(client, f"/conflicts/{await two_sides(rows)}")
    assert "Keep A, cancel B (tables-main #2)" in page
    assert "<code>cancel</code> t-2 on salon-tables" in page
    assert "<code>release</code> k-1 on salon-tables" in page
    assert "waited" in page
    assert 'href="/bookings/1"' in page
    assert "<form" not in page.split('id="decide"')[1].split("<footer>")[0]


async def test_what_was_shown_is_done_with_its_reason(
    client: Client, rows: Rows, arbiter: RecordingArbiter
) -> None:
    conflict = await two_sides(rows)
    asked = await form(client, conflict, "keep_a") | {"reason": "A was first"}
    answer = await client.post(f"/conflicts/{conflict}", data=asked, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"/conflicts/{conflict}")
    ((decided, wish),) = arbiter.wishes
    assert (decided, wish.act, wish.reason) == (conflict, "keep_a", "A was first")


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
async def test_without_a_reason_nothing_is_done_and_the_form_is_shown_again(
    client: Client, rows: Rows, arbiter: RecordingArbiter, reason: str
) -> None:
    conflict = await two_sides(rows)
    asked = await form(client, conflict, "keep_a") | {"reason": reason}
    answer = await client.post(f"/conflicts/{conflict}", data=asked)
    assert answer.status == 422
    assert "Say why" in await answer.text()
    assert 'name="seen"' in await answer.text()
    assert arbiter.wishes == []


async def test_what_means_something_else_by_now_is_shown_anew_and_not_done(
    client: Client, rows: Rows, arbiter: RecordingArbiter
) -> None:
    conflict = await two_sides(rows)
    asked = await form(client, conflict, "keep_b") | {"reason": "B pays more"}
    await rows.pool.execute("update blocks set external_id = 'k-9' where external_id = 'k-1'")
    answer = await client.post(f"/conflicts/{conflict}", data=asked)
    assert answer.status == 422
    assert "Something changed meanwhile" in await answer.text()
    assert "k-9" in await answer.text()
    assert arbiter.wishes == []


@pytest.mark.parametrize("act", ["keep_both", "snooze"])
async def test_a_way_out_without_calls_is_not_done_to_another_conflict_of_this_number(
    client: Client, rows: Rows, arbiter: RecordingArbiter, act: str
) -> None:
    """The kind of fault: a form that says what it means by a number alone. The calendar's forms stood beside it."""
    conflict = await two_sides(rows)
    asked = await form(client, conflict, act) | {"reason": "they share"}
    await rows.pool.execute("update bookings set external_id = 'r-9' where external_id = 'r-1'")
    answer = await client.post(f"/conflicts/{conflict}", data=asked)
    assert answer.status == 422
    assert arbiter.wishes == []


async def test_an_act_that_there_is_not_is_not_done(
    client: Client, rows: Rows, arbiter: RecordingArbiter
) -> None:
    conflict = await two_sides(rows)
    wish = {"act": "burn", "reason": "why not", "seen": ""}
    answer = await client.post(f"/conflicts/{conflict}", data=wish)
    assert answer.status == 422
    assert arbiter.wishes == []


async def test_somebody_else_was_faster(
    client: Client, rows: Rows, arbiter: RecordingArbiter
) -> None:
    conflict = await two_sides(rows)
    asked = await form(client, conflict, "keep_a") | {"reason": "A was first"}
    arbiter.failure = Stale("keep b was decided by vera")
    answer = await client.post(f"/conflicts/{conflict}", data=asked)
    assert answer.status == 409
    assert "keep b was decided by vera" in await answer.text()


async def test_what_is_decided_offers_nothing_more(client: Client, rows: Rows) -> None:
    conflict = await two_sides(rows)
    await rows.pool.execute(
        "update conflicts set decided_at = $1,"
        ' decision = \'{"act": "keep_a", "actor": "vera", "reason": "first"}\'',
        NOW,
    )
    page = await text(client, f"/conflicts/{conflict}")
    assert "<strong>keep a</strong> by vera" in page
    assert "Under way" in page
    assert 'class="card way' not in page


async def test_the_inbox_is_sorted_by_start_and_keeps_the_settled_ones_below(
    client: Client, rows: Rows
) -> None:
    later = await two_sides(rows)
    venue = await rows.pool.fetchval("select id from venues")
    soon = await rows.conflict(await rows.booking(venue, start=NOON - HOUR), [], [])
    over = await rows.conflict(await rows.booking(venue), [], [])
    await rows.pool.execute(
        "update conflicts set closed_at = $1, resolution = 'the_booking_is_over' where id = $2",
        NOW + timedelta(seconds=60),
        over,
    )
    page = await text(client, "/conflicts")
    open_ones, settled = page.split('id="settled"')
    found = re.findall(r'<h3><a href="/conflicts/(\d+)"', open_ones)
    assert found == [str(soon), str(later)]
    assert f'href="/conflicts/{over}"' in settled
    assert "(2) Conflicts" in page


async def test_a_conflict_that_is_not_there_is_a_page_that_says_so(client: Client) -> None:
    answer = await client.get("/conflicts/77", headers={"Accept": "text/html"})
    assert answer.status == 404
    assert "no conflict of this id" in await answer.text()
