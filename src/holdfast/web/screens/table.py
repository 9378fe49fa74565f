"""Every page: routing, and who may see what, follow from this table."""

from holdfast.web import theme
from holdfast.web.screens import (
    account,
    actions,
    arranging,
    booking,
    bookings,
    calendar,
    event,
    events,
    exposures,
    inbox,
    ops,
    people,
    push,
    pushes,
    runbooks,
    search,
    sessions,
    stream,
    tokens,
    venues,
    why,
)
from holdfast.web.screens.booking import REVEALS
from holdfast.web.screens.screen import Screen

CALENDAR = "/venues/{name}/calendar"

SCREENS: tuple[Screen, ...] = (
    Screen(method="GET", path="/venues", needs="viewer", venues="own", handle=venues.page),
    Screen(method="GET", path=CALENDAR, needs="viewer", handle=calendar.page),
    Screen(method="POST", path=CALENDAR, needs="venue", handle=arranging.act),
    Screen(method="GET", path="/explain", needs="viewer", venues="own", handle=why.page),
    Screen(method="GET", path="/bookings", needs="viewer", venues="own", handle=bookings.page),
    Screen(method="GET", path="/bookings/{id}", needs="viewer", venues="own", handle=booking.page),
    Screen(
        method="POST",
        path="/bookings/{id}/reveal",
        needs=REVEALS,
        venues="own",
        handle=booking.reveal,
    ),
    Screen(method="GET", path="/exposures", needs="viewer", venues="own", handle=exposures.page),
    Screen(method="GET", path="/conflicts", needs="viewer", venues="own", handle=inbox.page_of_all),
    Screen(method="GET", path="/conflicts/{id}", needs="viewer", venues="own", handle=inbox.page),
    Screen(method="POST", path="/conflicts/{id}", needs="venue", venues="own", handle=inbox.decide),
    Screen(method="GET", path="/ops", needs="viewer", handle=ops.page),
    Screen(method="GET", path="/accounts/{name}", needs="viewer", handle=account.page),
    Screen(method="POST", path="/accounts/{name}", needs="operator", handle=account.act),
    Screen(method="GET", path="/events", needs="viewer", handle=events.page),
    Screen(method="POST", path="/events", needs="operator", handle=events.read_again),
    Screen(method="GET", path="/events/{id}", needs="viewer", handle=event.page),
    Screen(method="POST", path="/events/{id}", needs="operator", handle=event.act),
    Screen(method="GET", path="/pushes", needs="viewer", handle=pushes.page),
    Screen(method="POST", path="/pushes", needs="operator", handle=pushes.act),
    Screen(method="GET", path="/pushes/{id}", needs="viewer", handle=push.page),
    Screen(method="POST", path="/pushes/{id}", needs="operator", handle=push.act),
    Screen(method="GET", path="/search", needs="viewer", venues="own", handle=search.page),
    Screen(
        method="GET",
        path="/ui/stream",
        needs="viewer",
        venues="own",
        bare=True,
        handle=stream.page,
    ),
    Screen(
        method="POST",
        path="/ui/theme",
        needs="viewer",
        venues="own",
        on_record=False,
        bare=True,
        handle=theme.choose,
    ),
    Screen(
        method="GET", path="/docs/runbooks", needs="viewer", venues="own", handle=runbooks.index
    ),
    Screen(
        method="GET",
        path="/docs/runbooks/{slug}",
        needs="viewer",
        venues="own",
        handle=runbooks.page,
    ),
    Screen(method="GET", path="/settings/people", needs="admin", handle=people.page),
    Screen(method="POST", path="/settings/people", needs="admin", handle=people.act),
    Screen(method="GET", path="/settings/tokens", needs="admin", handle=tokens.page),
    Screen(method="POST", path="/settings/tokens", needs="admin", handle=tokens.act),
    Screen(
        method="GET", path="/settings/sessions", needs="viewer", venues="own", handle=sessions.page
    ),
    Screen(
        method="POST", path="/settings/sessions", needs="viewer", venues="own", handle=sessions.end
    ),
    Screen(method="GET", path="/settings/actions", needs="operator", handle=actions.page),
)
