"""`renamed_from`: what has another name from now on keeps its row, and with it its history. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from holdfast.configuration_model import Configuration
from holdfast.configuration_plan import Change, Plan, PlanRefused, Thing
from holdfast.store.configuration import AccountRow, Book, ListingRow, Noun, UnitRow, VenueRow

Row = TypeVar("Row", AccountRow, VenueRow, UnitRow, ListingRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """A book as it is called from now on, the steps that make it so, and the lines that name nothing there is."""

    book: Book
    changes: Sequence[Change]
    unknown: Sequence[tuple[Thing, str]]
    """New things, and what the file says that they were called."""

    def refuse_slips(self, found: Plan) -> None:
        """A name that nothing has is a slip where something of its kind leaves meanwhile. Raises PlanRefused."""
        gone = [change.thing for change in found.changes if change.verb == "removed"]
        refusals = []
        for thing, old in self.unknown:
            meant = [one.name for one in gone if (one.noun, one.venue) == (thing.noun, thing.venue)]
            if meant:
                known = ", ".join(sorted(meant))
                refusals.append(
                    f"{thing}: renamed_from: there is no {thing.noun} {old}; expected what it is called now, "
                    f"one of those that would be removed ({known}), or no such line"
                )
        if refusals:
            raise PlanRefused("\n".join(refusals))


def renamed(book: Book, configuration: Configuration) -> Renamed:
    """Call what is in the book by its new names. Raises PlanRefused for two histories that would become one.

    A line that was applied already changes nothing, and may stay.
    """
    work = _Work()
    accounts = work.of(
        "account", book.accounts, {a.name: a.renamed_from for a in configuration.accounts}
    )
    venues = work.of("venue", book.venues, {v.name: v.renamed_from for v in configuration.venues})
    units = dict(book.units)
    for venue in configuration.venues:
        theirs = {i: u for i, u in units.items() if venues[u.venue_id].name == venue.name}
        units |= work.of("unit", theirs, {u.name: u.renamed_from for u in venue.units}, venue.name)
    listings = work.of(
        "listing",
        book.listings,
        {one.name: one.renamed_from for venue in configuration.venues for one in venue.listings},
    )
    if work.refusals:
        raise PlanRefused("\n".join(work.refusals))
    called = replace(book, accounts=accounts, venues=venues, units=units, listings=listings)
    return Renamed(book=called, changes=[*_told(called, work.changes)], unknown=tuple(work.unknown))


@dataclass(slots=True)
class _Work:
    changes: list[tuple[Thing, str, int]] = field(default_factory=list)
    """One rename: the thing, its old name, and the number of its row."""
    unknown: list[tuple[Thing, str]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def of(
        self,
        noun: Noun,
        rows: Mapping[int, Row],
        wanted: Mapping[str, str | None],
        venue: str | None = None,
    ) -> dict[int, Row]:
        """The rows with their new names."""
        found, numbers = dict(rows), {row.name: number for number, row in rows.items()}
        for name, old in wanted.items():
            if old is None:
                continue
            thing = Thing(noun=noun, name=name, venue=venue)
            if old in numbers and name in numbers:
                self.refusals.append(
                    f"{thing}: renamed_from {old}: there is a {noun} of either name, and two histories cannot "
                    "become one: take the line out, or give back the old name"
                )
            elif old in numbers:
                number = numbers[old]
                found[number] = replace(rows[number], name=name)
                self.changes.append((thing, old, number))
            elif name not in numbers:
                self.unknown.append((thing, old))
        return found


def _told(book: Book, changes: Sequence[tuple[Thing, str, int]]) -> Iterator[Change]:
    """Each with whatever it belongs to, by the new names."""
    for thing, old, number in changes:
        record: dict[str, str] = {"name": thing.name, "old": old}
        if thing.venue is not None:
            record["venue"] = thing.venue
        if thing.noun == "listing":
            row = book.listings[number]
            record["venue"] = book.venues[row.venue_id].name
            record["account"] = book.accounts[row.account_id].name
        yield Change(verb="renamed", thing=thing, record=record)
