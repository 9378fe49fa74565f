"""One conflict by the API: what arose, what can be done, and what becomes of a decision."""

from typing import Any

import pytest
from tests.web.conftest import Client, RecordingArbiter
from tests.web.rows import Rows
from tests.web.two_sides import two_sides

from holdfast.sync.operate import WishRefused
from holdfast.sync.remedy import ConflictUnknown, Stale


async def told(client: Client, path: str) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/conflicts/{path}")
    assert answer.status == 200, await answer.text()
    body: dict[str, Any] = await answer.json()
    return body


async def test_a_conflict_comes_with_its_evidence_and_ranked_actions_with_their_calls(
    client: Client, rows: Rows
) -> None:
    body = await told(client, str(await two_sides(rows)))
    assert body["evidence"]["why"]["text"] == "waited"
    assert [b["external_id"] for b in body["a"]] == ["r-1"]
    assert body["b"]["external_id"] == "t-2"
    assert [a["action"] for a in body["actions"]] == ["keep_a", "keep_b", "keep_both", "snooze"]
    cancel_t2 = {
        "call": "cancel",
        "account": "tables-main",
        "listing": "salon-tables",
        "ref": "t-2",
    }
    assert body["actions"][0]["calls"] == [cancel_t2]
    assert [(c["call"], c["ref"]) for c in body["actions"][1]["calls"]] == [
        ("cancel", "r-1"),
        ("release", "k-1"),
    ]


async def test_a_dry_run_shows_the_calls_and_decides_nothing(
    client: Client, rows: Rows, arbiter: RecordingArbiter
) -> None:
    conflict = await two_sides(rows)
    answer = await act(client, conflict, action="keep_a", reason="why not", dry_run=True)
    assert answer.status == 200
    body = await answer.json()
    assert (body["state"], body["calls"][0]["ref"]) == (None, "t-2")
    assert arbiter.wishes == []


async def act(client: Client, conflict: int, **body: object) -> Any:
    return await client.post(f"/api/v1/conflicts/{conflict}/actions", json=body)


async def test_a_decision_is_accepted_and_not_yet_settled(
    client: Client, rows: Rows, arbiter: RecordingArbiter
) -> None:
    conflict = await two_sides(rows)
    answer = await act(client, conflict, action="keep_a", reason="A was first")
    assert (answer.status, (await answer.json())["state"]) == (202, "under_way")
    ((number, wish),) = arbiter.wishes
    assert (number, wish.act, wish.actor, wish.reason) == (
        conflict,
        "keep_a",
        "operator",
        "A was first",
    )


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_decision_that_expects_another_booking_does_nothing(
    client: Client, rows: Rows, arbiter: RecordingArbiter, dry_run: bool
) -> None:
    """The kind of fault: see test_api_bookings.py."""
    conflict = await two_sides(rows)
    wish = {"action": "keep_a", "reason": "A was first", "dry_run": dry_run}
    answer = await act(client, conflict, **wish, expect_ref="t-9")
    told = await answer.json()
    assert (answer.status, told["errors"][0]["field"]) == (409, "expect_ref")
    assert arbiter.wishes == []
    for ref in ("r-1", "t-2"):
        answer = await act(client, conflict, **wish, expect_ref=ref)
        assert answer.status == (200 if dry_run else 202)


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (ConflictUnknown(1), 404),
        (Stale("keep_b by vera is under way"), 409),
        (WishRefused("action", "one of keep_b"), 422),
    ],
)
async def test_what_cannot_be_decided_says_why(
    client: Client, arbiter: RecordingArbiter, failure: Exception, status: int
) -> None:
    arbiter.failure = failure
    answer = await act(client, 1, action="keep_a", reason="A was first")
    assert (answer.status, answer.content_type) == (status, "application/problem+json")


@pytest.mark.parametrize(
    "body",
    [
        {"action": "keep_a"},
        {"action": "explode", "reason": "x"},
        {"action": "snooze", "reason": "x", "minutes": 0},
    ],
)
async def test_an_action_needs_a_reason_and_a_name_that_there_is(
    client: Client, rows: Rows, body: dict[str, object]
) -> None:
    assert (await act(client, await two_sides(rows), **body)).status == 422


async def test_a_conflict_that_is_not_there_is_a_problem(client: Client) -> None:
    assert (await client.get("/api/v1/conflicts/4711")).status == 404
    assert (await act(client, 4711, action="keep_a", reason="x", dry_run=True)).status == 404


async def test_the_page_names_the_best_way_out_and_changes_nothing(
    client: Client, rows: Rows
) -> None:
    conflict = await two_sides(rows)
    page = await (await client.get("/")).text()
    assert "Keep A, cancel B (tables-main #2)" in page
    assert f'href="/conflicts/{conflict}"' in page
    await rows.pool.execute(
        'update conflicts set decision = \'{"act": "keep_a", "actor": "vera"}\''
    )
    page = await (await client.get("/")).text()
    assert "<strong>keep a</strong> by vera: under way" in page
    assert (await told(client, str(conflict)))["actions"] == []


async def test_what_the_policy_will_do_is_announced_with_how_to_stop_it(
    client: Client, rows: Rows
) -> None:
    conflict = await two_sides(rows)
    await rows.pool.execute("update conflicts set auto_at = $1", rows.now.replace(minute=7))
    page = await (await client.get("/")).text()
    assert "Policy auto does this in" in page
    assert f'href="/conflicts/{conflict}?act=snooze#decide"' in page
