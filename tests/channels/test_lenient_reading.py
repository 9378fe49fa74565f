"""A booking is never lost by a field beside its id and its time, whatever stands in it, on either channel."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.channels.boseat.test_samples import NOW as BOSEATS_NOW
from tests.channels.liar import READS, REF, SPAN, booking, lying, page, told
from tests.channels.mozrest.test_samples import LISTINGS
from tests.channels.test_absurd_values import fields, with_value
from tests.channels.test_hostile_answers import CHANNELS, NOWHERE

from holdfast.channel import Broken, Page, Strange
from holdfast.channels import boseat, mozrest
from holdfast.channels.boseat import translate
from holdfast.channels.boseat.protocol.bookings import list_request
from holdfast.channels.boseat.protocol.paging import read_page
from holdfast.channels.boseat.wire import Booking
from holdfast.channels.mozrest.replies import read_bookings
from holdfast.channels.mozrest.translate import seen
from holdfast.exchange import Reply
from holdfast.inventory.model import FIRM, OCCUPYING, Seen, Span

Told = Mapping[str, Any]
Found = Seen | Strange


def reply(row: object) -> Reply:
    body = {"data": [row], "total": 1}
    return Reply(status=200, headers={}, body=json.dumps(body).encode())


def at_boseat(row: object) -> Found:
    found = read_page(Booking, list_request(1), reply(row), page=1)
    return (
        found.strange[0]
        if found.strange
        else translate.seen(found.rows[0], "salon-boseat", BOSEATS_NOW)
    )


def at_mozrest(row: object) -> Found:
    found = read_bookings("scan", reply(row), BOSEATS_NOW)
    if found.strange:
        return found.strange[0]
    return seen(found.bookings[0], LISTINGS, None, BOSEATS_NOW, "60e890aca5f07b6ee5b950b1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """How a channel tells of bookings."""

    read: Callable[[object], Found]
    samples: Sequence[Told]
    times: frozenset[tuple[str, ...]]
    place: frozenset[str]
    """Fields that say where it is: told otherwise, it is elsewhere."""


def documented(package: Path, body_of: Callable[[Told], Any]) -> list[Told]:
    """The bookings among the samples of which a time and an id are told."""
    rows = [
        body_of(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted((package / "samples").glob("*.json"))
    ]
    return [row for row in rows if isinstance(row, dict)]


def boseats(sample: Told) -> Any:
    readable = sample["reader"] == "booking" and "slot" in sample["reply"]["body"]
    return sample["reply"]["body"] if readable and "span" in sample["expected"] else None


def mozrests(sample: Told) -> Any:
    means = sample["means"]
    readable = sample["read_as"] == "booking" and means != "unreadable" and means["start"]
    return sample["body"] if readable else None


SURFACES: Mapping[str, Surface] = {
    "boseat": Surface(
        read=at_boseat,
        samples=documented(Path(boseat.__path__[0]), boseats),
        times=frozenset({("slot",), ("slot", "from"), ("slot", "to")}),
        place=frozenset({"space"}),
    ),
    "mozrest": Surface(
        read=at_mozrest,
        samples=documented(Path(mozrest.__path__[0]), mozrests),
        times=frozenset({("date",)}),
        place=frozenset({"venueId", "areaId", "bookingType"}),
    ),
}

JUNK: st.SearchStrategy[object] = st.one_of(
    st.sampled_from([None, True, False, "", " ", [], {}, [[]], {"code": "CONFIRMED"}, "\0", 0, -1]),
    st.sampled_from([[None], {"id": {}}, {"a": {"b": []}}, 1e308, 10**30, "?", "x" * 3_000]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=4,
    ),
)

NOTATIONS: Sequence[Callable[[datetime], object]] = (
    lambda at: at.isoformat(),
    lambda at: at.isoformat().replace("+00:00", "Z"),
    lambda at: at.isoformat().replace("+00:00", "z").replace("T", "t"),
    lambda at: at.isoformat(" ").replace("+00:00", "+00"),
    lambda at: (at + timedelta(hours=1)).isoformat().replace("+00:00", "+0100"),
    lambda at: at.isoformat(timespec="milliseconds").replace(".", ","),
    lambda at: (at - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:60Z"),
    lambda at: at.strftime("%Y%m%dT%H%M%SZ"),
    lambda at: int(at.timestamp()),
    lambda at: str(int(at.timestamp())),
    lambda at: int(at.timestamp() * 1000),
    lambda at: at.timestamp(),
)


def time_in(surface: Surface, row: Told) -> Span:
    found = surface.read(row)
    assert isinstance(found, Seen)
    assert found.span is not None
    return found.span


def written(surface: Surface, row: Told, notation: Callable[[datetime], object]) -> Told:
    """The same row, with its time in another notation of the same instants."""
    span = time_in(surface, row)
    if ("date",) in surface.times:
        return {**row, "date": notation(span.start)}
    return {**row, "slot": {"from": notation(span.start), "to": notation(span.end)}}


@st.composite
def beside(draw: st.DrawFn, surface: Surface) -> tuple[Told, Told, set[str]]:
    """A documented booking, the same with junk in fields beside its id and time, and which those are."""
    sample = draw(st.sampled_from(surface.samples))
    row = written(surface, sample, draw(st.sampled_from(NOTATIONS)))
    paths = [
        path
        for path in fields(sample)
        if path != ("id",) and path not in surface.times and path[0] not in surface.place
    ]
    spoilt = draw(st.lists(st.sampled_from(paths), max_size=3, unique=True)) if paths else []
    for path in spoilt:
        if path in set(fields(row)):
            row = with_value(row, path, draw(JUNK))
    if draw(st.booleans()):
        row = {**row, "grown": draw(JUNK)}
    return sample, row, {path[0] for path in spoilt}


@pytest.mark.parametrize("name", sorted(SURFACES))
@given(data=st.data())
@settings(deadline=None, max_examples=150, derandomize=True)
def test_id_and_time_suffice_to_close_it(name: str, data: st.DataObject) -> None:
    """The kind of fault: a whole booking is lost, and its time sold, because a field beside it cannot be read.

    It stood in both channels, in lists, reads by id and answers to calls.
    """
    surface = SURFACES[name]
    sample, row, spoilt = data.draw(beside(surface))
    before, after = surface.read(sample), surface.read(row)
    assert isinstance(before, Seen)
    assert isinstance(after, Seen), row
    assert after.external_id == before.external_id
    assert after.span is not None
    assert before.span is not None
    assert after.span.covers(before.span)
    if "status" not in spoilt | ({"canceledAt", "mzPaymentUrl"} & spoilt):
        assert after.status == before.status
    elif not isinstance(row.get("status"), str) and "canceledAt" not in row:
        assert after.status in OCCUPYING
    assert set(after.unread) <= spoilt | set(before.unread)


@pytest.mark.parametrize("name", sorted(SURFACES))
@given(data=st.data())
@settings(deadline=None, max_examples=150, derandomize=True)
def test_whatever_is_told_its_time_is_closed_or_somebody_is_told(
    name: str, data: st.DataObject
) -> None:
    surface = SURFACES[name]
    row: dict[str, Any] = dict(data.draw(st.sampled_from(surface.samples)))
    before, its_id = surface.read(row), str(row["id"])
    paths = data.draw(st.lists(st.sampled_from(list(fields(row))), min_size=1, max_size=3))
    for path in paths:
        if path in set(fields(row)):
            row = with_value(row, path, data.draw(JUNK))
    after = surface.read(row)
    assert isinstance(before, Seen)
    if isinstance(after, Strange):
        assert after.fields
        assert after.ref == its_id or ("id",) in paths
    elif after.status not in OCCUPYING:
        by_word, by_date = isinstance(row.get("status"), str), row.get("status") is None
        assert by_word or (by_date and "canceledAt" in row)
    elif not after.unread and after.listing is not None:
        assert after.span is not None
        assert after.span == before.span or {path[0] for path in paths} & TIMED


TIMED = frozenset({"slot", "date", "product", "partySize", "venueId", "areaId", "bookingType"})
"""What its time follows from."""


CASES: Mapping[str, tuple[Callable[[Told], Told], str]] = {
    "an object": (lambda row: {**row, "status": {"code": "CONFIRMED"}}, "status"),
    "a list": (lambda row: {**row, "status": ["CANCELLED"]}, "status"),
    "a truth value": (lambda row: {**row, "status": False}, "status"),
    "an object that names a terminal word": (
        lambda row: {**row, "status": {"code": "CANCELLED"}, "canceledAt": SPAN.start.isoformat()},
        "status",
    ),
}


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("case", CASES)
async def test_an_unreadable_status_is_unknown_and_occupies_in_lists_and_reads(
    name: str, case: str
) -> None:
    spoil, field = CASES[case]
    for found in await both_ways(name, spoil):
        assert isinstance(found, Seen)
        assert (found.status, found.span, found.unread) == ("unknown", SPAN_OF[name], (field,))
        assert found.status in FIRM


SPAN_OF = {"boseat": SPAN, "mozrest": Span.of(SPAN.start, timedelta(minutes=120))}


async def both_ways(
    name: str, spoil: Callable[[Told], Told]
) -> Iterator[Found | type[Broken] | None]:
    """What is made of it when it is read by its id, and in a list."""
    async with lying(name, told(None)) as liar:
        row = spoil(booking(liar))

        def reads(path: str) -> Any:
            if NOWHERE in path:
                return told(page(name))
            return told(page(name, row) if "?" in path else row)

        liar.reads = reads
        try:
            fetched: Any = await READS["fetch"](liar)
        except Broken:
            fetched = Broken
        pages = await READS["scan"](liar)
    assert isinstance(pages, list)
    assert all(isinstance(one, Page) for one in pages)
    listed = [one for each in pages for one in (*each.bookings, *each.strange)]
    assert len(listed) == 1
    complete = pages[-1].complete
    assert complete == isinstance(listed[0], Seen)
    return iter((fetched, listed[0]))


def timed(start: object, end: object) -> Callable[[Told], Told]:
    return lambda row: {**row, "slot": {"from": start, "to": end}}


START, END = SPAN.start.isoformat(), SPAN.end.isoformat()
HOUR = timedelta(hours=1)
ENDS: Mapping[str, tuple[Callable[[Told], Told], Span]] = {
    "no end": (lambda row: {**row, "slot": {"from": START}}, SPAN),
    "no start": (lambda row: {**row, "slot": {"to": END}}, SPAN),
    "an end that is a word": (timed(START, "late"), SPAN),
    "a start of zero": (timed(0, END), SPAN),
    "an end that is an object": (timed(START, {"at": END}), SPAN),
    "ends turned round": (timed(END, START), Span(start=SPAN.start, end=SPAN.end + HOUR)),
    "no length": (timed(START, START), SPAN),
}


@pytest.mark.parametrize("case", ENDS)
async def test_one_end_of_its_time_suffices_to_close_it(case: str) -> None:
    spoil, span = ENDS[case]
    for found in await both_ways("boseat", spoil):
        assert isinstance(found, Seen)
        assert (found.status, found.span) == ("confirmed", span)
        assert (found.unread, found.guessed) == (("slot",), ("time",))


async def test_a_missing_end_is_as_far_away_as_the_product_is_long() -> None:
    for metadata, hours in (
        ({"durationType": "hourly", "durationValue": 3}, 3),
        ({"duration": {"type": "daily", "value": "2"}}, 48),
        ({"durationType": "epochs", "durationValue": 1}, 1),
        ({"durationType": "hourly", "durationValue": -4}, 1),
    ):
        row = {
            **dict(SURFACES["boseat"].samples[0]),
            "slot": {"from": START, "to": None},
            "product": {"id": "p1", "metadata": metadata},
        }
        found = at_boseat(row)
        assert isinstance(found, Seen)
        assert found.span == Span.of(SPAN.start, timedelta(hours=hours))


TIMELESS: Mapping[str, Mapping[str, Callable[[Told], Told]]] = {
    "boseat": {
        "words": timed("soon", "later"),
        "a text": lambda row: {**row, "slot": "tomorrow"},
        "a year and more": timed(START, "2029-01-01T00:00:00Z"),
        "years turned round": timed("2029-01-01T00:00:00Z", END),
    },
    "mozrest": {
        "words": lambda row: {**row, "date": "soon"},
        "an object": lambda row: {**row, "date": {"day": START}},
        "zero": lambda row: {**row, "date": 0},
        "no zone": lambda row: {**row, "date": "2026-11-24T12:00:00"},
    },
}


@pytest.mark.parametrize(
    ("name", "case"), [(name, case) for name, cases in TIMELESS.items() for case in cases]
)
async def test_what_is_on_and_tells_no_time_that_can_be_read_wakes_somebody(
    name: str, case: str
) -> None:
    fetched, listed = await both_ways(name, TIMELESS[name][case])
    assert fetched is Broken
    assert isinstance(listed, Strange)
    assert listed.ref == REF
    assert listed.fields == {"boseat": "slot", "mozrest": "date"}[name]


@pytest.mark.parametrize(
    ("name", "word"), [("boseat", "CANCEL"), ("boseat", " refunded"), ("mozrest", "No_Show")]
)
async def test_what_is_over_is_over_whatever_its_time(name: str, word: str) -> None:
    for case in TIMELESS[name].values():
        for found in await both_ways(name, of_status(case, word)):
            assert isinstance(found, Seen)
            assert found.status not in OCCUPYING


def of_status(spoil: Callable[[Told], Told], word: str) -> Callable[[Told], Told]:
    return lambda row: {**spoil(row), "status": word}


@pytest.mark.parametrize("name", CHANNELS)
async def test_what_is_on_and_tells_no_time_at_all_is_kept_and_named(name: str) -> None:
    """The kind of fault: nothing is known of when it is, nothing is closed, and all is green."""
    field = {"boseat": "slot", "mozrest": "date"}[name]
    for found in await both_ways(name, lambda row: {**row, field: None}):
        assert isinstance(found, Seen)
        assert (found.span, found.unread) == (None, (field,))


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("told_id", [4711, 4711.0, "4711"], ids=repr)
async def test_an_id_is_the_same_as_a_number_and_as_a_text(name: str, told_id: object) -> None:
    found = SURFACES[name].read({**SURFACES[name].samples[0], "id": told_id})
    assert isinstance(found, Seen)
    assert found.external_id == "4711"


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("told_id", [None, True, "", [], {}, {"id": 1}, "..", "\0"], ids=repr)
async def test_without_an_id_somebody_is_told(name: str, told_id: object) -> None:
    found = SURFACES[name].read({**SURFACES[name].samples[0], "id": told_id})
    assert isinstance(found, Strange)
    assert (found.ref, found.fields) == (None, "id")


@pytest.mark.parametrize("party", [4, 4.0, "4", " 4 ", "4.0"], ids=repr)
def test_a_party_is_the_same_in_any_notation(party: object) -> None:
    found = at_mozrest({**SURFACES["mozrest"].samples[0], "partySize": party})
    assert isinstance(found, Seen)
    assert (found.party_size, found.guessed) == (4, ())


@pytest.mark.parametrize("party", ["", "four", 0, -2, True, 2.5, [], {"adults": 8}], ids=repr)
def test_a_party_that_cannot_be_read_is_none_and_stays_as_long_as_the_largest(
    party: object,
) -> None:
    sample = SURFACES["mozrest"].samples[0]
    found = at_mozrest({**sample, "partySize": party, "date": "2026-12-05T19:00:00Z"})
    assert isinstance(found, Seen)
    assert (found.party_size, found.unread, found.guessed) == (None, ("partySize",), ("party",))
    assert found.span == Span.of(datetime(2026, 12, 5, 19, tzinfo=UTC), timedelta(minutes=150))


def test_a_venue_that_cannot_be_read_is_the_one_whose_list_it_is_in() -> None:
    found = at_mozrest({**SURFACES["mozrest"].samples[0], "venueId": {"id": 1}})
    assert isinstance(found, Seen)
    assert (found.listing, found.elsewhere, found.unread) == ("dining-room", False, ("venueId",))


@pytest.mark.parametrize("total", ["1", 1.0, None, "many", [], {}], ids=repr)
def test_the_number_of_rows_does_not_cost_the_rows(total: object) -> None:
    """The kind of fault: a field of the list costs all of its bookings."""
    row = SURFACES["mozrest"].samples[0]
    body = json.dumps({"total": total, "data": [row]}).encode()
    found = read_bookings("scan", Reply(status=200, headers={}, body=body), BOSEATS_NOW)
    assert [one.id for one in found.bookings] == [row["id"]]
    assert found.total in (1, None)


@pytest.mark.parametrize("more", [True, "true", "True", 1, "1"], ids=repr)
def test_that_a_list_goes_on_is_read_in_any_notation(more: object) -> None:
    body = json.dumps({"data": [], "meta": {"hasNextPage": more}}).encode()
    found = read_page(Booking, list_request(1), Reply(status=200, headers={}, body=body), page=1)
    assert not found.last
