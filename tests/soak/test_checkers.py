"""Every checker of the soak finds what it is there for, and nothing in evidence that is right."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.soak.test_pool_checks import sold

from holdfast.inventory.known import Unit
from holdfast.inventory.model import Span
from holdfast.soak.books import Books, Entry, Store, Stored
from holdfast.soak.changes import FIRST_CONTACT, SECOND_CONTACT
from holdfast.soak.checkers import CHECKERS, violations
from holdfast.soak.evidence import (
    Block,
    Cancel,
    Clash,
    Evidence,
    Grant,
    Look,
    Made,
    Row,
    Told,
    Witness,
    Write,
)
from holdfast.soak.pools import House

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
LUNCH, TEA = Span.of(NOON, HOUR), Span.of(NOON + 4 * HOUR, HOUR)

GUEST = Entry(ref="g1", span=LUNCH, ours=False, held=False)
OURS = Entry(ref="b1", span=LUNCH, ours=True, held=False)
MADE = Made(ref="b1", unit="salon", span=LUNCH, ours=True, marker="m1", made=NOON - HOUR, over=None)
BLOCK = Block(id=1, channel="mozrest", state="booked", ref="b1")
GRANT = Grant(unit_id=1, booking_id=1, span=LUNCH)
LOOK = Look(versions={1: 1}, grants=[GRANT])
TOLD = Told(
    venue_id=1,
    seq=1,
    at=NOON - HOUR,
    kind="booking.created",
    booking_id=1,
    ref="g1",
    status="confirmed",
    read_at=NOON - HOUR,
)


def books(*taken: Entry) -> Books:
    return Books(taken={"salon": taken}, offers={"salon": ()}, taken_twice=0)


BOSEAT = Witness(books=books(GUEST), made=(), accepted={"digest": 2}, creates=0)
MOZREST = Witness(books=books(OURS), made=[MADE], accepted={}, creates=1)
RIGHT = Evidence(
    sides={"boseat": BOSEAT, "mozrest": MOZREST},
    store=Store(
        bookings=[Stored(id=1, channel="boseat", ref="g1", status="confirmed", span=LUNCH)],
        in_conflict=frozenset(),
        dead_pushes=0,
    ),
    inbox={("boseat", "digest"): Row(count=2, numbered=False)},
    blocks=[BLOCK],
    placed={"mozrest": 1},
    told=[TOLD],
    looks=[LOOK],
    broken={},
)


def found(evidence: Evidence) -> set[str]:
    """Which checkers bite."""
    return {violation.checker for violation in violations(evidence)}


def with_mozrest(witness: Witness) -> Evidence:
    return replace(RIGHT, sides={**RIGHT.sides, "mozrest": witness})


def test_evidence_that_is_right_is_right() -> None:
    assert violations(RIGHT) == []


def test_every_checker_has_bitten_below() -> None:
    tested = "end_state pools rest grants webhooks effects blocks revivals versions chain processes"
    tested += " harm recipients conflicts replay"
    assert set(CHECKERS) == set(tested.split())


def test_a_guest_whom_the_store_does_not_know() -> None:
    assert found(replace(RIGHT, store=replace(RIGHT.store, bookings=[]))) == {"end_state"}


def test_a_venue_with_a_pool_that_sells_a_table_too_many() -> None:
    """What this one finds has tests of its own: test_pools.py."""
    pool = sold(1, "mozrest", "dining-room", "one", 1, 2)
    alone = sold(2, "boseat", "salon", "all", 1)
    units = {n: Unit(id=n, name=f"table-{n}", seats=2) for n in pool.outlet.unit_ids}
    house = House(
        units=units,
        listings=[pool, alone],
        granted={("boseat", "g1"): {1: LUNCH}},
        losers=frozenset(),
        unnamed={},
    )
    offered = Books(taken={"dining-room": ()}, offers={"dining-room": [LUNCH]}, taken_twice=0)
    sides = {"boseat": BOSEAT, "mozrest": Witness(books=offered, made=(), accepted={}, creates=0)}
    assert found(replace(RIGHT, sides=sides, blocks=(), houses=[house])) == {"pools"}


def test_what_waits_for_ever() -> None:
    assert found(replace(RIGHT, waiting=["pushes: 1 wait"])) == {"rest"}


def test_a_unit_that_was_given_twice_at_one_moment_only() -> None:
    twice = [GRANT, replace(GRANT, booking_id=2, span=Span.of(NOON + HOUR / 2, HOUR))]
    assert found(replace(RIGHT, looks=[replace(LOOK, grants=twice), LOOK])) == {"grants"}
    beside = [GRANT, replace(GRANT, booking_id=2, span=TEA)]
    assert found(replace(RIGHT, looks=[replace(LOOK, grants=beside)])) == set()


def test_a_webhook_that_was_answered_with_2xx_and_is_not_kept() -> None:
    assert found(replace(RIGHT, inbox={})) == {"webhooks"}
    once = Row(count=1, numbered=False)
    assert found(replace(RIGHT, inbox={("boseat", "digest"): once})) == {"webhooks"}
    numbered = replace(once, numbered=True)
    assert found(replace(RIGHT, inbox={("boseat", "digest"): numbered})) == set()


def test_a_create_that_nobody_wrote_down_before() -> None:
    assert found(with_mozrest(replace(MOZREST, creates=2))) == {"effects"}


def test_one_block_that_stood_twice_at_a_provider() -> None:
    again = replace(MADE, ref="b2", made=MADE.made + HOUR)
    assert found(with_mozrest(replace(MOZREST, made=[MADE, again]))) == {"effects"}
    before = replace(MADE, ref="b0", made=MADE.made - HOUR, over=MADE.made)
    assert found(with_mozrest(replace(MOZREST, made=[before, MADE]))) == set()


def test_a_hold_of_ours_that_the_store_has_forgotten() -> None:
    assert found(replace(RIGHT, blocks=[])) == {"blocks"}
    assert found(replace(RIGHT, blocks=[replace(BLOCK, state="held")])) == {"blocks"}


def test_a_block_that_only_the_store_knows() -> None:
    beside = replace(BLOCK, id=2, ref="b2")
    assert found(replace(RIGHT, blocks=[BLOCK, beside])) == {"blocks"}
    nameless = replace(BLOCK, id=2, ref=None, state="held")
    assert found(replace(RIGHT, blocks=[BLOCK, nameless])) == set()


def test_a_cancelled_booking_that_occupies_again() -> None:
    over = replace(TOLD, seq=2, status="cancelled", read_at=NOON)
    again = replace(TOLD, seq=3, read_at=NOON + SECOND)
    assert found(replace(RIGHT, told=[TOLD, over])) == set()
    assert found(replace(RIGHT, told=[TOLD, over, again])) == {"revivals"}


def test_an_older_read_that_overwrites_a_newer_one() -> None:
    stale = replace(TOLD, seq=2, read_at=NOON - 2 * HOUR)
    assert found(replace(RIGHT, told=[TOLD, stale])) == {"revivals"}


def test_a_version_that_falls_and_a_booking_that_is_dropped() -> None:
    higher = replace(LOOK, versions={1: 2})
    assert found(replace(RIGHT, looks=[LOOK, higher])) == set()
    assert found(replace(RIGHT, looks=[higher, LOOK])) == {"versions"}
    assert found(replace(RIGHT, looks=[LOOK, replace(LOOK, versions={})])) == {"versions"}


def test_a_chain_that_does_not_hold() -> None:
    assert found(replace(RIGHT, broken={"glasshouse": 7})) == {"chain"}


def test_a_process_that_ended_by_itself() -> None:
    assert found(replace(RIGHT, ended_alone=["worker.1: exit code 0"])) == {"processes"}


CAME = Made(
    ref="g1", unit="salon", span=LUNCH, ours=False, marker=None, made=NOON - HOUR, over=NOON
)
ENDS = Write(call="DELETE /v1/bookings/g1", refs=frozenset({"", "v1", "bookings", "g1"}))
BY_POLICY = Cancel(channel="boseat", ref="g1", actor="policy", about=())


def with_write(side: str, write: Write, *cancels: Cancel) -> Evidence:
    """A guest's booking at Boseat, and a call of ours to one of the two."""
    sides = {**RIGHT.sides, "boseat": replace(BOSEAT, made=[CAME])}
    sides[side] = replace(sides[side], writes=[write])
    return replace(RIGHT, sides=sides, cancels=cancels)


