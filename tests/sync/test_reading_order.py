"""More news than may be read: what is read first, and how often."""

from dataclasses import dataclass, replace
from datetime import timedelta

from tests.town import MORNING, Plan, Side, Town, town

from holdfast.budget import Kind
from holdfast.inventory.shares import Use
from holdfast.sync.absorb import absorb
from holdfast.sync.parts import ECHO, Account

HOUR = timedelta(hours=1)


@dataclass
class Few:
    """A budget of which so many calls are left; the calls themselves are not counted by it."""

    calls: int

    async def take(self, kind: Kind, use: Use = "acting") -> float:
        return 0.0

    async def left(self, kind: Kind, use: Use = "acting") -> int:
        return self.calls

    async def penalise(self, seconds: float) -> None:
        self.calls = 0


def account(t: Town, name: str, calls: int) -> Account:
    found = next(a for a in t.wiring.parts.accounts.values() if a.name == name)
    return replace(found, budget=Few(calls))


async def reads(side: Side) -> list[str]:
    """The references that were asked for by their ids, in order."""
    asked = await side.ask("GET", "/requests")
    return [r["path"].rsplit("/", 1)[-1] for r in asked if r["method"] == "GET"]


async def hint(t: Town, refs: list[str]) -> None:
    """As a webhook would have left it."""
    for ref in refs:
        await t.pool.execute(
            "insert into inbox (account_id, via, ref, raw_type, received_at, due_at)"
            " select id, 'webhook', $1, 'booking.updated', $2, $2 from accounts where name = 'boseat-main'",
            ref,
            t.clock.now(),
        )


async def test_a_small_budget_is_spent_on_the_riskiest_bookings_and_on_each_of_them_once(
    database_url: str,
) -> None:
    async with town(database_url, Plan(webhooks=False)) as t:
        hours = [6, 2, 26, 4]
        refs = {h: await t.boseat.book("salon", MORNING + h * HOUR, 60) for h in hours[:3]}
        await t.pass_time(120)  # polls have found them
        refs[4] = await t.boseat.book("salon", MORNING + 4 * HOUR, 60)
        t.clock.advance(1)
        await hint(t, [refs[h] for h in hours] * 25)
        await t.boseat.ask("DELETE", "/requests")
        in_turn = []
        for _ in range(3):
            await absorb(t.wiring.parts, account(t, "boseat-main", 1))
            in_turn.append(await reads(t.boseat))
        assert in_turn[-1] == [refs[4], refs[2], refs[6]]
        rows = await t.rows(
            "select ref, attempts, done_at is null as waits from inbox where via = 'webhook'"
        )
        assert {row["ref"] for row in rows if row["waits"]} == {refs[26]}
        assert {row["attempts"] for row in rows if row["waits"]} == {0}


async def test_what_we_have_just_placed_is_not_read_before_its_answer_is_settled(
    database_url: str,
) -> None:
    async with town(database_url, Plan(webhooks=False)) as t:
        parts, boseat = t.wiring.parts, account(t, "boseat-main", 8)
        elsewhere = next(a for a in parts.accounts.values() if a.name != "boseat-main")
        refs = [await t.boseat.book("salon", MORNING + h * HOUR, 60) for h in (2, 4, 6)]
        parts.has_placed(boseat, refs[0])
        t.clock.advance((ECHO / 2).total_seconds())
        parts.has_placed(boseat, refs[1])
        parts.has_placed(elsewhere, refs[2])
        t.clock.advance((ECHO / 2).total_seconds())
        await hint(t, refs)
        await t.boseat.ask("DELETE", "/requests")
        await absorb(parts, boseat)
        assert sorted(await reads(t.boseat)) == sorted([refs[0], refs[2]])
        rows = await t.rows("select ref, outcome from inbox where via = 'webhook'")
        assert {row["ref"]: row["outcome"] for row in rows}[refs[1]] == "echo"
        parts.has_placed(elsewhere, "another")
        assert (boseat.id, refs[0]) not in parts.placed  # nor is it kept for ever
