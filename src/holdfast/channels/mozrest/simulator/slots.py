"""The simulated answer to GET /availability: at most nine starts around an instant, and hints. No I/O."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from holdfast.channels.mozrest.simulator.hours import starts_about, starts_from
from holdfast.channels.mozrest.simulator.state import State
from holdfast.channels.mozrest.simulator.world import Area, Venue

NINE, FOUR = 9, 4
NEAR = timedelta(hours=11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    venue: Venue
    areas: tuple[Area, ...]
    """A start counts as free if it is in one of them."""
    party: int
    at: datetime


class Slots:
    """Answers, perhaps from a cache that lags behind."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._kept: dict[tuple[object, ...], tuple[datetime, dict[str, object]]] = {}

    def answer(self, question: Question) -> dict[str, object]:
        lag = self._state.number("availability_lag") or 0
        names = tuple(area.name for area in question.areas)
        key = (question.venue.id, names, question.party, question.at)
        kept = self._kept.get(key)
        if kept is not None and self._state.now < kept[0] + timedelta(seconds=lag):
            return kept[1]
        face = self._fresh(question)
        self._kept = {**self._kept, key: (self._state.now, face)} if lag else {}
        return face

    def _fresh(self, question: Question) -> dict[str, object]:
        free = self._free(question)
        face: dict[str, object] = {
            "date": int(question.at.timestamp()),
            "partySize": question.party,
            "slots": [self._slot(question, start) for start in self._pick(question, free)],
        }
        if question.at not in free:
            face |= self._hints(question, free)
        return {**face, **self._extras(question)}

    def _grid(self, question: Question) -> list[datetime]:
        days = (
            starts_about(question.venue, area, question.party, question.at)
            for area in question.areas
        )
        return sorted({start for day in days for start in day})

    def _free(self, question: Question) -> list[datetime]:
        """All that the answer can name: the starts near the instant, and those of its day."""
        zone = question.venue.zone
        today = question.at.astimezone(zone).date()
        sales = [self._state.sale(question.venue, area, question.party) for area in question.areas]
        return [
            start
            for start in self._grid(question)
            if abs(start - question.at) < NEAR or start.astimezone(zone).date() == today
            if any(sold(start) for sold in sales)
        ]

    def _pick(self, question: Question, free: list[datetime]) -> list[datetime]:
        """Which free starts are "around" the instant is not documented; here are three readings."""
        near = [start for start in free if abs(start - question.at) < NEAR]
        if self._state.says("slots_around", "nearest"):
            return sorted(sorted(near, key=lambda start: abs(start - question.at))[:NINE])
        before = [start for start in near if start < question.at]
        after = [start for start in near if start >= question.at]
        if self._state.says("slots_around", "four_each"):
            return [*before[-FOUR:], *after[: FOUR + 1]]
        reach = FOUR * timedelta(minutes=question.venue.step_minutes)
        return [start for start in near if abs(start - question.at) <= reach]

    def _slot(self, question: Question, start: datetime) -> dict[str, object]:
        area = question.areas[0]
        return {
            "time": self._clock_face(question.venue, start),
            "requireCreditCard": area.card,
            "amount": area.amount,
            "type": area.type,
        }

    def _clock_face(self, venue: Venue, start: datetime) -> str:
        zone = venue.zone if self._state.says("slot_time_zone", "venue") else UTC
        return start.astimezone(zone).strftime("%H:%M")

    def _hints(self, question: Question, free: list[datetime]) -> dict[str, object]:
        """Only where the asked start is not free; times only within the asked day."""
        following = self._following(question)
        today = question.at.astimezone(question.venue.zone).date()
        earlier = [
            start
            for start in free
            if start < question.at and start.astimezone(question.venue.zone).date() == today
        ]
        hints: dict[str, object] = {
            "nextAvailability": self._hint(question, following),
            "previousAvailability": self._hint(question, earlier[-1] if earlier else None),
        }
        if self._state.says("hints", "left_out"):
            return {}
        return hints

    def _following(self, question: Question) -> datetime | None:
        firsts = [self._first_of(area, question) for area in question.areas]
        return min((start for start in firsts if start is not None), default=None)

    def _first_of(self, area: Area, question: Question) -> datetime | None:
        grid = starts_from(question.venue, area, question.party, question.at)
        sold = self._state.sale(question.venue, area, question.party)
        return next((at for at in grid if sold(at)), None)

    def _hint(self, question: Question, start: datetime | None) -> dict[str, object] | None:
        if start is None:
            return None
        zone = question.venue.zone
        same_day = start.astimezone(zone).date() == question.at.astimezone(zone).date()
        slots = [{"time": self._clock_face(question.venue, start)}] if same_day else []
        return {"date": int(start.timestamp()), "slots": slots}

    def _extras(self, question: Question) -> dict[str, object]:
        if self._state.says("availability_extras", "types"):
            types = [{"id": a.booking_type, "name": a.name} for a in question.venue.areas]
            grid = self._grid(question)
            opening = [{"time": self._clock_face(question.venue, start)} for start in grid]
            return {"bookingTypes": types, "openingTimes": opening}
        if self._state.says("availability_extras", "durations"):
            duration = {"value": 10800, "label": "3:00", "endTime": "22:00"}
            return {"requiresDuration": True, "durations": [duration]}
        return {}
