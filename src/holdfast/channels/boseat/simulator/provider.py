"""The provider's own side: guests who book without the API, and the truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

from holdfast.channels.boseat.simulator.books import Books
from holdfast.channels.boseat.simulator.records import OVER, ApiError, Booking
from holdfast.channels.boseat.simulator.switches import CHOICES
from holdfast.channels.boseat.simulator.tenancy import Tenancy
from holdfast.channels.boseat.simulator.world import Product, Space
from holdfast.inventory.model import Span
from holdfast.simulation.control import GuestWish, Moved, Refused

TRUTH_DAYS = 3


class BoseatProvider:
    """Fulfils `holdfast.simulation.control.Provider`; a place is a space's id."""

    def __init__(
        self, tenancy: Tenancy, switches: dict[str, str], now: Callable[[], datetime]
    ) -> None:
        self.switches = switches
        self._tenancy = tenancy
        self._now = now

    @property
    def choices(self) -> Mapping[str, Sequence[str]]:
        """Every documented ambiguity."""
        return CHOICES

    def _spaces(self) -> list[tuple[Books, Space]]:
        return [
            (workspace.books, space)
            for workspace in self._tenancy.workspaces
            for space in workspace.spec.spaces()
        ]

    def places(self) -> list[dict[str, str]]:
        """Every space of every workspace."""
        return [
            {"place": space.id, "name": space.name, "house": house.name, "zone": house.zone}
            for books, space in self._spaces()
            for house in [books.venue_of(space.id)]
        ]

    def offered(self, days: int, place: str | None) -> list[dict[str, str]]:
        """What a guest could book from now on."""
        return [
            {"place": space.id, **_times(span)}
            for books, space in self._spaces()
            if place in (None, space.id)
            for span in self._free(books, space, days)
        ]

    def _free(self, books: Books, space: Space, days: int) -> list[Span]:
        now = self._now()
        spans = [
            span
            for product in _products(books, space)
            for span in books.free(space, product, now, now + timedelta(days=days))
        ]
        return sorted(set(spans))

    def guest_books(self, wish: GuestWish) -> str:
        """Raises Refused when the slot is taken or is none."""
        try:
            books = self._tenancy.with_space(wish.place).books
            space = books.space(wish.place)
            customer = books.customer(wish.email, wish.phone, wish.name)
            span = Span(start=wish.start.astimezone(UTC), end=wish.end.astimezone(UTC))
            if wish.ref is not None and span in self._free(books, space, TRUTH_DAYS):
                books.use_again(wish.ref)
            record = books.create(_fitting(books, space, span), space, span, "guest", customer)
            if wish.confirm:
                books.confirm(record)
        except (ApiError, ValueError) as no:
            raise Refused(str(no)) from no
        return record.id

    def takes_unseen(self, wish: GuestWish) -> str:
        """Somebody takes a slot whom the API shows to nobody. Raises Refused when it is taken or is none."""
        try:
            books = self._tenancy.with_space(wish.place).books
            space = books.space(wish.place)
            span = Span(start=wish.start.astimezone(UTC), end=wish.end.astimezone(UTC))
            record = books.create(_fitting(books, space, span), space, span, "other", None)
            record.status = "CONFIRMED"
        except (ApiError, ValueError) as no:
            raise Refused(str(no)) from no
        return record.id

    def guest_confirms(self, ref: str) -> str:
        """Raises Refused when the hold is gone."""
        return self._acts(ref, lambda books, record: books.confirm(record))

    def guest_cancels(self, ref: str) -> str:
        """Raises Refused when there is nothing to cancel."""
        return self._acts(ref, lambda books, record: books.change(record, "CANCEL", "cancelled"))

    def guest_moves(self, ref: str, to: Moved) -> str:
        """The booking keeps its id, also in another space. Raises Refused when the slot is taken."""
        span = Span(start=to.start.astimezone(UTC), end=to.end.astimezone(UTC))

        def move(books: Books, record: Booking) -> None:
            space = books.space(to.place or record.space.id)
            product = _fitting(books, space, span) if to.place else record.product
            books.move(record, span, (product, space))

        return self._acts(ref, move)

    def accept(self, secrets: Sequence[str]) -> None:
        """A token that was granted for another secret is as good as that one."""
        self._tenancy.accept(secrets)

    def pays(self, ref: str) -> str:
        """The guest comes to the payment page; how that ends is a switch."""
        outcome = self.switches["payment_outcome"]
        if outcome == "abandoned":
            return ref
        if outcome == "failed":
            return self._acts(ref, lambda books, record: books.announce(record, "unpaid"))
        return self._acts(ref, lambda books, record: books.change(record, "PAID", "paid"))

    def refunds(self, ref: str) -> str:
        """The venue gives the money back."""
        return self._acts(ref, lambda books, record: books.change(record, "REFUNDED", "refunded"))

    def deletes(self, ref: str) -> str:
        """The venue deletes the record, whatever its status."""
        return self._acts(ref, lambda books, record: books.delete(record), live=False)

    def edits_contact(self, ref: str, email: str, phone: str, name: str) -> str:
        """Somebody changes whose booking it is."""

        def edit(books: Books, record: Booking) -> None:
            before = replace(record)
            record.customer = books.customer(email, phone, name)
            books.touch(record, before)

        return self._acts(ref, edit)

    def _acts(self, ref: str, act: Callable[[Books, Booking], None], live: bool = True) -> str:
        try:
            workspace, record = self._tenancy.with_booking(ref)
            if live:
                workspace.books.check_live(record)
            act(workspace.books, record)
        except (ApiError, ValueError) as no:
            raise Refused(str(no)) from no
        return ref

    def truth(self) -> dict[str, object]:
        """What is really so, by the provider's own books."""
        places = [self._place(books, space) for books, space in self._spaces()]
        twice = sum(self._twice(books, space) for books, space in self._spaces())
        return {"now": self._now().isoformat(), "places": places, "taken_twice": twice}

    def records(self) -> list[dict[str, object]]:
        """All that was ever made, deleted ones too."""
        return [
            _recorded(record)
            for workspace in self._tenancy.workspaces
            for record in workspace.books.ever()
        ]

    def _place(self, books: Books, space: Space) -> dict[str, object]:
        offers = [_times(span) for span in self._free(books, space, TRUTH_DAYS)]
        taken = [_told(record) for record in books.taken(space.id)]
        return {"place": space.id, "taken": taken, "offers": offers}

    def _twice(self, books: Books, space: Space) -> int:
        if self.switches["capacity_mode"] == "capacity_many":
            return 0
        pairs = combinations(books.taken(space.id), 2)
        return sum(one.span.overlaps(other.span) for one, other in pairs)


