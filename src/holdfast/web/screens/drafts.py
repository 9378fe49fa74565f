"""What somebody wants to do in a venue's calendar, as it stands in a form: read, checked by field, filled in. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from holdfast.inventory import wall
from holdfast.inventory.model import Guest
from holdfast.store.day import VenueRow
from holdfast.store.reading import BookingRow
from holdfast.sync.arrange import Alteration, Arrangement, Cancellation
from holdfast.sync.operate import DirectBooking, WishRefused
from holdfast.web.fields import is_id
from holdfast.web.problems import REFUSED, wrong_field
from holdfast.web.screens.acting import LONGEST_REASON, reason_of

Act = Literal["book", "close", "move", "extend", "cancel"]
ACTS: tuple[Act, ...] = get_args(Act)

FIELDS: Mapping[Act, tuple[str, ...]] = {
    "book": ("unit", "start", "end", "party", "name", "email", "phone"),
    "close": ("unit", "start", "end", "reason"),
    "move": ("unit", "start", "end", "reason"),
    "extend": ("end", "reason"),
    "cancel": ("reason",),
}
LONGEST_FIELD = 200
LARGEST_PARTY = 10_000
USUAL_LENGTH = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An act with its fields as they were typed; `booking` is what it is done to."""

    act: Act
    booking: int | None = None
    given: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """A field; empty: nothing was typed."""
        return self.given.get(name, "")


def draft_of(asked: Mapping[str, object]) -> Draft:
    """What a form sent. Raises Problem for what no form of ours sends."""
    act = act_of(asked.get("act"))
    given = {name: str(asked.get(name, "")).strip() for name in FIELDS[act]}
    for name, value in given.items():
        if len(value) > LONGEST_FIELD or not value.isprintable():
            raise wrong_field(name, f"at most {LONGEST_FIELD} printable characters", REFUSED)
    return Draft(act=act, booking=_number(asked.get("b")), given=given)


def act_of(text: object) -> Act:
    """Raises Problem for what there is not."""
    for act in ACTS:
        if act == text:
            return act
    raise wrong_field("act", f"one of {', '.join(ACTS)}", REFUSED)


def _number(text: object) -> int | None:
    told = str(text or "")
    if not told:
        return None
    if not is_id(told):
        raise wrong_field("b", "the id of a booking", REFUSED)
    return int(told)


def filled(
    act: Act, about: BookingRow | None, start: datetime | None, unit: str, zone: ZoneInfo
) -> Draft:
    """The form as it is first shown: on what there is, or from where somebody pointed to."""
    if about is not None:
        ends = said(about.ends_at, zone) if about.ends_at else ""
        starts = said(about.starts_at, zone) if about.starts_at else ""
        return Draft(act=act, booking=about.id, given={"unit": "", "start": starts, "end": ends})
    if start is None:
        return Draft(act=act, given={"unit": unit})
    times = {"start": said(start, zone), "end": said(start + USUAL_LENGTH, zone)}
    return Draft(act=act, given={"unit": unit, **times})


def said(at: datetime, zone: ZoneInfo) -> str:
    """An instant as a form shows it: the venue's wall clock, with its offset in an hour that comes twice."""
    local = at.astimezone(zone)
    text = local.replace(tzinfo=None).isoformat(timespec="minutes")
    try:
        wall.instant(text, zone)
    except ValueError:
        return local.isoformat(timespec="minutes")
    return text


def moment(text: str, zone: ZoneInfo) -> datetime:
    """What `said` gave, or somebody typed. Raises ValueError, which says what would do."""
    try:
        at = wall.instant(text, zone)
    except (ValueError, OverflowError) as error:
        by_the_clock = "comes twice" in str(error) or "skips" in str(error)
        raise ValueError(str(error) if by_the_clock else "a time as 2026-11-21T14:00") from error
    if not 2000 <= at.year < 2100:
        raise ValueError("a time between 2000 and 2099")
    return at


def wish_of(draft: Draft, venue: VenueRow, about: BookingRow | None) -> Arrangement:
    """What it means. Raises WishRefused, with the field."""
    if draft.act in ("book", "close"):
        return _made(draft, venue)
    if about is None:
        raise WishRefused("b", "the booking that it is about")
    if draft.act == "cancel":
        return Cancellation(booking_id=about.id, reason=_reason(draft))
    if about.starts_at is None:
        raise WishRefused("b", "a booking whose time is known")
    moved = draft.act == "move"
    return Alteration(
        booking_id=about.id,
        unit=draft.get("unit") or None,
        start=_instant(draft, "start", venue) if moved else about.starts_at,
        end=_instant(draft, "end", venue),
        reason=_reason(draft),
    )


def _made(draft: Draft, venue: VenueRow) -> DirectBooking:
    if not draft.get("unit"):
        raise WishRefused("unit", "one of the venue's units")
    closure = draft.act == "close"
    guest = [draft.get(name) or None for name in ("name", "email", "phone")]
    return DirectBooking(
        venue=venue.name,
        unit=draft.get("unit"),
        listing=None,
        start=_instant(draft, "start", venue),
        end=_instant(draft, "end", venue),
        party_size=None if closure else _party(draft),
        contact=Guest() if closure else Guest(name=guest[0], email=guest[1], phone=guest[2]),
        closure=closure,
        reason=_reason(draft) if closure else "",
    )


def _instant(draft: Draft, name: str, venue: VenueRow) -> datetime:
    try:
        return moment(draft.get(name), ZoneInfo(venue.timezone))
    except ValueError as error:
        raise WishRefused(name, str(error)) from error


def _party(draft: Draft) -> int | None:
    told = draft.get("party")
    if not told:
        return None
    if not (is_id(told) and int(told) <= LARGEST_PARTY):
        raise WishRefused("party", f"a whole number from 1 to {LARGEST_PARTY}")
    return int(told)


def _reason(draft: Draft) -> str:
    reason = reason_of(draft.get("reason"))
    if not reason:
        raise WishRefused("reason", f"why, in at most {LONGEST_REASON} characters")
    return reason
