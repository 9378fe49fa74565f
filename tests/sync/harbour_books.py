"""Is the harbour's inventory right? Judged by the providers' own books, with nothing of ours but who sits there directly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sync.harbour import BUY_OUT, POOL, SPACE, TABLES, many, ours, oversold, times
from tests.town import REACH, Town

HOUSE = tuple(TABLES)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
TURN = timedelta(minutes=90)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody has booked, or could: any one of several sets of tables for a time."""

    ref: str
    start: datetime
    end: datetime
    options: tuple[tuple[str, ...], ...]


def pooled(ref: str, span: tuple[datetime, datetime], party: int) -> Wish:
    fits = tuple((name,) for name, seats in TABLES.items() if seats >= party)
    return Wish(ref=ref, start=span[0], end=span[1], options=fits)


def fixed(ref: str, span: tuple[datetime, datetime], tables: Sequence[str]) -> Wish:
    return Wish(ref=ref, start=span[0], end=span[1], options=(tuple(tables),))


def seatable(wishes: Iterable[Wish]) -> bool:
    """Whether there is some seating of them all: every way is followed, from the first to the last to come."""
    states = {tuple(LONG_AGO for _ in HOUSE)}
    for wish in sorted(wishes, key=lambda w: w.start):
        states = {
            tuple(wish.end if table in option else max(end, LONG_AGO) for table, end in free)
            for state in states
            for free in [
                [(n, LONG_AGO if e <= wish.start else e) for n, e in zip(HOUSE, state, strict=True)]
            ]
            for option in wish.options
            if all(end == LONG_AGO for table, end in free if table in option)
        }
        if not states:
            return False
    return True


async def everybody(t: Town) -> list[Wish]:
    """Whoever has booked and is not gone yet, on either side and at the venue itself."""
    now = t.clock.now()
    pool = [e for e in await t.mozrest.taken(POOL) if e["by"] != "client"]
    found = [pooled(e["ref"], times(e), e["party"]) for e in pool]
    for place, tables in ((SPACE, (SPACE,)), (BUY_OUT, HOUSE)):
        taken = [e for e in await t.boseat.taken(place) if e["by"] != "client"]
        found += [fixed(e["ref"], times(e), tables) for e in taken]
    direct = await t.rows(
        "select external_id, lower(during) s, upper(during) e,"
        " array(select name from units where id = any(b.unit_ids)) as tables"
        " from bookings b where channel = 'direct' and status = 'confirmed'"
    )
    found += [fixed(row["external_id"], (row["s"], row["e"]), row["tables"]) for row in direct]
    return [wish for wish in found if wish.end > now]


async def losers(t: Town) -> dict[str, str]:
    """Whoever is shown to a person as without a table: reference, and why."""
    rows = await t.rows(
        "select b.external_id, c.kind from conflicts c join bookings b on b.id = c.booking_id"
        " where c.closed_at is null and c.kind in ('double_booking', 'too_small')"
        " and upper(b.during) > $1",
        t.clock.now(),
    )
    return {row["external_id"]: row["kind"] for row in rows}


async def wrong(t: Town) -> list[str]:
    """Whatever is not as it must be once all is quiet."""
    wishes, lost = await everybody(t), await losers(t)
    found = [f"conflict of nobody: {r}" for r in lost.keys() - {w.ref for w in wishes}]
    found += _unshown(wishes, lost)
    found += await _sold_twice(t, wishes, lost)
    found += await _left_behind(t, wishes)
    found += await _unfinished(t, wishes)
    found += [f"{n}: sold twice by itself" for n, s in t.sides.items() if await s.taken_twice()]
    return found


def _unshown(wishes: Sequence[Wish], lost: Mapping[str, str]) -> list[str]:
    """Who has a table can sit, all together; who is shown to have none really has none."""
    seated = [wish for wish in wishes if wish.ref not in lost]
    found = [] if seatable(seated) else ["a clash is not shown"]
    for wish in wishes:
        if wish.ref in lost and seatable([*seated, wish]):
            found.append(f"no clash, but shown as one: {wish}")
        if wish.ref in lost and (lost[wish.ref] == "too_small") != (not wish.options):
            found.append(f"not a clash of its kind: {lost[wish.ref]} {wish}")
    return found


async def _sold_twice(t: Town, wishes: Sequence[Wish], lost: Mapping[str, str]) -> list[str]:
    """Whatever somebody could book now for which there is no table."""
    could = [pooled(POOL, span, 2) for span in await t.mozrest.offered(POOL)]
    could += [fixed(SPACE, span, (SPACE,)) for span in await t.boseat.offered(SPACE)]
    could += [fixed(BUY_OUT, span, HOUSE) for span in await t.boseat.offered(BUY_OUT)]
    seated = [wish for wish in wishes if lost.get(wish.ref) != "double_booking"]
    there = [one if one.options else pooled(one.ref, (one.start, one.end), 1) for one in seated]
    return await oversold(t) + [
        f"sold but not there: {wish.ref} {wish.start:%d %H:%M}"
        for wish in could
        if not seatable([*there, wish])
    ]


async def _left_behind(t: Town, wishes: Sequence[Wish]) -> list[str]:
    """Blocks for which there is no reason (any more): as many as are taken elsewhere close by, and no more."""
    now = t.clock.now()
    found = []
    there = await ours(t, "mozrest", POOL)
    for start, end in there:
        taken = sum(
            len(w.options[0])
            for w in wishes
            if len(w.options) == 1 and w.start - TURN < end and start < w.end + TURN
        )
        if end > now and many(there, start) > taken:
            found.append(f"orphan block: {POOL} {start:%d %H:%M}, taken elsewhere {taken}")
    for place in (SPACE, BUY_OUT):
        for start, end in await ours(t, "boseat", place):
            near = [w for w in wishes if w.start - REACH < end and start < w.end + REACH]
            if end > now and not near:
                found.append(f"orphan block: {place} {start:%d %H:%M}")
    return found


async def _unfinished(t: Town, wishes: Sequence[Wish]) -> list[str]:
    rows: list[Any] = await t.rows(
        "select p.call, p.state, p.error from pushes p where p.state not in ('done', 'superseded')"
    )
    found = [f"call not done: {row['call']} {row['state']} {row['error']}" for row in rows]
    blocks = await t.rows(
        "select lower(during) s, wants, state from blocks where closed_at is null and upper(during) > $1"
        " and not ((wants = state) or (wants = 'held' and state = 'booked')"
        " or (state = 'held' and expires_at > $1))",  # left to lapse
        t.clock.now(),
    )
    found += [f"block not as wanted: {b['s']:%d %H:%M} {b['wants']} {b['state']}" for b in blocks]
    known = {
        (r["external_id"], r["s"], r["e"])
        for r in await t.rows(
            "select external_id, lower(during) s, upper(during) e from bookings"
            " where status in ('held', 'pending', 'confirmed', 'seated', 'unknown')"
        )
    }
    found += [f"not in the store: {w}" for w in wishes if (w.ref, w.start, w.end) not in known]
    twice = await t.rows(
        "select a.id from allocations a join allocations b"
        " on a.unit_id = b.unit_id and a.id < b.id and a.during && b.during"
    )
    return found + [f"granted twice: allocation {row['id']}" for row in twice]
