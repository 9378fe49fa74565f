"""What pages do while it burns is judged, and only where it is certain."""

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from tests.sync.test_conflicts import clash
from tests.town import town

from holdfast.soak.bounds import Struck
from holdfast.soak.pages import ALL_CLEAR, Trouble, Visit, read, wrongs
from holdfast.soak.reader import PATHS, Reader, explained, troubles

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def visit(
    status: int = 200,
    seconds: float = 0.1,
    *,
    path: str = "/",
    asks_again: bool = False,
    title: str = "",
) -> Visit:
    return Visit(
        web="web.1",
        path=path,
        began=NOW,
        ended=NOW + timedelta(seconds=seconds),
        status=status,
        asks_again=asks_again,
        title=title,
    )


def struck(
    kind: str, target: str, ago: float, lasts: float = 2.0, side: str | None = None
) -> Struck:
    began = NOW - timedelta(seconds=ago)
    return Struck(
        kind=kind, target=target, side=side, began=began, ended=began + timedelta(seconds=lasts)
    )


POSTGRES = struck("postgres killed", "postgres", 3)
TO_POSTGRES = struck("link stall", "to-postgres", 3)
LONG_AGO = struck("postgres killed", "postgres", 60)
WEB = struck("process paused", "web.1", 3)
OTHER_WEB = struck("process paused", "web.2", 3)
PROVIDER = struck("provider 5xx before", "boseat", 3, side="boseat")


@pytest.mark.parametrize(
    ("seen", "faults", "told"),
    [
        (visit(), [], []),
        (visit(404), [], []),
        (visit(0), [], []),
        (visit(500), [POSTGRES], ["500"]),
        (visit(303), [], ["303"]),
        (visit(503), [POSTGRES], ["503 without Retry-After"]),
        (visit(503, asks_again=True), [POSTGRES], []),
        (visit(503, asks_again=True), [TO_POSTGRES], []),
        (visit(503, asks_again=True), [], ["503 though nothing had struck the database"]),
        (visit(503, asks_again=True), [LONG_AGO], ["503 though nothing"]),
        (visit(503, asks_again=True), [PROVIDER], ["503 though nothing"]),
        (visit(seconds=11), [], ["no answer for 11.0 s"]),
        (visit(0, 11), [OTHER_WEB], ["no answer for 11.0 s"]),
        (visit(0, 11), [WEB], []),
        (visit(seconds=11), [PROVIDER], ["no answer for 11.0 s"]),
        (visit(seconds=11, path="/conflicts/7"), [PROVIDER], []),
    ],
)
def test_an_answer_is_judged_by_what_struck_near_it(
    seen: Visit, faults: list[Struck], told: list[str]
) -> None:
    found = [violation.what for violation in wrongs([seen], faults, [])]
    assert len(found) == len(told)
    assert all(words in what for words, what in zip(told, found, strict=True))


@pytest.mark.parametrize(
    ("began", "ended", "wrong"),
    [(-20, 20, True), (0.05, 20, False), (-20, 0.05, False), (-60, -20, False)],
)
def test_all_is_not_clear_while_something_is_known_to_be_wrong(
    began: float, ended: float, wrong: bool
) -> None:
    stood = Trouble(
        what="conflict 1 was open",
        began=NOW + timedelta(seconds=began),
        ended=NOW + timedelta(seconds=ended),
    )
    assert bool([*wrongs([visit(title=f"{ALL_CLEAR} · Holdfast")], [], [stood])]) == wrong
    assert not [*wrongs([visit(title="(1) 1 open conflict")], [], [stood])]


def test_the_summary_counts_what_was_not_answered() -> None:
    assert read([]) == "none"
    told = read([visit(), visit(503, 2.0), visit(0)])
    assert told == "2, p99 0.10 s, max 2.00 s; 1 times 503, 1 times no answer"


async def test_every_page_is_there_and_the_first_one_says_how_things_are(
    database_url: str,
) -> None:
    async with town(database_url) as t, aiohttp.ClientSession() as session:
        reader = Reader(webs={"web.1": t.web_url}, session=session)
        for path in (*PATHS, *explained()):
            await reader.visit("web.1", path)
        known = {seen.path: seen.status for seen in reader.visits}
        strange = {path for path in known if "harbour" in path}
        assert {path: known[path] for path in known.keys() - strange} == dict.fromkeys(
            known.keys() - strange, 200
        )
        assert reader.visits[0].title.endswith("Holdfast")


async def test_what_the_store_knew_to_be_wrong_is_found(database_url: str) -> None:
    async with town(database_url) as t:
        number = await clash(t)
        t.clock.advance(60)
        async with t.pool.acquire() as connection:
            found = await troubles(connection, [])
    assert f"conflict {number} was open" in {trouble.what for trouble in found}
