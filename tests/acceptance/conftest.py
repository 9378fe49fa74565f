"""One stage a test process, kept between tests and built anew after a test that failed on it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from tests.acceptance.stage import Stage, simulators, stage
from tests.conftest import Surroundings, new_database

from holdfast.soak.house import address
from holdfast.soak.program import HERE, free_port


class Theatre:
    """Builds the stage when one is wanted and there is none."""

    def __init__(self, surroundings: Surroundings, folders: pytest.TempPathFactory) -> None:
        self._surroundings = surroundings
        self._folders = folders
        self._stack = AsyncExitStack()
        self._stage: Stage | None = None

    async def open(self) -> Stage:
        if self._stage is None:
            self._stage = await self._build(self._folders.mktemp("stage"))
        return self._stage

    async def close(self) -> None:
        self._stage = None
        await self._stack.aclose()

    async def _build(self, folder: Path) -> Stage:
        web_port = free_port()
        database_url = await self._stack.enter_async_context(
            new_database(self._surroundings, template="template1")
        )
        web_url = f"http://{HERE}:{web_port}"
        programs = await self._stack.enter_async_context(simulators(folder, web_url))
        urls = {name: await address(program) for name, program in programs.items()}
        return await self._stack.enter_async_context(stage(folder, database_url, web_port, urls))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def theatre(
    surroundings: Surroundings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Theatre]:
    theatre = Theatre(surroundings, tmp_path_factory)
    yield theatre
    await theatre.close()


@pytest_asyncio.fixture(loop_scope="session", name="on_stage")
async def _on_stage(theatre: Theatre) -> AsyncIterator[Stage]:
    """A stage with nobody on it. It must be possible to clear it after the test, or the test has failed."""
    set_up = await theatre.open()
    try:
        yield set_up
        await set_up.clear()
    except BaseException:
        await theatre.close()
        raise
