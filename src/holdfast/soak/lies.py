"""What providers tell wrongly, or do that their documentation does not say: each for its time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.soak.faults import Fault
from holdfast.soak.program import Missed
from holdfast.soak.side import UNITS, Refused, Side

READ_BY_ID = r".*/bookings?/(?!slots)[^/]+"
FINDS_NOTHING: Mapping[str, object] = {
    "method": "GET",
    "path": READ_BY_ID,
    "status": 404,
    "body": '{"code": "NOT_FOUND"}',
    "count": 2,
}
"""Of a living booking as of any other: what asks twice in a row learns nothing from it."""

MISSING = {"provider list short": "second_half", "provider list lacks one": "one_row"}
WHOLE = "whole-house"
"""A booking that moves there costs as many calls as fifty of a room, and guests book it often enough."""

HALF = 0.5


@dataclass(kw_only=True)
class Lies:
    """Strikes at the sides. `moved`: guests' bookings that went elsewhere."""

    sides: Mapping[str, Side]
    moved: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)

    async def strike(self, fault: Fault) -> None:
        """What a provider refuses is left."""
        side = self.sides[fault.target]
        try:
            if fault.kind in MISSING:
                await self._lists(side, fault)
            elif fault.kind == "provider 404":
                await self._not_found(side, fault)
            elif fault.kind == "provider id again":
                await self._id_again(side, fault)
            else:
                await self._elsewhere(side, fault)
        except (Refused, LookupError, Missed) as no:
            self.log.append(f"         {fault.kind}: {no}"[:200])

    async def _not_found(self, side: Side, fault: Fault) -> None:
        await side.ask("POST", "/faults", FINDS_NOTHING)
        await asyncio.sleep(fault.seconds)
        await side.ask("DELETE", "/faults")

    async def _lists(self, side: Side, fault: Fault) -> None:
        await side.ask("PUT", "/lists", {"missing": MISSING[fault.kind]})
        await asyncio.sleep(fault.seconds)
        await side.ask("PUT", "/lists", {})

    async def _id_again(self, side: Side, fault: Fault) -> None:
        """A guest gets the id of another one's booking that is over."""
        over = [
            str(record["ref"])
            for record in await side.ask("GET", "/records")
            if record["by"] == "guest" and record["over"] and record["place"] in side.units
        ]
        offer = _chosen(await side.offers(), fault.dice)
        wish = {**offer, "party": 2, "confirm": True, "ref": over[int(fault.dice * len(over))]}
        ref = (await side.ask("POST", "/guest/book", wish))["ref"]
        self.moved.add(str(ref))
        self.log.append(f"         {ref} is given again, for {offer['start']} {offer['place']}")

    async def _elsewhere(self, side: Side, fault: Fault) -> None:
        """A booking of a room goes to a place that is none of ours, or to any that is; half of the first come back."""
        taken = (await side.books()).taken
        rooms = [(u, e.ref) for u in UNITS for e in taken[u] if not (e.ours or e.held)]
        unit, ref = rooms[int(fault.dice * len(rooms))]
        home = next(place for place, known in side.units.items() if known == unit)
        strange = bool(side.strange) and fault.dice * 10 % 1 < HALF
        sold = [p for p, known in side.units.items() if known != WHOLE and p != home]
        places = [*side.strange] if strange else sold
        await self._carried(side, ref, places[int(fault.dice * 100 % 1 * len(places))], fault.dice)
        await asyncio.sleep(fault.seconds)
        if strange and fault.dice * 1000 % 1 < HALF:
            await self._carried(side, ref, home, fault.dice)

    async def _carried(self, side: Side, ref: str, place: str, dice: float) -> None:
        self.moved.add(ref)
        offers = await side.ask("GET", f"/offers?days=2&place={place}")
        to = _chosen(offers, dice)
        await side.act(ref, "move", to)
        self.log.append(f"         {ref} goes to {to['start']} {place}")


def _chosen(offers: Sequence[Mapping[str, str]], dice: float) -> Mapping[str, str]:
    """Raises IndexError where nothing is sold."""
    return offers[int(dice * len(offers))]
