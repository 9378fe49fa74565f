"""The watch over the store: what is wrong for one commit only is found, though the next one mends it.

Checked at the end alone, whatever heals by itself stays unseen: two grants of one unit that last a second are two guests
before one door. The kind: a promise about every moment that is looked at in one moment.
"""

from datetime import timedelta

import pytest
from asyncpg import Range
from tests.simulation.loop import BEGIN
from tests.simulation.store import Store
from tests.simulation.venue import setup
from tests.simulation.watch import Watch

HOUR = Range(BEGIN, BEGIN + timedelta(hours=1))


@pytest.fixture
def store() -> Store:
    return Store(setup(pool=False), lambda: BEGIN)


def watched(store: Store) -> list[str]:
    found: list[str] = []
    watch = Watch(store)
    store.before_commit = lambda: found.extend(name for name, _ in watch.look())
    return found


def test_a_double_grant_is_found_although_it_is_taken_back(store: Store) -> None:
    found = watched(store)
    for booking in (1, 2):
        store.allocations.insert(booking_id=booking, unit_id=1, during=HOUR)
    store.commit()
    store.allocations.delete(store.allocations.rows[2])
    store.commit()
    assert set(found) == {"no double grant"}


def test_what_is_rolled_back_was_never_so(store: Store) -> None:
    found = watched(store)
    for booking in (1, 2):
        store.allocations.insert(booking_id=booking, unit_id=1, during=HOUR)
    store.log.rollback()
    store.commit()
    assert found == []


def test_a_reference_that_is_twice_in_the_store_is_found(store: Store) -> None:
    found = watched(store)
    for _ in range(2):
        store.bookings.insert(account_id=1, external_id="n1")
        store.commit()
    assert found == ["one booking a reference"]


def test_a_write_that_the_journal_is_not_told_of_is_found(store: Store) -> None:
    found = watched(store)
    store.allocations.insert(venue_id=1, booking_id=1, unit_id=1, during=HOUR)
    store.commit()
    assert found == ["the journal tells what is"]
