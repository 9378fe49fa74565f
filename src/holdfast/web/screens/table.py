"""Every page: routing, and who may see what, follow from this table."""

from holdfast.web.screens import booking, bookings, event, events, inbox, push, pushes, runbooks
from holdfast.web.screens.screen import Screen

SCREENS: tuple[Screen, ...] = (
    Screen(method="GET", path="/bookings", handle=bookings.page),
    Screen(method="GET", path="/bookings/{id}", handle=booking.page),
    Screen(method="GET", path="/conflicts", handle=inbox.page_of_all),
    Screen(method="GET", path="/conflicts/{id}", handle=inbox.page),
    Screen(method="POST", path="/conflicts/{id}", handle=inbox.decide),
    Screen(method="GET", path="/events", handle=events.page),
    Screen(method="POST", path="/events", handle=events.read_again),
    Screen(method="GET", path="/events/{id}", handle=event.page),
    Screen(method="POST", path="/events/{id}", handle=event.act),
    Screen(method="GET", path="/pushes", handle=pushes.page),
    Screen(method="POST", path="/pushes", handle=pushes.act),
    Screen(method="GET", path="/pushes/{id}", handle=push.page),
    Screen(method="POST", path="/pushes/{id}", handle=push.act),
    Screen(method="GET", path="/docs/runbooks", handle=runbooks.index),
    Screen(method="GET", path="/docs/runbooks/{slug}", handle=runbooks.page),
)
