"""What must be so once all is quiet. Each checker names itself, for a variant must say who caught it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from tests.simulation.post import Post
from tests.simulation.provider import Entry, Provider
from tests.simulation.store import Store
from tests.simulation.tables import Row
from tests.simulation.watch import Violation

from holdfast.inventory.model import OCCUPYING, Span

BESIDE = timedelta(hours=1)
"""A block may stand beside the time that it keeps from being sold: the longest offer."""


def at_quiet(store: Store, providers: Mapping[int, Provider], post: Post) -> Iterator[Violation]:
    """What must be so once nothing breaks any more and time enough has passed; providers by listing."""
    yield from _webhooks(store, post)
    for listing, provider in providers.items():
        elsewhere = [
            e
            for other, theirs in providers.items()
            if other != listing
            for e in theirs.live()
            if e.by == "guest"
        ]
        yield from _known(store, listing, provider)
        yield from _ours(store, listing, provider, elsewhere)
        yield from _exposed(store, listing, provider, elsewhere)
        yield from (
            ("effects at most once", f"two blocks {m} at {provider.name}") for m in provider.twice
        )
    yield from _unfinished(store)


def _webhooks(store: Store, post: Post) -> Iterator[Violation]:
    """What we said we had, we have; and we did say so."""
    kept = {row["body"] for row in store.inbox}
    for ref, body in post.acknowledged:
        if body not in kept:
            yield "every 2xx is kept", f"a webhook about {ref} is lost"
    for refused in post.refused:
        yield "every webhook is taken", f"{refused} was refused each time"


def _known(store: Store, listing: int, provider: Provider) -> Iterator[Violation]:
    """Every guest's booking that the provider shows is in the store as it is, and none that is over lives on."""
    rows = {b["external_id"]: b for b in store.bookings if b["listing_id"] == listing}
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
    store: Store, listing: int, provider: Provider, elsewhere: Sequence[Entry]
) -> Iterator[Violation]:
    """Whatever of ours stands is known to stand, and has a reason."""
    known = {
        b["external_id"]: b
        for b in store.blocks
        if b["listing_id"] == listing and b["closed_at"] is None and b["state"] != "absent"
    }
    for entry in provider.live():
        if entry.by != "us":
            continue
        near = [e for e in elsewhere if e.span.padded(BESIDE, BESIDE).overlaps(entry.span)]
        if not near and (entry.status == "confirmed" or provider.rules.capabilities.reads_holds):
            yield "no orphan block", f"{entry.ref} at {provider.name} stands for nobody"
        if entry.ref not in known and entry.status == "confirmed":
            yield "every block is known", f"{entry.ref} at {provider.name} is not in the store"


def _exposed(
    store: Store, listing: int, provider: Provider, elsewhere: Sequence[Entry]
) -> Iterator[Violation]:
    """Nothing is sold over time that is taken elsewhere, by holds that a provider hides excepted."""
    heard = [e for e in elsewhere if e.status == "confirmed" or _is_stored(store, e)]
    units = len(store.setup.outlets[listing].unit_ids)
    for offer in provider.on_sale():
        taken = [e for e in heard if e.span.overlaps(offer)]
        here = [e for e in provider.live() if e.by == "guest" and e.span.overlaps(offer)]
        if taken and _at_once([*taken, *here], offer) >= units:
            refs = ", ".join(e.ref for e in taken)
            yield "nothing is sold twice", f"{provider.name} sells {offer.start:%H:%M} over {refs}"


def _at_once(entries: Sequence[Entry], within: Span) -> int:
    """How many units they need within a span, however they are seated."""
    starts = {max(e.span.start, within.start) for e in entries}
    return max(sum(e.span.start <= at < e.span.end for e in entries) for at in starts)


def _is_stored(store: Store, entry: Entry) -> bool:
    return any(b["external_id"] == entry.ref for b in store.occupying())


def _unfinished(store: Store) -> Iterator[Violation]:
    """Nothing is left to do: no call whose outcome is unknown, none that flies, no news untouched."""
    for push in store.pushes:
        if push["state"] in ("in_flight", "unknown", "waiting") and push["attempts"]:
            yield "everything comes to an end", f"{push['call']} {push['id']} is {push['state']}"
    for row in store.inbox:
        if row["done_at"] is None:
            yield "everything comes to an end", f"news of {row['ref']}: {row['error']}"
