"""The configuration over time: what is applied during a run, one after the other."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from tests.simulation.database import Setup
from tests.simulation.plot import Change
from tests.simulation.venue import outlet

from holdfast.inventory.known import Outlet, Unit

LEAVING = 2
"""The listing, and the account, that goes for a while or for good."""


def beginning(change: Change | None, setup: Setup) -> Setup:
    """What is configured first."""
    if change != "listing joins":
        return setup
    return replace(_without_listing(setup), former={})


def changes(change: Change, setup: Setup) -> Iterator[Setup]:
    """What is applied after what, where `setup` is the whole of it; the last stays."""
    yield from _CHANGES[change](setup)


def _without_units(setup: Setup) -> Iterator[Setup]:
    """A table is out of service for a while; a venue with a single room gets another one instead."""
    if len(setup.units) == 1:
        yield from _with_another(setup)
        return
    yield _with_units(setup, {1: setup.units[1]})
    yield setup


def _with_another(setup: Setup) -> Iterator[Setup]:
    yield _with_units(setup, {**setup.units, 3: Unit(id=3, name="unit 3", seats=2)})


def _with_units(setup: Setup, units: Mapping[int, Unit]) -> Setup:
    outlets = {n: replace(o, unit_ids=tuple(units)) for n, o in setup.outlets.items()}
    return replace(setup, units=units, outlets=outlets)


def _longer_cleanup(setup: Setup) -> Iterator[Setup]:
    unit = replace(setup.units[1], cleanup=timedelta(minutes=10))
    yield replace(setup, units={**setup.units, 1: unit})


def _whole(setup: Setup) -> Iterator[Setup]:
    yield setup


def _without_listing(setup: Setup) -> Setup:
    outlets = {n: o for n, o in setup.outlets.items() if n != LEAVING}
    return replace(setup, outlets=outlets, former={LEAVING: setup.outlets[LEAVING]})


def _listing_leaves(setup: Setup) -> Iterator[Setup]:
    yield _without_listing(setup)


def _listing_returns(setup: Setup) -> Iterator[Setup]:
    yield _without_listing(setup)
    yield setup


def _account_returns(setup: Setup) -> Iterator[Setup]:
    channels = {n: name for n, name in setup.channels.items() if n != LEAVING}
    leaving = {LEAVING: setup.channels[LEAVING]}
    yield replace(_without_listing(setup), channels=channels, leaving=leaving)
    yield setup


def _renamed(setup: Setup) -> Iterator[Setup]:
    """Its row keeps its number."""
    yield replace(setup, names={**setup.names, 1: setup.names[3]})


def _second(setup: Setup) -> Iterator[Setup]:
    """`apply` refuses two names for one place; a store may hold them from before it did."""
    first: Outlet = setup.outlets[1]
    again = outlet(3, first.unit_ids, pool=first.takes == "one")
    channels = {**setup.channels, 3: setup.channels[1]}
    yield replace(setup, outlets={**setup.outlets, 3: again}, channels=channels)


_CHANGES: Mapping[Change, Callable[[Setup], Iterator[Setup]]] = {
    "unit returns": _without_units,
    "unit joins": _with_another,
    "longer cleanup": _longer_cleanup,
    "listing joins": _whole,
    "listing returns": _listing_returns,
    "listing leaves": _listing_leaves,
    "account returns": _account_returns,
    "account is renamed": _renamed,
    "second account": _second,
}
