"""On which listing a booking is, although bookings need not name their space (U14)."""

import json
from typing import Any

import pytest

from holdfast.channel import Broken

from .desk import BOARD, CHEFS, SALON, Desk, goods, hour, listing, opened, ours, place, times

SPACES = [
    {"id": place(1), "name": "Salon", "label": "salon"},
    {"id": place(2), "name": "Chef's Table", "label": "chefs-table"},
    {"id": place(3), "name": "Board Room", "label": "board-room"},
    {"id": place(4), "name": "Cellar", "label": "cellar"},
]


def world(**labels: str) -> dict[str, Any]:
    """One hourly product for all four rooms, of which the last is not ours, and a daily one."""
    rooms = [
        {**room, "label": labels.get(room["label"].replace("-", "_"), room["label"])}
        for room in SPACES
    ]
    venue = {"id": "v1", "name": "Glasshouse", "label": "glasshouse", "spaces": rooms}
    ids = [room["id"] for room in SPACES]
    products = [
        {"id": goods(1), "spaces": ids},
        {"id": goods(9), "unit": "daily", "spaces": ids},
    ]
    return {"workspaces": [{"venues": [venue], "products": products}]}


OURS = tuple(
    listing(name, number, goods(1))
    for number, name in enumerate(("salon", "chefs-table", "board-room"), 1)
)


async def test_a_space_in_the_booking_tells_it_without_another_read() -> None:
    async with opened({"space_id_in_booking": "present"}, world=world(), listings=OURS) as desk:
        ref = await desk.guest(2, hour(4))
        assert (await desk.seen(ref)).listing == "chefs-table"
        assert desk.wire.count("scan") == 0


async def test_the_listing_it_is_believed_on_is_taken_without_another_read() -> None:
    async with opened(world=world(), listings=OURS) as desk:
        ref = await desk.guest(2, hour(4))
        assert (await desk.seen(ref, "chefs-table")).listing == "chefs-table"
        assert desk.wire.count("scan") == 0


async def test_a_product_of_one_space_only_tells_it_without_another_read(desk: Desk) -> None:
    ref = await desk.guest(3, hour(4))
    assert (await desk.seen(ref)).listing == "board-room"
    assert desk.wire.count("scan") == 0


async def test_otherwise_the_spaces_are_asked_one_after_the_other() -> None:
    async with opened(world=world(), listings=OURS) as desk:
        ref = await desk.guest(3, hour(4))
        assert (await desk.seen(ref)).listing == "board-room"
        assert desk.wire.count("scan") == 4  # one to learn how to ask, one for each space


async def test_what_a_scan_learned_of_labels_saves_asking() -> None:
    async with opened(world=world(), listings=OURS) as desk:
        await desk.guest(3, hour(4))
        await desk.scan(*OURS)
        ref = await desk.guest(3, hour(5))
        desk.wire.requests.clear()
        assert (await desk.seen(ref)).listing == "board-room"
        assert desk.wire.count("scan") == 0


async def test_labels_that_two_spaces_share_are_not_trusted() -> None:
    async with opened(world=world(chefs_table="salon"), listings=OURS) as desk:
        await desk.guest(1, hour(4))
        await desk.guest(2, hour(4))
        await desk.scan(*OURS)
        refs = [await desk.guest(number, hour(5)) for number in (1, 2)]
        assert [(await desk.seen(ref)).listing for ref in refs] == ["salon", "chefs-table"]


async def test_a_booking_of_a_space_that_is_not_ours_stays_unmapped() -> None:
    async with opened(world=world(), listings=OURS) as desk:
        ref = await desk.guest(4, hour(4))
        assert (await desk.seen(ref)).listing is None


async def test_spaces_known_by_another_name_are_not_asked_again() -> None:
    async with opened(world=world(), listings=OURS) as desk:
        for number in (1, 2, 3):
            await desk.guest(number, hour(4))
        await desk.scan(*OURS)
        ref = await desk.guest(4, hour(4))
        desk.wire.requests.clear()
        assert (await desk.seen(ref)).listing is None
        assert desk.wire.count("scan") <= 1


async def test_a_booking_without_any_name_is_found_by_its_id() -> None:
    async with opened(world=world(), listings=OURS) as desk:
        await desk.guest(1, hour(4))
        await desk.guest(1, hour(5))
        bare = {"id": "b1", "slot": {"from": "2026-03-03T10:00:00Z", "to": "2026-03-03T11:00:00Z"}}
        fault = {"path": "/v1/bookings/b1", "status": 200, "body": json.dumps(bare)}
        await desk.control("POST", "faults", fault)
        assert (await desk.seen("b1")).listing is None
        assert desk.wire.count("scan") == 4


