"""The file as it was written, and what its tables say about each other. No I/O.

These checks look at whatever is well formed, so that they find their problems beside those of the models.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from holdfast.configuration_problem import Complaint, KeyPath, shown, written

USUAL_PARTY = 2
DEEPEST = 10
"""Tables and lists within each other; what we read has half of that."""
TOO_DEEP = f"expected tables and lists within each other at most {DEEPEST} deep"
WHOLE_NUMBERS = "expected whole numbers of at most 64 bits, as TOML has them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One table of the file, where it stands, and the table around it."""

    path: KeyPath = ()
    table: dict[str, object]
    around: "Entry | None" = None

    def text(self, key: str) -> str | None:
        """The string under `key`, if it is one."""
        value = self.table.get(key)
        return value if isinstance(value, str) else None

    def count(self, key: str) -> int | None:
        """The whole number above zero under `key`, if it is one."""
        value = self.table.get(key)
        return value if type(value) is int and value > 0 else None  # true is an int as well

    def within(self, key: str) -> list["Entry"]:
        """The tables of the list under `key`."""
        found = self.table.get(key)
        return [
            Entry(path=(*self.path, key, number), table=table, around=self)
            for number, table in enumerate(found if isinstance(found, list) else [])
            if isinstance(table, dict)
        ]

    @property
    def accounts(self) -> list["Entry"]:
        """Of the whole file: its accounts."""
        return self.within("accounts")

    @property
    def listings(self) -> list["Entry"]:
        """Of the whole file: the listings of all its venues."""
        return [listing for venue in self.within("venues") for listing in venue.within("listings")]


def monsters(table: dict[str, object]) -> Iterator[Complaint]:
    """What is TOML's or Python's to bear, but nobody's to read or to print. Needs no deep stack itself."""
    waiting: list[tuple[KeyPath, object]] = [((), table)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            yield path, WHOLE_NUMBERS
        if not isinstance(value, dict | list):
            continue
        if len(path) > DEEPEST:
            yield path[:DEEPEST], TOO_DEEP
            continue
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        waiting += [((*path, key), item) for key, item in inner]


def cross_checked(document: Entry) -> Iterator[Complaint]:
    """Names that are not unique, and names of things that there are not."""
    for entries in _kinds(document):
        yield from _repeated(entries)
        yield from _renamed_twice(entries)
    accounts = names(document.accounts)
    for listing in document.listings:
        if not repeated(accounts):  # else it may be meant for the one whose name is to be mended
            yield from _wrong_account(listing, accounts)
        yield from _wrong_units(listing)
        yield from _repeated_units(listing)
        yield from _large_party(listing)


def _kinds(document: Entry) -> Iterator[list[Entry]]:
    """What may not have one name: all of each kind, and units within their venue."""
    yield document.accounts
    yield document.within("venues")
    yield document.listings
    for venue in document.within("venues"):
        yield venue.within("units")


def _renamed_twice(entries: Sequence[Entry]) -> Iterator[Complaint]:
    """A former name that another has now, or had before; names that change places would be both."""
    now = {entry.text("name"): entry for entry in entries}
    before: dict[str, Entry] = {}
    for entry in entries:
        old = entry.text("renamed_from")
        if old is None:
            continue
        other = now.get(old) or before.get(old)
        before[old] = entry
        if other is entry:
            yield (*entry.path, "renamed_from"), "expected the name before, got its own name"
        elif other is not None:
            text = (
                f"expected a name that nothing has any more, got {shown(old)} like {written(other.path)}; "
                "names that follow each other or change places are changed in two steps"
            )
            yield (*entry.path, "renamed_from"), text


def names(entries: Iterable[Entry]) -> list[str]:
    """The names of those that have one, in the file's order."""
    return [name for name in (entry.text("name") for entry in entries) if name is not None]


def repeated(found: Sequence[str]) -> set[str]:
    """The names that occur more than once."""
    return {name for name, number in Counter(found).items() if number > 1}


def _repeated(entries: Iterable[Entry]) -> Iterator[Complaint]:
    first: dict[str, Entry] = {}
    for entry in entries:
        name = entry.text("name")
        if name in first:
            where = written(first[name].path)
            yield (
                (*entry.path, "name"),
                f"expected a name of its own, got {shown(name)} like {where}",
            )
        elif name is not None:
            first[name] = entry


def _wrong_account(listing: Entry, accounts: list[str]) -> Iterator[Complaint]:
    account = listing.text("account")
    if account is not None and account not in accounts:
        there = ", ".join(accounts) or "none"
        text = f"expected the name of an account ({there}), got {shown(account)}"
        yield (*listing.path, "account"), text


def _wrong_units(listing: Entry) -> Iterator[Complaint]:
    seats = _seats(listing)
    wrong = [shown(unit) for unit in units_of(listing) if unit not in seats]
    if wrong:
        there = ", ".join(seats) or "none"
        text = f"expected names of units of this venue ({there}), got {', '.join(wrong)}"
        yield (*listing.path, "units"), text


def _repeated_units(listing: Entry) -> Iterator[Complaint]:
    units = units_of(listing)
    twice = [shown(unit) for unit in dict.fromkeys(units) if units.count(unit) > 1]
    if twice:
        yield (*listing.path, "units"), f"expected each unit once, got {', '.join(twice)} twice"


def _large_party(listing: Entry) -> Iterator[Complaint]:
    party, most = listing.count("party_size"), largest_party(listing)
    if party is not None and most is not None and party > most:
        together = listing.text("takes") != "one" and len(units_of(listing)) > 1
        whose = "its units together" if together else "its smallest unit"
        yield (
            (*listing.path, "party_size"),
            f"expected at most {most}, the seats of {whose}, got {party}",
        )


def largest_party(listing: Entry) -> int | None:
    """The largest party for which all that is sold shows; None where the file does not tell.

    A pool must be asked for a party that its smallest unit seats; what takes all units seats their sum.
    """
    seats = _seats(listing)
    sold = [seats.get(unit) for unit in units_of(listing)]
    known = [number for number in sold if number is not None]
    if not known:
        return None
    return min(known) if listing.text("takes") == "one" else sum(known)


def units_of(listing: Entry) -> list[str]:
    """The names of units that it gives, whether there are such units or not."""
    units = listing.table.get("units")
    return [unit for unit in units if isinstance(unit, str)] if isinstance(units, list) else []


def _seats(listing: Entry) -> dict[str, int | None]:
    """The units of the listing's venue."""
    units = listing.around.within("units") if listing.around else []
    seats: dict[str, int | None] = {}
    for unit in units:
        name = unit.text("name")
        if name is not None:
            seats[name] = unit.count("seats")
    return seats
