"""The main job by the Procfile's commands, and by the providers' own books."""

import pytest
from tests.acceptance.stage import Stage, release

from holdfast.soak.program import finished, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_hold_at_boseat_is_a_hold_at_mozrest_and_is_confirmed_and_cancelled_with_it(
    on_stage: Stage,
) -> None:
    offer = (await on_stage.boseat.offers("salon"))[3]
    ref = await on_stage.boseat.book(offer, confirm=False)

    async def held() -> bool:
        return await on_stage.blocks("mozrest", "salon") == [True]

    async def booked() -> bool:
        return await on_stage.blocks("mozrest", "salon") == [False]

    async def gone() -> bool:
        return await on_stage.blocks("mozrest", "salon") == []

    await until(held, "a hold at Mozrest")
    await on_stage.agrees()
    ref = await on_stage.boseat.act(ref, "confirm")
    await until(booked, "a booking at Mozrest")
    await on_stage.agrees()
    await on_stage.boseat.act(ref, "cancel")
    await until(gone, "nothing at Mozrest")
    await on_stage.agrees()


async def test_a_booking_at_mozrest_is_a_booking_at_boseat_and_is_cancelled_with_it(
    on_stage: Stage,
) -> None:
    offer = (await on_stage.mozrest.offers("board-room"))[12]
    ref = await on_stage.mozrest.book(offer)

    async def booked() -> bool:
        blocks = await on_stage.blocks("boseat", "board-room")
        return bool(blocks) and not any(blocks)

    async def gone() -> bool:
        return await on_stage.blocks("boseat", "board-room") == []

    await until(booked, "bookings at Boseat")
    await on_stage.agrees()
    await on_stage.mozrest.act(ref, "cancel")
    await until(gone, "nothing at Boseat")
    await on_stage.agrees()


async def test_a_second_release_changes_nothing(on_stage: Stage) -> None:
    told = await release(on_stage.folder, **on_stage.settings)
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines() == ["The database is up to date.", "Nothing to change."]


async def test_a_second_web_on_the_same_port_ends_with_one_line(on_stage: Stage) -> None:
    told = await finished(on_stage.folder, "web", **on_stage.settings)
    assert told.code == 1
    assert "Traceback" not in told.err
    assert told.err.splitlines()[-1].startswith("holdfast: the port is in use")
    assert on_stage.settings["HOLDFAST_PORT"] in told.err


async def test_a_secret_that_is_not_there_is_named(on_stage: Stage) -> None:
    settings = {k: v for k, v in on_stage.settings.items() if k != "MOZREST_API_KEY"}
    told = await finished(on_stage.folder, "worker", **settings)
    assert told.code == 2
    assert "Traceback" not in told.err
    assert "MOZREST_API_KEY" in told.err.splitlines()[-1]