async def test_a_cancelled_booking_is_not_worth_asking_for() -> None:
    async with opened(world=world(), listings=OURS) as desk:
        ref = await desk.guest(3, hour(4))
        await desk.control("POST", f"guest/{ref}/cancel")
        seen = await desk.seen(ref)
        assert (seen.status, seen.listing) == ("cancelled", None)
        assert desk.wire.count("scan") == 0


async def test_another_product_of_a_space_of_ours_is_on_its_listing() -> None:
    async with opened(world=world(), listings=OURS) as desk:
        start = hour(0, 1).span.start.replace(hour=7)
        wish = {
            "place": place(2),
            "start": start.isoformat(),
            "end": start.replace(hour=22).isoformat(),
        }
        ref = (await desk.control("POST", "guest/book", wish))["ref"]
        seen = await desk.seen(ref)
        assert (seen.listing, seen.extra["product_id"]) == ("chefs-table", goods(9))


async def test_of_two_listings_of_a_space_the_one_with_the_product_is_meant() -> None:
    both = (listing("salon-day", 1, goods(9)), *OURS)
    async with opened(world=world(), listings=both) as desk:
        ref = await desk.guest(1, hour(4))
        assert (await desk.seen(ref)).listing == "salon"
        rows = [row for page in await desk.scan(*both) for row in page.bookings]
        assert [row.listing for row in rows] == ["salon"]


async def answers(desk: Desk, ref: str, **changed: object) -> None:
    """What Boseat says of this booking from now on when it is asked for it."""
    slot = {"from": "2026-03-03T10:00:00Z", "to": "2026-03-03T11:00:00Z"}
    body = json.dumps({"id": ref, "status": "CONFIRMED", "slot": slot, **changed})
    fault = {"path": f"/v1/bookings/{ref}", "status": 200, "body": body}
    await desk.control("POST", "faults", fault)


@pytest.mark.parametrize("number", [1, 4])
async def test_a_space_that_is_told_by_its_id_and_not_ours_is_elsewhere(number: int) -> None:
    """The kind of fault: told to be elsewhere, and not told where, are one and the same to us."""
    async with opened({"space_id_in_booking": "present"}, world=world(), listings=OURS) as desk:
        ref = await desk.guest(number, hour(4))
        for believed in ("salon", None):
            seen = await desk.seen(ref, believed)
            assert (seen.listing, seen.elsewhere) == (
                ("salon", False) if number == 1 else (None, True)
            )


async def test_a_booking_that_goes_by_another_space_and_left_the_list_of_its_own_is_elsewhere() -> (
    None
):
    async with opened(world=world(), listings=OURS) as desk:
        for number in (1, 2, 3):
            await desk.guest(number, hour(4))
        await desk.scan(*OURS)
        ref = await desk.guest(4, hour(5))
        seen = await desk.seen(ref, "salon")
        assert (seen.listing, seen.elsewhere) == (None, True)
        other = await desk.guest(2, hour(5))
        seen = await desk.seen(other, "salon")
        assert (seen.listing, seen.elsewhere) == ("chefs-table", False)


async def test_a_booking_that_moved_is_where_its_product_is_sold_though_no_label_was_learned(
    desk: Desk,
) -> None:
    """The kind of fault: a belief outlasts what the booking tells, as long as a process has read no list.

    For three seconds of a soak a whole house was taken for a board room, by a worker that had just begun.
    """
    ref = await desk.guest(3, hour(4))
    await desk.control("POST", f"guest/{ref}/move", {"place": place(1), **times(hour(6))})
    seen = await desk.seen(ref, "board-room")
    assert (seen.listing, seen.elsewhere) == ("salon", False)
    assert (await desk.seen(ref, "salon")).listing == "salon"


async def test_a_space_that_was_given_another_name_is_still_its_own() -> None:
    async with opened(world=world(), listings=OURS) as desk:
        ref = await desk.guest(1, hour(4))
        await desk.scan(*OURS)
        await answers(desk, ref, space={"label": "blue-salon", "venue": {"label": "glasshouse"}})
        seen = await desk.seen(ref, "salon")
        assert (seen.listing, seen.elsewhere) == ("salon", False)


