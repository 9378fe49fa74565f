"""What keeps a booking from being in order, as the API tells it."""

from holdfast.store.flaws import Flaw, flaws_of
from holdfast.store.reading import BookingRow
from holdfast.web.notices import notices
from holdfast.web.parts import WebParts
from holdfast.web.shapes import BookingFlaw


async def flaws_told(parts: WebParts, row: BookingRow) -> list[BookingFlaw]:
    """Worst first; none: it is in order."""
    now = parts.clock.now()
    found = await flaws_of(parts.pool, row, now)
    told = zip(found, notices(found, now), strict=True)
    return [_flaw(flaw, notice.text) for flaw, notice in told]


def _flaw(flaw: Flaw, text: str) -> BookingFlaw:
    about = None if flaw.about is None else str(flaw.about)
    settles = flaw.kind in ("conflict", "overlapped")
    return BookingFlaw(
        kind=flaw.kind,
        text=text,
        conflict=about if settles else None,
        push=None if settles else about,
        listing=flaw.listing,
        account=flaw.account,
        since=flaw.since,
    )