def test_a_guest_whose_booking_we_ended_without_a_reason() -> None:
    """The kind of fault: Holdfast itself does harm, and the end state is right. One booking under two accounts was in
    conflict with itself, and policy `auto` cancelled every real guest."""
    assert found(with_write("boseat", ENDS)) == {"harm"}
    assert found(with_write("boseat", ENDS, BY_POLICY)) == {"harm"}
    itself = replace(BY_POLICY, about=[("boseat", "g1"), ("boseat", "g1")])
    assert found(with_write("boseat", ENDS, itself)) == {"harm"}
    assert found(with_write("boseat", ENDS, replace(itself, ref="g2"))) == {"harm"}
    other = replace(BY_POLICY, about=[("boseat", "g1"), ("mozrest", "g9")])
    assert found(with_write("boseat", ENDS, other)) == set()
    assert found(with_write("boseat", ENDS, replace(other, read_after=False))) == {"harm"}
    assert found(with_write("boseat", ENDS, replace(BY_POLICY, actor="eva"))) == set()
    reads = replace(ENDS, refs=frozenset({"v1", "bookings"}))
    assert found(with_write("boseat", reads)) == set()


def test_a_call_to_another_provider_than_the_one_that_made_the_booking() -> None:
    assert found(with_write("mozrest", ENDS)) == {"recipients"}