async def test_a_product_of_a_space_that_is_not_ours_is_elsewhere() -> None:
    async with opened(listings=(SALON, CHEFS)) as desk:
        ref = await desk.guest(3, hour(4))
        seen = await desk.seen(ref)
        assert (seen.listing, seen.elsewhere) == (None, True)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"space": {}},
        {"space": {"id": {}}},
        {"space": [1], "product": "p9"},
        {"space": {"id": ""}},
    ],
    ids=repr,
)
async def test_where_it_is_not_told_or_cannot_be_read_it_is_not_elsewhere(
    told: dict[str, object],
) -> None:
    async with opened(world=world(), listings=OURS) as desk:
        await answers(desk, "b1", **told)
        for believed in ("salon", None):
            seen = await desk.seen("b1", believed)
            assert (seen.listing, seen.elsewhere) == (believed, False)


async def test_ids_of_spaces_and_products_compare_without_case() -> None:
    async with opened(world=world(), listings=OURS) as desk:
        told = {"space": {"id": place(2).upper()}, "product": {"id": goods(1).upper()}}
        await answers(desk, "b1", **told)
        seen = await desk.seen("B1".lower())
        assert (seen.listing, seen.elsewhere) == ("chefs-table", False)
        linked = {"product": {"id": goods(7), "spaces": [place(3).upper()]}}
        await answers(desk, "b2", **linked)
        seen = await desk.seen("b2")
        assert (seen.listing, seen.elsewhere) == ("board-room", False)


@pytest.mark.parametrize("style", ["comma", "repeat", "brackets", "json"])
@pytest.mark.parametrize("other", ["ignored", "400"])
async def test_whatever_style_of_filter_is_understood_no_booking_is_misplaced(
    style: str, other: str
) -> None:
    async with opened({"space_ids_style": style, "space_ids_other": other}) as desk:
        refs = {await desk.guest(number, hour(4)): number for number in (3, 2)}
        names = {number: one.name for number, one in enumerate((SALON, CHEFS, BOARD), 1)}
        for _ in range(2):
            rows = [row for page in await desk.scan(SALON, CHEFS, BOARD) for row in page.bookings]
            told = {row.external_id: row.listing for row in rows}
            assert told == {ref: names[number] for ref, number in refs.items()}


async def test_an_empty_workspace_proves_nothing_about_the_filter() -> None:
    async with opened({"space_ids_style": "brackets"}) as desk:
        assert (await desk.scan(SALON, CHEFS))[-1].complete
        ref = await desk.guest(2, hour(4))
        rows = [row for page in await desk.scan(SALON, CHEFS) for row in page.bookings]
        assert [(row.external_id, row.listing) for row in rows] == [(ref, "chefs-table")]


async def test_a_filter_that_no_style_works_for_breaks_the_scan_rather_than_lie(desk: Desk) -> None:
    await desk.guest(2, hour(4))
    fault = {"path": "/v1/bookings", "method": "GET", "status": 200}
    row = '[{"id": "b1", "slot": {"from": "2026-03-03T10:00:00Z", "to": "2026-03-03T11:00:00Z"}}]'
    await desk.control("POST", "faults", {**fault, "body": row})
    with pytest.raises(Broken):
        await desk.scan(SALON)


async def test_find_tells_our_block_from_a_guests_booking_and_from_another_block(
    desk: Desk,
) -> None:
    await desk.guest(1, hour(2))
    await desk.channel.hold(SALON, hour(3), ours("other"))
    since = desk.clock.now()
    assert not await desk.channel.find(SALON, hour(3), ours("b1"), since)
    desk.clock.advance(600)
    placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
    (found,) = await desk.channel.find(SALON, hour(4), ours("b1"), since)
    assert (found.external_id, found.marker) == (placed.external_id, "b1")


async def test_find_gives_a_booking_of_that_offer_whose_contact_is_not_shown() -> None:
    async with opened({"customer_unconfirmed": "hidden"}) as desk:
        placed = await desk.channel.hold(SALON, hour(4), ours("b1"))
        (found,) = await desk.channel.find(SALON, hour(4), ours("b1"), desk.clock.now())
        assert (found.external_id, found.marker) == (placed.external_id, None)
        later = desk.clock.now().replace(hour=23)
        assert not await desk.channel.find(SALON, hour(4), ours("b1"), later)


async def test_find_reads_no_further_than_our_mark(desk: Desk) -> None:
    for number in range(110):
        await desk.guest(1, hour(number % 10, number // 10 + 1))
    for _ in range(2):
        await desk.scan(SALON)
    await desk.channel.hold(SALON, hour(4), ours("b1"))
    desk.wire.requests.clear()
    assert await desk.channel.find(SALON, hour(4), ours("b1"), desk.clock.now())
    assert desk.wire.count("scan") == 1
