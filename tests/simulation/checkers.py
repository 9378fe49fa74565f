"""What must be so once all is quiet. Each checker names itself, for a variant must say who caught it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import combinations

from tests.simulation.post import Post
from tests.simulation.provider import Entry, Provider
from tests.simulation.store import Store
from tests.simulation.tables import Row
from tests.simulation.watch import Violation

from holdfast.inventory.known import Outlet
from holdfast.inventory.model import OCCUPYING, Span

GIVEN_UP = "no call is given up"
"""These providers refuse nothing for good that is theirs."""
CONFLICTS = "conflicts are open while both stand"

BESIDE = timedelta(hours=1)
"""A block may stand beside the time that it keeps from being sold: the longest offer."""


def at_quiet(store: Store, hosts: Mapping[int, Provider], post: Post) -> Iterator[Violation]:
    """What must be so once nothing breaks any more and time enough has passed; providers by account."""
    yield from _webhooks(store, post)
    for outlet in store.setup.outlets.values():
        provider = hosts[outlet.account_id]
        elsewhere = _elsewhere(store.setup.outlets, hosts, provider)
        yield from _known(store, outlet, provider)
        yield from _exposed(store, outlet, provider, elsewhere)
    for outlet in store.setup.ever.values():
        provider = hosts[outlet.account_id]
        yield from _ours(store, outlet, provider, _elsewhere(store.setup.ever, hosts, provider))
    for provider in {id(p): p for p in hosts.values()}.values():
        yield from (
            ("effects at most once", f"two blocks {m} at {provider.name}") for m in provider.twice
        )
    yield from _conflicts(store, hosts)
    yield from _unfinished(store)


def _elsewhere(
    outlets: Mapping[int, Outlet], hosts: Mapping[int, Provider], here: Provider
) -> list[Entry]:
    """Guests' bookings at the other providers where these listings are sold."""
    others = {id(p): p for p in (hosts[o.account_id] for o in outlets.values()) if p is not here}
    return [e for theirs in others.values() for e in _guests(theirs)]


def _guests(provider: Provider) -> list[Entry]:
    return [e for e in provider.live() if e.by == "guest"]


def _pause(store: Store, outlet: Outlet) -> timedelta:
    """What must lie between two bookings of the same units."""
    units = (store.setup.units[unit] for unit in outlet.unit_ids if unit in store.setup.units)
    return max((unit.setup + unit.cleanup for unit in units), default=timedelta(0))


def _is_near(block: Entry, reasons: Sequence[Span]) -> bool:
    return any(span.padded(BESIDE, BESIDE).overlaps(block.span) for span in reasons)


def _webhooks(store: Store, post: Post) -> Iterator[Violation]:
    """What we said we had, we have; and we did say so."""
    kept = {row["body"] for row in store.inbox}
    for ref, body in post.acknowledged:
        if body not in kept:
            yield "every 2xx is kept", f"a webhook about {ref} is lost"
    for refused in post.refused:
        yield "every webhook is taken", f"{refused} was refused each time"


def _known(store: Store, outlet: Outlet, provider: Provider) -> Iterator[Violation]:
    """Every guest's booking that the provider shows is in the store as it is, and none that is over lives on."""
    rows = {b["external_id"]: b for b in store.bookings if b["account_id"] == outlet.account_id}
    for entry in provider.books.values():
        if entry.by != "guest":
            continue
        row = rows.get(entry.ref)
        if entry.live and not provider.is_hidden(entry) and row is None:
            yield "every booking is known", f"{entry.ref} is not in the store"
        if row is not None and (row["status"] in OCCUPYING) != entry.live:
            yield (
                "every booking is known",
                f"{entry.ref} is {entry.status}, not {row['status']}",
            )
        if row is not None and entry.live and _span(row) != entry.span:
            yield "every booking is known", f"{entry.ref} is at another time"
    strangers = set(rows) - set(provider.books)
    ours = {ref for ref in rows if ref in provider.books and provider.books[ref].by == "us"}
    for ref in sorted(strangers | ours):
        yield "no booking is invented", f"{ref} is no guest's"


def _span(row: Row) -> Span:
    return Span(start=row["during"].lower, end=row["during"].upper)