def test_a_block_for_anybody_but_the_house() -> None:
    house = {("mozrest", "salon"): "house@glasshouse.example"}
    right = replace(MADE, contact="house@glasshouse.example")
    evidence = replace(with_mozrest(replace(MOZREST, made=[right])), contacts=house)
    assert found(evidence) == set()
    wrong = replace(MADE, contact="guest@example.test")
    evidence = replace(with_mozrest(replace(MOZREST, made=[wrong])), contacts=house)
    assert found(evidence) == {"recipients"}


def test_a_conflict_that_is_shown_although_one_of_the_two_is_gone() -> None:
    shown = Clash(id=1, booking_id=1, against_ids=[2])
    other = Stored(id=2, channel="elsewhere", ref="d2", status="confirmed", span=LUNCH)
    both = replace(RIGHT.store, bookings=[*RIGHT.store.bookings, other])
    assert found(replace(RIGHT, store=both, clashes=[shown])) == set()
    gone = replace(
        RIGHT.store, bookings=[*RIGHT.store.bookings, replace(other, status="cancelled")]
    )
    assert found(replace(RIGHT, store=gone, clashes=[shown])) == {"conflicts"}
    apart = replace(RIGHT.store, bookings=[*RIGHT.store.bookings, replace(other, span=TEA)])
    assert found(replace(RIGHT, store=apart, clashes=[shown])) == {"conflicts"}


def test_a_store_that_is_not_what_its_journals_make() -> None:
    unlike = ["booking 1: status is confirmed by the journal, cancelled in the store"]
    assert found(replace(RIGHT, unlike=unlike)) == {"replay"}


def test_only_as_many_webhooks_may_be_gone_as_went_with_forgotten_guests() -> None:
    assert found(replace(RIGHT, inbox={}, erased={"boseat": 2})) == set()
    assert found(replace(RIGHT, inbox={}, erased={"boseat": 1})) == {"webhooks"}
    assert found(replace(RIGHT, inbox={}, erased={"mozrest": 2})) == {"webhooks"}


def test_an_id_that_its_provider_gave_twice_may_live_twice() -> None:
    over = replace(TOLD, seq=2, kind="booking.cancelled", status="cancelled")
    again = replace(TOLD, seq=3, kind="booking.confirmed")
    first = replace(MADE, ref="g1", ours=False, marker=None, over=NOON)
    twice = replace(BOSEAT, made=[first, replace(first, over=None)])
    sides = {**RIGHT.sides, "boseat": twice}
    assert found(replace(RIGHT, told=[TOLD, over, again], sides=sides)) == set()
    moved = replace(BOSEAT, made=[first], moved_away=["g1"])
    sides = {**RIGHT.sides, "boseat": moved}
    assert found(replace(RIGHT, told=[TOLD, over, again], sides=sides)) == set()
    sides = {**RIGHT.sides, "boseat": replace(BOSEAT, made=[first])}
    assert found(replace(RIGHT, told=[TOLD, over, again], sides=sides)) == {"revivals"}


def test_a_house_may_have_had_another_contact_for_a_while() -> None:
    house = {("mozrest", "salon"): FIRST_CONTACT}
    for contact, bites in ((SECOND_CONTACT, set()), ("guest@example.test", {"recipients"})):
        made = [replace(MADE, contact=contact)]
        evidence = with_mozrest(replace(MOZREST, made=made))
        assert found(replace(evidence, contacts=house)) == bites


def test_what_a_booking_did_in_two_venues_is_told_in_order_of_time() -> None:
    """Each venue counts its entries for itself: a booking that moved has a low number after a high one."""
    moved = replace(TOLD, venue_id=2, seq=1, at=NOON, kind="booking.updated", read_at=NOON)
    here = replace(TOLD, seq=9)
    assert found(replace(RIGHT, told=[moved, here])) == set()
    stale = replace(moved, read_at=TOLD.at - HOUR)
    assert found(replace(RIGHT, told=[stale, here])) == {"revivals"}
