"""How many reads it takes to read everything once: a list for each venue and day, starts a few at a time. No I/O."""

from collections.abc import Sequence
from datetime import timedelta
from math import ceil

from holdfast.channel import Listing
from holdfast.channels.mozrest.translate import settings_of
from holdfast.inventory.timetable import NEAR, SOON, Load

DAY = timedelta(days=1)
OFFER_READS = 9
"""For a listing's starts of one day: an answer shows nine starts at most, which overlap with those of the next."""
YESTERDAY = 1
"""A booking that goes on until now may have begun the day before."""


def load_of(listings: Sequence[Listing], horizon: timedelta) -> Load:
    """The days that `inventory.timetable` calls near and soon are counted with those that have begun."""
    venues = len({settings_of(listing).venue_id for listing in listings})
    days = ceil(horizon / DAY) + 1
    near = min(days, ceil(NEAR / DAY) + 1)
    soon = min(days, ceil(SOON / DAY) + 1)
    near_starts = min(days - 1, ceil(NEAR / DAY))
    starts = OFFER_READS * len(listings)
    return Load(
        near=venues * near,
        soon=venues * (soon - near + YESTERDAY),
        far=venues * (days - soon),
        near_offers=starts * near_starts,
        far_offers=starts * (days - 1 - near_starts),
    )
