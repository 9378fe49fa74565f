"""The promises of the design, checked after every step of a life that hypothesis makes up."""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.databases import EMPTIED
from tests.town import CALM, UNITS, Plan, Side, Town, town

from holdfast.inventory.model import Guest
from holdfast.store import journal
from holdfast.sync.operate import DirectBooking, WishRefused

Result = TypeVar("Result")

SIDES = st.sampled_from(["boseat", "mozrest"])
UNIT = st.sampled_from(UNITS)
NTH = st.integers(0, 40)
LOST = [
    {"kind": "status", "status": 502, "when": "after"},
    {"kind": "reset", "when": "after"},
    {"kind": "truncated", "when": "after"},
    {"kind": "reset", "when": "before"},
    {"kind": "status", "status": 503, "when": "before"},
]
MANNERS: list[dict[str, object]] = [{}, {"lose": 1.0}, {"copies": 3}, {"keep_back": True}]

GRANTED_TWICE = (
    "select a.id from allocations a join allocations b"
    " on a.unit_id = b.unit_id and a.id < b.id and a.during && b.during"
)
UNGRANTED = (
    "select b.id from bookings b where b.status in ('held', 'pending', 'confirmed', 'seated', 'unknown')"
    " and b.venue_id is not null and b.during is not null"
    " and not exists (select from allocations a where a.booking_id = b.id)"
    " and not exists (select from conflicts c where c.booking_id = b.id and c.closed_at is null)"
)
BLOCKS_WITHOUT_REASON = (
    "select k.id from blocks k where k.closed_at is null and k.wants <> 'nothing'"
    " and not exists (select from bookings b where b.id = any(k.because)"
    " and b.status in ('held', 'pending', 'confirmed', 'seated', 'unknown'))"
)
EXPOSURES_ASTRAY = (
    "select e.id from exposures e join bookings b on b.id = e.booking_id where e.ended_at is null"
    " and b.status not in ('held', 'pending', 'confirmed', 'seated', 'unknown')"
)


