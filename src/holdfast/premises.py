"""A venue of the configuration as the steps work with it: what is sold there, and what of it is leaving."""

from collections.abc import Iterable, Mapping, Sequence

from holdfast.channel import Contact
from holdfast.inventory.known import Outlet
from holdfast.store.configuration import Book, ListingRow, UnitRow, VenueRow
from holdfast.sync.parts import Account, Premises


def premises_of(book: Book, accounts: Mapping[int, Account], row: VenueRow) -> Premises:
    """A venue of the book, in service or leaving; `accounts` are those that are connected."""
    units = [unit for unit in book.units.values() if unit.venue_id == row.id]
    former = [one for one in book.former.values() if one.venue_id == row.id]
    return Premises(
        id=row.id,
        name=row.name,
        holds=row.holds,
        conflicts=row.conflicts,
        trust_offers=row.trust_offers,
        units={u.id: u.unit() for u in units},
        outlets=_outlets(book.listings.values(), accounts, row.id),
        former=_outlets(former, accounts, row.id),
        in_service=row.active,
        configured_at=row.configured_at,
        leaving=_is_leaving(row, units, former),
        let_go=frozenset(one.id for one in former if _goes_with_more(book, row, one)),
        leaving_units=frozenset(unit.id for unit in units if not unit.active),
        house=Contact(
            name=row.house_contact.name,
            email=row.house_contact.email,
            phone=row.house_contact.phone,
        ),
    )


def _goes_with_more(book: Book, venue: VenueRow, listing: ListingRow) -> bool:
    account = book.accounts.get(listing.account_id)
    return not venue.active or account is None or not account.active


def _is_leaving(row: VenueRow, units: Sequence[UnitRow], former: Sequence[ListingRow]) -> bool:
    return (
        not row.active
        or any(not unit.active for unit in units)
        or any(listing.left_at is None for listing in former)
    )


def _outlets(
    rows: Iterable[ListingRow], accounts: Mapping[int, Account], venue_id: int
) -> dict[int, Outlet]:
    return {
        row.id: row.outlet(releases_holds=_releases(accounts.get(row.account_id)))
        for row in rows
        if row.venue_id == venue_id
    }


def _releases(account: Account | None) -> bool:
    return account is not None and account.channel.capabilities.releases_holds
