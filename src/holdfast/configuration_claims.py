"""Listings that are one thing at their provider, whatever they and their accounts are called here. No I/O."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from holdfast.configuration_document import Entry, units_of
from holdfast.configuration_problem import Complaint, KeyPath, written
from holdfast.kind import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A listing whose own keys are in order, and what it claims at its provider."""

    entry: Entry
    channel: str
    claims: Sequence[Claim]

    @property
    def units(self) -> tuple[KeyPath, frozenset[str]]:
        """Names of units mean something within their venue only."""
        venue = self.entry.around.path if self.entry.around else ()
        return venue, frozenset(units_of(self.entry))


def claimed_twice(listings: Iterable[Sold]) -> Iterator[Complaint]:
    """One complaint for each listing that claims what an earlier one has."""
    first: dict[tuple[str, ...], Sold] = {}
    for listing in listings:
        clash: tuple[Claim, Sold] | None = None
        for claim in listing.claims:
            holder = first.setdefault((listing.channel, *claim.what), listing)
            if holder is not listing and not (claim.shared and holder.units == listing.units):
                clash = clash or (claim, holder)
        if clash is not None:
            claim, holder = clash
            text = f"like {written(holder.entry.path)}; {claim.rule}"
            yield (*listing.entry.path, claim.key), text
