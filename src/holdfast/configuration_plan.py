"""What applying a configuration would change, as an ordered list to be read before it happens. No I/O."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from pydantic import JsonValue

from holdfast.configuration_model import Account, Configuration, Listing, Table, Unit, Venue
from holdfast.store.configuration import (
    AccountRow,
    Book,
    ListingRow,
    Noun,
    Record,
    UnitRow,
    VenueRow,
)

NOUNS: tuple[Noun, ...] = ("account", "venue", "unit", "listing")
"""Each may refer to those before it."""

Verb = Literal["renamed", "added", "changed", "removed"]

# Bookings, blocks and pushes carry these themselves.
_FIXED: Mapping[Noun, tuple[str, ...]] = {
    "account": ("channel",),
    "listing": ("venue", "account"),
}
_NOT_KEPT = {"renamed_from"}
"""It is an instruction, and no property."""
_FAREWELL: Mapping[Noun, str] = {
    "account": "kept in the books, no longer connected",
    "venue": "kept in the books, no longer in service",
    "unit": "kept in the books, no longer in service",
    "listing": "kept in the books, no longer sold",
}


class PlanRefused(Exception):
    """The configuration would make history untrue. Each line of the text says what and what to do instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What a plan speaks of. `venue` is set for units only: their names are unique within it."""

    noun: Noun
    name: str
    venue: str | None = None

    def __str__(self) -> str:
        where = f" of {self.venue}" if self.venue else ""
        return f"{self.noun} {self.name}{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key that changes; None: it is not there."""

    key: str
    old: JsonValue
    new: JsonValue

    def __str__(self) -> str:
        return f"{self.key} {_shown(self.old)} -> {_shown(self.new)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of a plan. `record` is how the thing will be; for one that goes, how it was."""

    verb: Verb
    thing: Thing
    record: Record = field(repr=False)
    differences: tuple[Difference, ...] = ()

    @property
    def goes_live(self) -> bool:
        """Whether an account that sent nothing will begin to send."""
        return any(diff.key == "mode" and diff.new == "live" for diff in self.differences)

    def __str__(self) -> str:
        if self.verb == "added":
            return f"+ {self.thing} ({_gist(self.thing.noun, self.record)})"
        if self.verb == "removed":
            return f"- {self.thing} ({_FAREWELL[self.thing.noun]})"
        if self.verb == "renamed":
            return f"~ {self.thing}: renamed from {self.record['old']}"
        sign = "!" if self.goes_live else "~"
        return f"{sign} {self.thing}: {', '.join(map(str, self.differences))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every change, in the order in which they are made. Its text is one line for each."""

    changes: tuple[Change, ...] = ()

    def records(self, noun: Noun, *verbs: Verb) -> list[Record]:
        """What is to be written for these changes."""
        return [c.record for c in self.changes if c.thing.noun == noun and c.verb in verbs]

    def before(self, thing: Thing) -> Thing:
        """As it is called in the database until the plan is applied."""
        old = {c.thing: str(c.record["old"]) for c in self.changes if c.verb == "renamed"}
        venue = thing.venue and old.get(Thing(noun="venue", name=thing.venue), thing.venue)
        return Thing(noun=thing.noun, name=old.get(thing, thing.name), venue=venue)

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __str__(self) -> str:
        return "\n".join(map(str, self.changes))


