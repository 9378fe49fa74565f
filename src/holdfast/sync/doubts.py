"""doubts: what a channel does not find, or tells to be elsewhere, is asked about again before anything follows from it.

Whatever is applied comes through here first: reads by id, pages of lists, audits. A block of ours is the exception: doubt about it closes time
instead of freeing it, for it is placed again, and its channel refuses what stands there already.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import structlog

from holdfast.inventory.absence import AskAgain, Believe, Kind, conclude
from holdfast.inventory.model import OCCUPYING, Absent, Seen
from holdfast.store import absences, inbox, seats
from holdfast.store import bookings as booking_store
from holdfast.store.absences import Doubted
from holdfast.store.inbox import Incoming
from holdfast.sync.alarm import alarm
from holdfast.sync.decide import Observation
from holdfast.sync.heard import hear, processed
from holdfast.sync.parts import Account, Parts
from holdfast.sync.turn import turn
from holdfast.sync.unmapped import is_ours

log = structlog.get_logger()

ASKED_AGAIN: dict[Kind, str] = {
    "missing": "its channel does not find it; it is asked again",
    "elsewhere": "its channel shows it at another place; it is asked again",
}
NOT_FOUND = "not_found"
"""The conflict's kind: a booking is in doubt for minutes, and keeps its time until that is settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    observation: Observation
    kind: Kind
    doubted: Doubted


async def beyond_doubt(parts: Parts, observations: Sequence[Observation]) -> list[Observation]:
    """Those that may be decided on. The others change nothing: their bookings are read again soon."""
    doubtful = {id(o): kind for o, kind in _doubtful(observations)}
    if not doubtful:
        return list(observations)
    believed = []
    for observation in observations:
        kind = doubtful.get(id(observation))
        if kind is None or await _is_settled(parts, observation, kind):
            believed.append(observation)
    return believed


def _doubtful(observations: Sequence[Observation]) -> Iterator[tuple[Observation, Kind]]:
    for observation in observations:
        seen = observation.seen
        if isinstance(seen, Absent):
            yield observation, "missing"
        elif seen.elsewhere and seen.status in OCCUPYING:
            yield observation, "elsewhere"


async def _is_settled(parts: Parts, observation: Observation, kind: Kind) -> bool:
    account, seen = observation.account, observation.seen
    async with parts.pool.acquire() as connection:
        if await _is_beside_the_point(connection, account, seen):
            return True
        what = (account.id, seen.external_id, kind)
        doubted = await absences.doubt(connection, what, seen.read_at, observation.said_at)
        conclusion = conclude(doubted.doubt)
        if isinstance(conclusion, Believe):
            await absences.settled(connection, account.id, [seen.external_id])
            return True
    question = _Question(observation=observation, kind=kind, doubted=doubted)
    if isinstance(conclusion, AskAgain):
        await _ask_again(parts, question, conclusion)
    else:
        await _forget(parts, question)
    return False


async def _is_beside_the_point(
    connection: asyncpg.Connection, account: Account, seen: Seen | Absent
) -> bool:
    """It is a block of ours; or it is at no listing in service anyway, so that nothing would be freed."""
    if await is_ours(connection, account, seen):
        return True
    if isinstance(seen, Absent):
        return False
    known = await booking_store.by_ref(connection, account.id, seen.external_id)
    return known is None or known.listing_id not in account.listings or not known.occupying


async def _ask_again(parts: Parts, question: _Question, again: AskAgain) -> None:
    observation, doubt = question.observation, question.doubted.doubt
    account = observation.account
    ref = observation.seen.external_id
    log.warning("booking_in_doubt", account=account.name, doubt=question.kind, reads=doubt.reads)
    due = parts.now() + timedelta(seconds=again.seconds)
    async with parts.pool.acquire() as connection, connection.transaction():
        if not observation.inbox_ids:
            await hear(parts, connection, [_row(parts, account, ref)])
        await inbox.later(connection, observation.inbox_ids, due, ASKED_AGAIN[question.kind])
    if again.tell:
        await _tell(parts, question)


def _row(parts: Parts, account: Account, ref: str) -> Incoming:
    """A page of a list has no row of the inbox that could ask again."""
    return Incoming(
        account_id=account.id, via="poll", ref=ref, raw_type="in_doubt", received_at=parts.now()
    )


async def _tell(parts: Parts, question: _Question) -> None:
    """A person must know: the time stays closed, perhaps for nobody."""
    doubted, doubt = question.doubted, question.doubted.doubt
    if doubted.venue_id is None or doubted.venue_id not in parts.premises:
        return
    async with turn(parts, doubted.venue_id, actor="clock") as current:
        evidence: dict[str, object] = {
            "account": question.observation.account.name,
            "ref": question.observation.seen.external_id,
            "doubt": question.kind,
            "since": doubt.since.isoformat(),
            "reads": doubt.reads,
        }
        conflict = seats.NewConflict(
            venue_id=current.premises.id,
            kind=NOT_FOUND,
            opened_at=current.now,
            booking_id=doubted.booking_id,
            evidence=evidence,
        )
        await alarm(current, conflict, {})


async def _forget(parts: Parts, question: _Question) -> None:
    observation, now = question.observation, parts.now()
    account = observation.account
    async with parts.pool.acquire() as connection, connection.transaction():
        await absences.settled(connection, account.id, [observation.seen.external_id])
        await inbox.finish(connection, observation.inbox_ids, now, "noop")
    seconds = (now - observation.heard_at).total_seconds()
    events = len(observation.inbox_ids) or 1
    processed(parts.metrics, account.channel_name, "noop", seconds, events)