async def emptied(database_url: str) -> None:
    """As a new database would be."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(EMPTIED)
    finally:
        await connection.close()


class VenueLife(RuleBasedStateMachine):
    """Guests, operators, the network and the clock, in any order; the town is real."""

    database_url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.guests: list[tuple[Side, str, timedelta]] = []
        self.direct: list[int] = []
        self.stormy = False
        self.town: Town | None = None

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    @property
    def t(self) -> Town:
        assert self.town is not None
        return self.town

    @initialize()
    def a_new_town(self) -> None:
        self.run(emptied(self.database_url))
        self.town = self.run(
            self.stack.enter_async_context(town(self.database_url, Plan(pace=CALM)))
        )

    @rule(side=SIDES, unit=UNIT, nth=NTH, confirm=st.booleans())
    def a_guest_books(self, side: str, unit: str, nth: int, confirm: bool) -> None:
        self.run(self._book(self.t.sides[side], unit, nth, confirm))

    async def _book(self, side: Side, unit: str, nth: int, confirm: bool) -> None:
        start, end = await self._offer(side, unit, nth)
        minutes = int((end - start).total_seconds() // 60)
        ref = await self._unless_refused(side.book(unit, start, minutes, confirm=confirm))
        if ref is not None:
            self.guests.append((side, ref, end - start))
        await self.t.live(2)

    @rule(nth=NTH, what=st.sampled_from(["confirm", "cancel"]))
    @precondition(lambda self: self.guests)
    def a_guest_decides(self, nth: int, what: str) -> None:
        side, ref, length = self.guests.pop(nth % len(self.guests))
        new = self.run(self._unless_refused(side.act(ref, what)))
        if new is not None and what == "confirm":
            self.guests.append((side, new, length))
        self.run(self.t.live(2))

    @rule(nth=NTH, to=NTH, unit=UNIT)
    @precondition(lambda self: self.guests)
    def a_guest_moves(self, nth: int, to: int, unit: str) -> None:
        self.run(self._move(*self.guests[nth % len(self.guests)], unit, to))

    async def _move(self, side: Side, ref: str, length: timedelta, unit: str, to: int) -> None:
        start, _ = await self._offer(side, unit, to)
        there = {"start": start.isoformat(), "end": (start + length).isoformat()}
        await self._unless_refused(side.act(ref, "move", there))
        await self.t.live(2)

    @rule(unit=UNIT, nth=NTH)
    def the_operator_books(self, unit: str, nth: int) -> None:
        start, end = self.run(self._offer(self.t.boseat, unit, nth))
        wish = DirectBooking(
            venue="glasshouse",
            unit=unit,
            listing=None,
            start=start,
            end=end,
            party_size=2,
            contact=Guest(name="Vera"),
        )
        self.direct.append(self.run(self.t.operator.book(wish)))
        self.run(self.t.live(2))

    @rule(nth=NTH)
    def the_operator_cancels(self, nth: int) -> None:
        self.run(self._cancel(nth))

    async def _cancel(self, nth: int) -> None:
        found = await self.t.rows("select id from bookings order by id")
        if not found:
            return
        try:
            await self.t.operator.cancel(found[nth % len(found)]["id"], "a whim")
        except WishRefused:
            return
        await self.t.live(2)

    @rule(side=SIDES, manner=st.sampled_from(MANNERS))
    def webhooks_change_their_manner(self, side: str, manner: dict[str, object]) -> None:
        self.run(self.t.sides[side].ask("PUT", "/webhooks", manner))

    @rule(side=SIDES, order=st.sampled_from(["reverse", "random"]))
    def webhooks_that_were_kept_back_arrive(self, side: str, order: str) -> None:
        self.run(self.t.sides[side].ask("POST", "/webhooks/flush", {"order": order}))
        self.run(self.t.live(2))

    @rule(side=SIDES, fault=st.sampled_from(LOST), count=st.integers(1, 2))
    def answers_get_lost(self, side: str, fault: dict[str, object], count: int) -> None:
        self.stormy = True
        weather = {**fault, "path": "/v1/.*", "count": count}
        self.run(self.t.sides[side].ask("POST", "/faults", weather))

    @rule(seconds=st.sampled_from([1, 30, 450, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.run(self.t.live(seconds))

    @rule()
    def polls_run_in_fair_weather(self) -> None:
        self.run(self._clear())
        self.run(self.t.live(400))
        missing = [v for v in self.run(self.t.violations()) if v.startswith("not in the store")]
        assert missing == []

    async def _clear(self) -> None:
        for side in self.t.sides.values():
            await side.ask("DELETE", "/faults")
            await side.ask("PUT", "/webhooks", {})
        self.stormy = False

    async def _offer(self, side: Side, unit: str, nth: int) -> tuple[datetime, datetime]:
        """One that is shown within the horizon of the polls."""
        now = self.t.clock.now()
        ahead = [o for o in await side.offered(unit) if now < o[0] < now + timedelta(hours=30)]
        return ahead[nth % len(ahead)]

    @staticmethod
    async def _unless_refused(act: Awaitable[str]) -> str | None:
        """Providers say no, and that is life."""
        try:
            return await act
        except AssertionError:
            return None

    @invariant()
    def no_unit_is_granted_twice_and_who_has_none_is_shown(self) -> None:
        if self.town is not None:
            assert self.run(self.t.rows(GRANTED_TWICE)) == []
            assert self.run(self.t.rows(UNGRANTED)) == []

    @invariant()
    def no_block_is_wanted_without_a_reason(self) -> None:
        if self.town is not None:
            assert self.run(self.t.rows(BLOCKS_WITHOUT_REASON)) == []
            assert self.run(self.t.rows(EXPOSURES_ASTRAY)) == []

    @invariant()
    def the_journal_is_whole(self) -> None:
        if self.town is not None:
            assert self.run(self._broken_at()) is None

    async def _broken_at(self) -> int | None:
        async with self.t.pool.acquire() as connection:
            return await journal.broken_at(connection, 1)

    @invariant()
    def what_was_answered_with_2xx_is_in_the_inbox(self) -> None:
        if self.town is not None:
            for name, side in self.t.sides.items():
                told = self.run(side.ask("GET", "/webhooks"))
                accepted = {d["id"] for d in told if d["status"] and 200 <= d["status"] < 300}
                assert len(accepted) <= self.run(self._stored(name))

    async def _stored(self, channel: str) -> int:
        rows = await self.t.rows(
            "select count(*) n from inbox i join accounts a on a.id = i.account_id"
            " where i.via = 'webhook' and a.channel = $1",
            channel,
        )
        return int(rows[0]["n"])

    def teardown(self) -> None:
        """Once the weather is fair and all holds are over, every channel agrees."""
        try:
            if self.town is not None:
                self.run(self._clear())
                self.run(self.t.live(2400))
                assert self.run(self.t.violations()) == []
        finally:
            self.run(self.stack.aclose())
            self.loop.close()


@pytest.mark.long
def test_the_promises_hold_after_every_step(database_url: str) -> None:
    life = type("Life", (VenueLife,), {"database_url": database_url})
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            phases=[
                Phase.generate
            ],  # a failure prints its steps; shrinking them takes many minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
