"""Every page: routing, and who may see what, follow from this table."""

from holdfast.web import theme
from holdfast.web.screens import (
    account,
    arranging,
    booking,
    bookings,
    calendar,
    event,
    events,
    inbox,
    ops,
    push,
    pushes,
    runbooks,
    stream,
    venues,
    why,
)
from holdfast.web.screens.screen import Screen

SCREENS: tuple[Screen, ...] = (
    Screen(method="GET", path="/ops", needs="viewer", handle=ops.page),
    Screen(method="GET", path="/accounts/{name}", needs="viewer", handle=account.page),
    Screen(method="POST", path="/accounts/{name}", needs="operator", handle=account.act),
    Screen(method="GET", path="/venues", needs="viewer", handle=venues.page),
    Screen(method="GET", path="/venues/{name}/calendar", needs="viewer", handle=calendar.page),
    Screen(method="POST", path="/venues/{name}/calendar", needs="venue", handle=arranging.act),
    Screen(method="GET", path="/explain", needs="viewer", handle=why.page),
    Screen(method="GET", path="/bookings", needs="viewer", handle=bookings.page),
    Screen(method="GET", path="/bookings/{id}", needs="viewer", handle=booking.page),
    Screen(method="GET", path="/conflicts", needs="viewer", handle=inbox.page_of_all),
    Screen(method="GET", path="/conflicts/{id}", needs="viewer", handle=inbox.page),
    Screen(method="POST", path="/conflicts/{id}", needs="venue", handle=inbox.decide),
    Screen(method="GET", path="/events", needs="viewer", handle=events.page),
    Screen(method="POST", path="/events", needs="operator", handle=events.read_again),
    Screen(method="GET", path="/events/{id}", needs="viewer", handle=event.page),
    Screen(method="POST", path="/events/{id}", needs="operator", handle=event.act),
    Screen(method="GET", path="/pushes", needs="viewer", handle=pushes.page),
    Screen(method="POST", path="/pushes", needs="operator", handle=pushes.act),
    Screen(method="GET", path="/pushes/{id}", needs="viewer", handle=push.page),
    Screen(method="POST", path="/pushes/{id}", needs="operator", handle=push.act),
    Screen(method="GET", path="/ui/stream", needs="viewer", handle=stream.page),
    Screen(method="POST", path="/ui/theme", needs="viewer", handle=theme.choose),
    Screen(method="GET", path="/docs/runbooks", needs="viewer", handle=runbooks.index),
    Screen(method="GET", path="/docs/runbooks/{slug}", needs="viewer", handle=runbooks.page),
)
