"""The checker of a venue with a pool finds each of the things that it is there for, and nothing where all is right."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from holdfast.inventory.known import Outlet, Unit
from holdfast.inventory.model import Span, Takes
from holdfast.soak.books import Books, Entry, said
from holdfast.soak.pools import House, Sold, wrongs_at

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
QUARTER, TURN = timedelta(minutes=15), timedelta(minutes=90)
LUNCH = Span.of(NOON, TURN)
TEA = Span.of(NOON + 2 * TURN, TURN)
ELM, OAK, YEW = 1, 2, 3
UNITS = {
    number: Unit(id=number, name=name, seats=seats)
    for number, name, seats in ((ELM, "elm", 2), (OAK, "oak", 2), (YEW, "yew", 4))
}


def sold(number: int, channel: str, place: str, takes: Takes, *units: int) -> Sold:
    outlet = Outlet(
        id=number, name=place, account_id=1, takes=takes, unit_ids=units, releases_holds=True
    )
    return Sold(channel=channel, place=place, outlet=outlet)


POOL = sold(1, "tables", "dining-room", "one", ELM, OAK, YEW)
ALONE = sold(2, "rooms", "oak", "all", OAK)
WHOLE = sold(3, "rooms", "house", "all", ELM, OAK, YEW)
EMPTY = House(
    units=UNITS, listings=[POOL, ALONE, WHOLE], granted={}, losers=frozenset(), unnamed={}
)


def guest(ref: str, span: Span = LUNCH, party: int | None = None) -> Entry:
    return Entry(ref=ref, span=span, ours=False, held=False, party=party)


def block(ref: str, span: Span = LUNCH) -> Entry:
    return Entry(ref=ref, span=span, ours=True, held=False)


def given(*grants: tuple[str, str, Span, Iterable[int]]) -> House:
    """Who was given what: channel, reference, time and units."""
    granted = {(channel, ref): dict.fromkeys(units, span) for channel, ref, span, units in grants}
    return replace(EMPTY, granted=granted)


def found(
    house: House,
    pool: Iterable[Entry] = (),
    offers: Iterable[Span] = (),
    rooms: dict[str, list[Entry]] | None = None,
    rooms_offer: dict[str, list[Span]] | None = None,
) -> str:
    taken = {"oak": [], "house": [], **(rooms or {})}
    books = {
        "tables": Books(
            taken={"dining-room": [*pool]}, offers={"dining-room": [*offers]}, taken_twice=0
        ),
        "rooms": Books(taken=taken, offers=rooms_offer or {}, taken_twice=0),
    }
    return "; ".join(wrongs_at(house, books))


OAK_TAKEN = given(("rooms", "g1", LUNCH, [OAK]))


def oak_taken(house: House, *blocks: Entry, offers: Iterable[Span] = (LUNCH, TEA)) -> str:
    """What is found when the oak is booked by itself, and these blocks of ours stand in the pool."""
    return found(house, pool=blocks, offers=offers, rooms={"oak": [guest("g1")]})


def test_a_pool_with_one_table_less_for_the_one_that_is_taken_elsewhere_is_right() -> None:
    assert oak_taken(OAK_TAKEN, block("b1")) == ""


def test_a_pool_that_sells_one_table_too_many_is_found() -> None:
    assert "too many: tables dining-room" in oak_taken(OAK_TAKEN)
    late = Span.of(LUNCH.end - QUARTER, TURN)
    assert "too many" in oak_taken(OAK_TAKEN, block("b1", TEA), offers=[late])


def test_a_block_that_leaves_a_gap_is_found() -> None:
    half = Span.of(NOON, TURN / 2)
    assert "too many" in oak_taken(OAK_TAKEN, block("b1", half), offers=[LUNCH])


def test_a_pool_that_sells_one_table_too_few_is_found() -> None:
    assert "orphan block" in oak_taken(OAK_TAKEN, block("b1"), block("b2"))
    assert "orphan block" in found(EMPTY, pool=[block("b1", TEA)], offers=[LUNCH])


def test_a_hold_whose_answer_was_lost_counts_as_long_as_a_table_is_left() -> None:
    unnamed = replace(OAK_TAKEN, unnamed={("tables", "dining-room"): [LUNCH]})
    assert oak_taken(unnamed) == ""
    everybody = {
        **OAK_TAKEN.granted,
        ("tables", "p1"): {ELM: LUNCH},
        ("tables", "p2"): {YEW: LUNCH},
    }
    full = replace(unnamed, granted=everybody)
    pool = [guest("p1", party=2), guest("p2", party=4)]
    told = found(full, pool=pool, offers=[LUNCH], rooms={"oak": [guest("g1")]})
    assert "exposure: tables dining-room" in told
    assert "too many" not in told


def test_an_offer_for_which_others_could_move_is_right() -> None:
    """Each table has somebody for some of the time, and yet one could be free for all of it."""
    early, late = Span.of(NOON, TURN / 2), Span.of(NOON + TURN / 2, TURN / 2)
    house = given(
        ("rooms", "g1", LUNCH, [OAK]),
        ("tables", "p1", early, [ELM]),
        ("tables", "p2", late, [YEW]),
    )
    pool = [block("b1"), guest("p1", early, 2), guest("p2", late, 2)]
    assert found(house, pool=pool, offers=[LUNCH], rooms={"oak": [guest("g1")]}) == ""

    longer = Span(start=early.start, end=late.end - QUARTER)
    house = replace(house, granted={**house.granted, ("tables", "p1"): {ELM: longer}})
    pool[1] = guest("p1", longer, 2)
    told = found(house, pool=pool, offers=[LUNCH], rooms={"oak": [guest("g1")]})
    assert f"exposure: tables dining-room offers {said(LUNCH)}, no unit is free" in told
    assert "p1, p2, g1" in told


def test_a_table_or_the_house_on_sale_over_a_guest_of_the_pool_is_found() -> None:
    house, pool = given(("tables", "p1", LUNCH, [OAK])), [guest("p1", party=2)]
    closed = {"oak": [block("b1")], "house": [block("b2")]}
    assert found(house, pool=pool, rooms=closed) == ""
    for place in closed:
        assert f"exposure: rooms {place}" in found(house, pool=pool, rooms_offer={place: [LUNCH]})
    elm = given(("tables", "p1", LUNCH, [ELM]))
    assert found(elm, pool=pool, rooms_offer={"oak": [LUNCH]}) == ""


def test_a_block_on_the_house_with_nobody_behind_it_is_found() -> None:
    assert "orphan block: rooms house" in found(EMPTY, rooms={"house": [block("b1")]})


def test_only_a_hold_of_ours_behind_a_booking_is_found() -> None:
    assert "only held" in oak_taken(OAK_TAKEN, replace(block("b1"), held=True))


def test_a_guest_without_a_table_must_be_shown() -> None:
    assert "hidden clash" in oak_taken(EMPTY, block("b1"))
    wrong_unit = given(("rooms", "g1", LUNCH, [ELM]))
    assert "hidden clash" in oak_taken(wrong_unit, block("b1"))
    small = given(("tables", "p1", LUNCH, [ELM]))
    assert "hidden clash" in found(small, pool=[guest("p1", party=4)])


def test_a_guest_who_is_shown_to_have_no_table_has_really_none() -> None:
    lost = frozenset({("rooms", "g1")})
    assert "there is room" in oak_taken(replace(EMPTY, losers=lost), block("b1"))
    assert "all the same" in oak_taken(replace(OAK_TAKEN, losers=lost), block("b1"))
    house = replace(given(("rooms", "g2", LUNCH, UNITS)), losers=lost)
    rooms = {"oak": [guest("g1")], "house": [guest("g2")]}
    assert found(house, pool=[block(f"b{n}") for n in UNITS], rooms=rooms) == ""
