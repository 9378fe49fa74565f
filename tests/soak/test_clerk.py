"""What somebody types in a soak really happens, and what must stay forgotten is looked for."""

from pathlib import Path
from random import Random

import asyncpg
from tests.town import SECRETS, town

from holdfast.soak.clerk import Clerk, remembered
from holdfast.soak.program import Finished

HOUR = 60


async def test_guests_are_forgotten_events_read_again_and_nothing_breaks(
    database_url: str, tmp_path: Path
) -> None:
    async with town(database_url) as t:
        start = (await t.boseat.offered("salon"))[0][0]
        gone = await t.boseat.book("salon", start, HOUR)
        await t.settle()
        await t.boseat.act(gone, "cancel")
        await t.settle()
        settings = {**SECRETS, "HOLDFAST_DATABASE_URL": database_url}
        clerk = Clerk(
            folder=tmp_path, url=database_url, settings=lambda: settings, random=Random(1)
        )
        for act in (clerk._replay, clerk._forget, clerk._revive):
            await act()
        assert [act.what for act in clerk.acts] == ["events", "forget"]
        assert clerk.acts[1].outcome == "done"
        assert await t.rows("select id from inbox where via = 'replay'")
        assert not clerk.wrongs
        await t.settle()
        connection = await asyncpg.connect(database_url)
        try:
            assert len(clerk.forgotten) == 1
            assert not await remembered(connection, clerk.forgotten, [])
            await connection.execute("update guests set name = 'Ada', erased_at = null")
            assert len(await remembered(connection, clerk.forgotten, [])) == 1
        finally:
            await connection.close()


def test_a_command_broke_where_its_last_word_is_no_line_of_ours() -> None:
    traced = "Traceback (most recent call last):\n  File ...\n"
    assert Finished(code=1, out="", err=f"{traced}KeyError: 7\n").broke
    assert not Finished(code=1, out="", err=f"{traced}holdfast: the database refuses\n").broke
    assert not Finished(code=1, out="", err="holdfast: the database refuses\n").broke