def compare(book: Book, configuration: Configuration) -> Plan:
    """What must change so that the book, retired entries included, says what the configuration says.

    Raises PlanRefused.
    """
    there, wanted = _there(book), _wanted(configuration)
    _refuse_rewritten_history(there, wanted)
    return Plan(changes=(*_puts(there, wanted), *_removals(there, wanted)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    record: Record
    active: bool


def _puts(there: Mapping[Thing, _Known], wanted: Mapping[Thing, Record]) -> Iterator[Change]:
    for thing, record in wanted.items():
        known = there.get(thing)
        if known is None or not known.active:
            yield Change(verb="added", thing=thing, record=record)
        elif differences := tuple(_differences(known.record, record)):
            yield Change(verb="changed", thing=thing, record=record, differences=differences)


def _removals(there: Mapping[Thing, _Known], wanted: Mapping[Thing, Record]) -> Iterator[Change]:
    """Last come first, so that nothing in service refers to what is not."""
    for thing, known in reversed(list(there.items())):
        if known.active and thing not in wanted:
            yield Change(verb="removed", thing=thing, record=known.record)


def _refuse_rewritten_history(
    there: Mapping[Thing, _Known], wanted: Mapping[Thing, Record]
) -> None:
    refusals = [
        f"{thing}: {key} cannot change ({there[thing].record[key]} -> {record[key]}), its history "
        f"belongs there: give the new {thing.noun} a name of its own"
        for thing, record in wanted.items()
        if thing in there
        for key in _FIXED.get(thing.noun, ())
        if there[thing].record[key] != record[key]
    ]
    if refusals:
        hints = dict.fromkeys(_perhaps_renamed(there, wanted))
        raise PlanRefused("; ".join(["\n".join(refusals), *hints]))


def _perhaps_renamed(
    there: Mapping[Thing, _Known], wanted: Mapping[Thing, Record]
) -> Iterator[str]:
    """Where the account or venue that a listing had is not in the file, it may only have got another name."""
    for thing, record in wanted.items():
        for key in ("account", "venue"):
            old = there[thing].record.get(key) if thing in there else None
            gone = Thing(noun="account" if key == "account" else "venue", name=str(old))
            if thing.noun == "listing" and old != record.get(key) and gone not in wanted:
                yield f'{gone} is not in the file: if it has another name now, say renamed_from = "{old}" at {record[key]}'


def _differences(old: Record, new: Record) -> Iterator[Difference]:
    before, after = _flat(old), _flat(new)
    for key in {**after, **before}:
        if before.get(key) != after.get(key):
            yield Difference(key=key, old=before.get(key), new=after.get(key))


def _flat(record: Record) -> dict[str, JsonValue]:
    """The keys as a reader of the file knows them; a channel's own are not below `settings` there."""
    flat: dict[str, JsonValue] = {}
    for key, value in record.items():
        if key == "settings" and isinstance(value, dict):
            flat |= value
        elif key == "house_contact" and isinstance(value, dict):
            flat |= {f"{key}.{part}": inner for part, inner in value.items()}
        elif key != "venue":  # never changes, and a channel may have a key of that name
            flat[key] = value
    return flat


def _wanted(configuration: Configuration) -> dict[Thing, Record]:
    venues = configuration.venues
    return (
        {
            Thing(noun="account", name=a.name): a.model_dump(mode="json", exclude=_NOT_KEPT)
            for a in configuration.accounts
        }
        | {Thing(noun="venue", name=venue.name): _venue_record(venue) for venue in venues}
        | {
            Thing(noun="unit", name=unit.name, venue=venue.name): _within(venue, unit)
            for venue in venues
            for unit in venue.units
        }
        | {
            Thing(noun="listing", name=listing.name): _within(venue, listing)
            for venue in venues
            for listing in venue.listings
        }
    )


def _venue_record(venue: Venue) -> Record:
    return venue.model_dump(mode="json", exclude={*_NOT_KEPT, "units", "listings"})


def _within(venue: Venue, table: Unit | Listing) -> Record:
    return {"venue": venue.name, **table.model_dump(mode="json", exclude=_NOT_KEPT)}


def _there(book: Book) -> dict[Thing, _Known]:
    return (
        {Thing(noun="account", name=a.name): _known(a, Account) for a in book.accounts.values()}
        | {Thing(noun="venue", name=v.name): _known(v, Venue) for v in book.venues.values()}
        | {
            Thing(noun="unit", name=u.name, venue=book.venues[u.venue_id].name): _known(
                u, Unit, venue=book.venues[u.venue_id].name
            )
            for u in book.units.values()
        }
        | {
            Thing(noun="listing", name=x.name): _known(
                x,
                Listing,
                venue=book.venues[x.venue_id].name,
                account=book.accounts[x.account_id].name,
                units=[book.units[unit].name for unit in x.unit_ids],
            )
            for x in book.listings.values()
        }
    )


def _known(
    row: AccountRow | VenueRow | UnitRow | ListingRow, table: type[Table], **names: JsonValue
) -> _Known:
    """The row as a record of the file: with names where it has ids."""
    kept = {key: value for key, value in asdict(row).items() if key in table.model_fields}
    return _Known(record={**names, **kept}, active=row.active)


def _gist(noun: Noun, record: Record) -> str:
    match noun:
        case "account":
            return f"{record['channel']}, {record['mode']}"
        case "venue":
            return f"{record['timezone']}"
        case "unit":
            return f"{record['seats']} seats"
        case "listing":
            return f"{_shown(record['units'])} of {record['venue']}, sold by {record['account']}"


def _shown(value: JsonValue) -> str:
    """A value as one line; a reference to a secret as the name of its place."""
    match value:
        case None:
            return "none"
        case {"env": str(name)}:
            return f"${name}"
        case {"file": str(path)}:
            return f"file {path}"
        case list():
            return ", ".join(map(_shown, value)) or "none"
        case str() if value:
            return value
    return json.dumps(value)