def _ours(
    store: Store, outlet: Outlet, provider: Provider, elsewhere: Sequence[Entry]
) -> Iterator[Violation]:
    """Whatever of ours stands is known to stand, and has a reason.

    A listing out of service may tell us no more: what it told last is a reason.
    """
    known = {
        b["external_id"]: b
        for b in store.blocks
        if b["account_id"] == outlet.account_id
        and b["closed_at"] is None
        and b["state"] != "absent"
    }
    reasons = [e.span for e in elsewhere]
    reasons += [e.span for e in _guests(provider) if _pause(store, outlet)]
    reasons += [_span(b) for b in store.occupying() if b["listing_id"] in store.setup.former]
    for entry in provider.live():
        if entry.by != "us" or entry.account != outlet.account_id:
            continue
        if not _is_near(entry, reasons) and (
            entry.status == "confirmed" or provider.rules.capabilities.reads_holds
        ):
            yield "no orphan block", f"{entry.ref} at {provider.name} stands for nobody"
        if entry.ref not in known and entry.status == "confirmed":
            yield "every block is known", f"{entry.ref} at {provider.name} is not in the store"


def _exposed(
    store: Store, outlet: Outlet, provider: Provider, elsewhere: Sequence[Entry]
) -> Iterator[Violation]:
    """Nothing is sold over time that is taken elsewhere, by holds that a provider hides excepted."""
    heard = [e for e in elsewhere if e.status == "confirmed" or _is_stored(store, e)]
    pause = timedelta(0) if outlet.takes == "one" else _pause(store, outlet)
    heard += [e for e in _guests(provider) if pause and e.status == "confirmed"]
    units = len(outlet.unit_ids) if outlet.takes == "one" else 1
    for offer in provider.on_sale():
        taken = [e for e in heard if e.span.padded(pause, pause).overlaps(offer)]
        here = [e for e in _guests(provider) if e.span.overlaps(offer)]
        if taken and (units == 1 or _at_once([*taken, *here], offer) >= units):
            refs = ", ".join(e.ref for e in taken)
            yield "nothing is sold twice", f"{provider.name} sells {offer.start:%H:%M} over {refs}"


def _at_once(entries: Sequence[Entry], within: Span) -> int:
    """How many units they need within a span, however they are seated."""
    starts = {max(e.span.start, within.start) for e in entries}
    return max(sum(e.span.start <= at < e.span.end for e in entries) for at in starts)


def _is_stored(store: Store, entry: Entry) -> bool:
    return any(b["external_id"] == entry.ref for b in store.occupying())


def _conflicts(store: Store, hosts: Mapping[int, Provider]) -> Iterator[Violation]:
    """Open while both stand, closed when not; what somebody means to overlap is none."""
    there = {b["id"]: _entry(hosts, b) for b in store.bookings}
    asked = [c for c in store.open_conflicts() if c["kind"] == "double_booking"]
    for row in asked:
        for booking in (row["booking_id"], *row["against_ids"]):
            entry = there[booking]
            if entry is None or not entry.live:
                ref = store.bookings.rows[booking]["external_id"]
                yield CONFLICTS, f"{row['id']} is open, and {ref} does not stand any more"
    losers = {id(there[row["booking_id"]]) for row in asked}
    meant = [{id(there[int(number)]) for number in kept} for kept in _kept(store)]
    for one, other in combinations(_firm(store, there), 2):
        pair = {id(one), id(other)}
        if not one.span.overlaps(other.span) or losers & pair or any(pair <= k for k in meant):
            continue
        yield CONFLICTS, f"none is open about {one.ref} and {other.ref}"


def _entry(hosts: Mapping[int, Provider], booking: Row) -> Entry | None:
    return hosts[booking["account_id"]].books.get(booking["external_id"])


def _kept(store: Store) -> Iterator[Mapping[str, str]]:
    """Overlaps that somebody means."""
    for row in store.conflicts:
        if row["closed_at"] is not None and row["decision"]:
            yield json.loads(row["decision"])["kept"]


def _firm(store: Store, there: Mapping[int, Entry | None]) -> list[Entry]:
    """Bookings of accounts in service that are confirmed at their provider, where each takes all units."""
    outlets = {o.account_id: o for o in store.setup.outlets.values()}
    found: dict[int, Entry] = {}
    for number, entry in there.items():
        outlet = outlets.get(store.bookings.rows[number]["account_id"])
        if entry is not None and entry.status == "confirmed" and outlet and outlet.takes == "all":
            found[id(entry)] = entry
    return [*found.values()]


def _unfinished(store: Store) -> Iterator[Violation]:
    """Nothing is left to do: no call whose outcome is unknown, none that flies, no news untouched."""
    for push in store.pushes:
        if push["account_id"] not in store.setup.channels:
            continue
        if push["state"] == "dead":
            yield GIVEN_UP, f"{push['call']} {push['id']}: {push['error']}"
        if push["state"] in ("in_flight", "unknown", "waiting") and push["attempts"]:
            yield "everything comes to an end", f"{push['call']} {push['id']} is {push['state']}"
    for row in store.inbox:
        if row["done_at"] is None and row["account_id"] in store.setup.channels:
            yield "everything comes to an end", f"news of {row['ref']}: {row['error']}"