def _products(books: Books, space: Space) -> list[Product]:
    return [
        product
        for product in books.spec.products
        if space.id in product.spaces and product.category == "booking"
    ]


def _fitting(books: Books, space: Space, span: Span) -> Product:
    """The product that sells this time; any of the space, which then refuses it, where none does."""
    products = _products(books, space)
    if not products:
        raise ApiError(404, "NOT_FOUND", "nothing is sold in this space")
    fitting = (product for product in products if books.is_slot(space, product, span))
    return next(fitting, products[0])


def _times(span: Span) -> dict[str, str]:
    return {"start": span.start.isoformat(), "end": span.end.isoformat()}


def _recorded(record: Booking) -> dict[str, object]:
    return {
        "ref": record.id,
        "place": record.space.id,
        **_times(record.span),
        "status": record.status,
        "by": record.by,
        "email": record.customer.email if record.customer else None,
        "made": record.made_at.isoformat(),
        "since": record.made_at.isoformat(),
        "over": record.over_at.isoformat() if record.over_at else None,
    }


def _told(record: Booking) -> dict[str, object]:
    holds = record.status not in OVER and record.expires_at is not None
    confirmed = record.status in ("CONFIRMED", "PAID")
    expires = record.expires_at.isoformat() if record.expires_at and not confirmed else None
    return {
        "ref": record.id,
        **_times(record.span),
        "status": record.status,
        "by": record.by,
        "email": record.customer.email if record.customer else None,
        "expires": expires if holds else None,
    }
