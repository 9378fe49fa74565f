"""The picture of one booking: order is kept, nothing leaves the drawing, nothing is squeezed out of sight."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from holdfast.web.screens.swimlane import LEFT, MOST, RIGHT, WIDTH, Band, Point, picture

BEGAN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
LANES = ["source", "Holdfast", "target"]

offsets = st.integers(min_value=0, max_value=90 * 86_400_000)


def point(lane: str, milliseconds: int) -> Point:
    return Point(lane=lane, at=BEGAN + timedelta(milliseconds=milliseconds), text="", look="told")


@given(st.lists(st.tuples(st.sampled_from(LANES), offsets), max_size=MOST + 20))
def test_what_came_later_stands_further_right_and_within_the_drawing(
    told: list[tuple[str, int]],
) -> None:
    drawn = picture(LANES, [point(lane, at) for lane, at in told], [])
    places = [(mark.point.at, mark.x) for mark in drawn.marks]
    assert places == sorted(places)
    assert all(LEFT <= x <= WIDTH - RIGHT for _, x in places)
    assert len(drawn.marks) + drawn.hidden == len(told)


def test_a_second_is_seen_beside_a_month() -> None:
    told = [point("source", 0), point("target", 1000), point("source", 30 * 86_400_000)]
    first, second, last = (mark.x for mark in picture(LANES, told, []).marks)
    assert (second - first) / (last - first) > 0.15


def test_a_band_reaches_from_its_beginning_to_its_end() -> None:
    since, until = BEGAN, BEGAN + timedelta(seconds=3)
    band = Band(lane="target", since=since, until=until, text="")
    drawn = picture(LANES, [point("source", 0), point("target", 3000)], [band])
    (stripe,) = drawn.stripes
    assert (stripe.x, stripe.x + stripe.width) == (drawn.marks[0].x, drawn.marks[1].x)


def test_nothing_at_all_is_an_empty_picture() -> None:
    drawn = picture(LANES, [], [])
    assert (drawn.marks, drawn.ticks, drawn.hidden) == ([], [], 0)
