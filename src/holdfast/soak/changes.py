"""What each fault of configuration writes into holdfast.toml, and how it is taken back. No I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from holdfast.soak import edits
from holdfast.soak.faults import Fault
from holdfast.soak.house import listings, without
from holdfast.soak.staff import VENUE

POOLED = "table-03"
"""Sold in the pool and with the whole house, never by itself."""

SECOND_CONTACT = "front-desk@glasshouse.example"
FIRST_CONTACT = "house@glasshouse.example"
FORMER_CONTACTS: Mapping[str, frozenset[str]] = {FIRST_CONTACT: frozenset({SECOND_CONTACT})}
"""For whom blocks may have been booked as well, by whose they are in the end."""

ROOM = "salon"
HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The file for a while, what may leave meanwhile, and the texts that make all as it was, in order."""

    away: str
    back: Sequence[str]
    leaves: Sequence[str] = ()


Way = Callable[[str, Fault], Change]


def change(text: str, fault: Fault) -> Change:
    """`text`: the file before."""
    return CHANGES[fault.kind](text, fault)


def _listing_away(text: str, fault: Fault) -> Change:
    """Not one of the venue with the pool: all that is closed there is closed anew after it, which takes minutes."""
    names = listings(text, VENUE)
    name = names[int(fault.dice * len(names))]
    return Change(away=without(text, name), leaves=[name], back=[text])


def _account_renamed(text: str, fault: Fault) -> Change:
    return _renamed(text, "accounts", f"{fault.target}-main")


def _listing_renamed(text: str, fault: Fault) -> Change:
    names = listings(text, VENUE)
    return _renamed(text, "venues.listings", names[int(fault.dice * len(names))])


def _unit_renamed(text: str, _fault: Fault) -> Change:
    return _renamed(text, "venues.units", ROOM)


def _venue_renamed(text: str, _fault: Fault) -> Change:
    return _renamed(text, "venues", VENUE)


def _renamed(text: str, table: str, name: str) -> Change:
    new = f"{name}-for-a-while"
    back = [edits.renamed_back(text, table, name, new), text]
    return Change(away=edits.renamed(text, table, name, new), back=back)


def _venue_away(text: str, _fault: Fault) -> Change:
    return Change(away=edits.without_venue(text, VENUE), leaves=[VENUE], back=[text])


def _pool_unit_away(text: str, _fault: Fault) -> Change:
    return Change(away=edits.without_unit(text, POOLED), leaves=[POOLED], back=[text])


def _put(table: str, name: str, key: str, *values: str) -> Way:
    """One of the values; which one is up to the dice."""

    def way(text: str, fault: Fault) -> Change:
        value = values[int(fault.dice * len(values))]
        return Change(away=edits.put(text, table, name, key, value), back=[text])

    return way


def _policy(text: str, _fault: Fault) -> Change:
    """To the other one."""
    auto = 'conflicts = "auto"' in text
    value = '"propose"' if auto else '"auto"'
    return Change(away=edits.put(text, "venues", VENUE, "conflicts", value), back=[text])


def _shadow(text: str, fault: Fault) -> Change:
    return Change(away=_moded(text, fault, "shadow"), back=[text])


def _paused(text: str, fault: Fault) -> Change:
    """A paused account is not read: shadow reads it before it may go live again."""
    back = [_moded(text, fault, "shadow"), text]
    return Change(away=_moded(text, fault, "paused"), back=back)


def _moded(text: str, fault: Fault, mode: str) -> str:
    return edits.put(text, "accounts", f"{fault.target}-main", "mode", f'"{mode}"')


_CONTACT = f'{{ name = "Front Desk", email = "{SECOND_CONTACT}", phone = "+33198765432" }}'

CHANGES: Mapping[str, Way] = {
    "configuration listing away": _listing_away,
    "configuration account renamed": _account_renamed,
    "configuration listing renamed": _listing_renamed,
    "configuration unit renamed": _unit_renamed,
    "configuration venue renamed": _venue_renamed,
    "configuration venue away": _venue_away,
    "configuration pool unit away": _pool_unit_away,
    "configuration seats": _put("venues.units", "table-05", "seats", "2", "6"),
    "configuration pauses": _put("venues.units", ROOM, "cleanup_minutes", "5", "10", "15"),
    "configuration zone": _put("venues", VENUE, "timezone", '"Europe/Brussels"', '"Europe/London"'),
    "configuration policy": _policy,
    "configuration trust": _put("venues", VENUE, "trust_offers", "true"),
    "configuration contact": _put("venues", VENUE, "house_contact", _CONTACT),
    "configuration shadow": _shadow,
    "configuration paused": _paused,
}
"""By kind of fault."""

REFUSED: Mapping[str, Callable[[str], str]] = {
    "a second account on the same workspace": edits.known_twice,
    "a file cut short": edits.cut_short,
}
"""Files that must never be applied, without being asked for by name."""
