"""An explanation as lines for a terminal, or as one JSON object. No I/O."""

from datetime import UTC, datetime

from holdfast.inventory.case import Coming, Explanation, Reason, View
from holdfast.inventory.wall import over_midnight

SIGNS = {"no": "x", "ok": "-", "warning": "!", "unknown": "?"}
VERDICTS = {
    "sellable": "is sellable",
    "not sellable": "is NOT sellable",
    "unknown": "is perhaps sellable: unknown",
}
MOST_COMING = 3


def lines(told: Explanation) -> list[str]:
    """The verdict, every reason, when as much time is free, and what will happen next."""
    start, end = (at.astimezone(told.zone) for at in (told.span.start, told.span.end))
    when = over_midnight(start, end, told.zone) or f"{start:%a %d %b %H:%M}-{end:%H:%M}"
    where = f"{told.unit} ({told.venue}, {told.zone.key})"
    text = [f"{where} {when} {VERDICTS[told.answer]}"]
    wide = max(len(reason.about) for reason in told.reasons)
    text += [_line(reason, wide) for reason in told.reasons]
    text += _next(told)
    return text


def _line(reason: Reason, wide: int) -> str:
    return f"  {SIGNS[reason.mark]} {reason.about:<{wide}}  {reason.text}"


def _next(told: Explanation) -> list[str]:
    found = [f"Next: {_clock(told, c.at)} {c.what}." for c in told.coming[:MOST_COMING]]
    if not told.sellable:
        found.append(f"Next free: {_next_free(told)}.")
    return found


def _next_free(told: Explanation) -> str:
    if not told.next_known:
        return "unknown, not every channel was read lately and as far ahead"
    return _clock(told, told.next_free) if told.next_free else "not within 14 days"


def _clock(told: Explanation, at: datetime) -> str:
    local = at.astimezone(told.zone)
    same = local.date() == told.span.start.astimezone(told.zone).date()
    return f"{local:%H:%M:%S}" if same else f"{local:%a %d %b %H:%M}"


def as_json(told: Explanation) -> dict[str, object]:
    """Instants are UTC."""
    return {
        "venue": told.venue,
        "unit": told.unit,
        "start": _utc(told.span.start),
        "end": _utc(told.span.end),
        "now": _utc(told.now),
        "answer": told.answer,
        "sellable": told.sellable,
        "next_free": _utc(told.next_free),
        "next_free_known": told.next_known,
        "reasons": [_reason(reason) for reason in told.reasons],
        "channels": [_view(view) for view in told.views],
        "coming": [_coming(coming) for coming in told.coming],
    }


def _reason(reason: Reason) -> dict[str, object]:
    return {
        "rule": reason.rule,
        "mark": reason.mark,
        "about": reason.about,
        "text": reason.text,
        "booking": None if reason.booking_id is None else str(reason.booking_id),
    }


def _view(view: View) -> dict[str, object]:
    return {
        "listing": view.listing,
        "account": view.account,
        "mode": view.mode,
        "belief": view.belief,
        "should_offer": view.should_offer,
        "offered": [{"start": _utc(o.start), "end": _utc(o.end)} for o in view.offered],
        "read_at": _utc(view.read_at),
        "blocks": [
            {
                "id": str(standing.block.id),
                "start": _utc(standing.block.span.start),
                "end": _utc(standing.block.span.end),
                "state": standing.block.state,
                "wants": standing.block.wants,
                "expires_at": _utc(standing.block.expires_at),
                "call": standing.errand.call if standing.errand else None,
                "call_state": standing.errand.state if standing.errand else None,
            }
            for standing in view.blocks
        ],
    }


def _coming(coming: Coming) -> dict[str, object]:
    return {"at": _utc(coming.at), "what": coming.what}


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
