"""Where a soak's configuration is changed and put back: holdfast.toml, `holdfast apply`, and what it must refuse."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.soak.changes import REFUSED, change
from holdfast.soak.evidence import Violation
from holdfast.soak.faults import OURS, SIDES, Fault
from holdfast.soak.program import Finished, finished, until
from holdfast.soak.rig import Rig
from holdfast.soak.traits import traits

HALF = 0.5
USAGE = 2
AGREED = re.compile(r"--going-live (\d[\d,]*)")
IMPATIENT_SECONDS = 20.0
"""After so long an account goes live though something was not read completely: under fire that may be so for ever."""

GRACE_SECONDS = 1.0
"""Between two restarts, so that the other web process answers meanwhile."""


@dataclass(kw_only=True)
class Office:
    """One change at a time. `turns`: what is kept busy, by name, shared with all other faults."""

    rig: Rig
    turns: defaultdict[str, asyncio.Lock]
    log: list[str]
    wrongs: list[Violation] = field(default_factory=list)
    """Edits that were applied and must be refused, and commands that broke."""

    async def strike(self, fault: Fault) -> None:
        """Whatever happens meanwhile, all is put back."""
        async with AsyncExitStack() as turns:
            if fault.target in SIDES:  # its account has this name only as long as nobody renames it
                await turns.enter_async_context(self.turns[f"{fault.target} account"])
            if fault.kind == "configuration refused":
                await self._refused()
            elif fault.kind == "configuration secret":
                await self._secret(fault)
            else:
                await self._changed(fault)

    @property
    def _file(self) -> Path:
        return self.rig.folder / "holdfast.toml"

    async def _changed(self, fault: Fault) -> None:
        wanted = change(self._file.read_text(), fault)
        try:
            await self._applied(wanted.away, wanted.leaves)
            await asyncio.sleep(fault.seconds)
        finally:
            for text in wanted.back:
                await self._applied(text)

    async def _applied(self, text: str, leaves: Sequence[str] = ()) -> None:
        """Repeated until it was heard: the database may be down, and calls of an account that goes live are counted."""
        self._file.write_text(text)
        more, began = [word for name in leaves for word in ("--yes-remove", name)], time.monotonic()

        async def heard() -> bool:
            late = ["--incomplete"] if time.monotonic() - began > IMPATIENT_SECONDS else []
            done = await self._command("apply", "--yes", *more, *late)
            if told := AGREED.search(done.err):
                more[:] = ["--going-live", told[1]]
            return done.code == 0

        await until(heard, "apply", look=HALF)

    async def _refused(self) -> None:
        before = self._file.read_text()
        for what, edit in REFUSED.items():
            self._file.write_text(edit(before))
            try:
                await self._tried(what)
            finally:
                await self._applied(before)

    async def _tried(self, what: str) -> None:
        """Nothing is behind a venue in which nothing was booked yet: that may go."""

        async def answered() -> bool:
            done = await self._command("apply", "--yes")
            if done.code == 0 and (what != "a file cut short" or "leaves with" in done.out):
                self.wrongs.append(Violation(checker="refusals", what=f"{what} was applied"))
            return done.code in (0, USAGE)

        await until(answered, f"an answer to {what}", look=HALF)

    async def _command(self, *words: str) -> Finished:
        done = await finished(self.rig.folder, *words, **self.rig.settings)
        if done.code:
            self.log.append(f"         {' '.join(words)}: {done.code} {done.err[-300:]}")
        if done.broke:
            told = done.err.strip().splitlines()[-1]
            self.wrongs.append(Violation(checker="commands", what=f"{words[0]}: {told}"))
        return done

    async def _secret(self, fault: Fault) -> None:
        """Both are accepted until every process of ours has the new one."""
        side, variable = self.rig.sides[fault.target], traits()[fault.target].secret
        old = self.rig.settings[variable]
        new = f"{old.partition('.')[0]}.{time.monotonic_ns()}"
        await side.ask("PUT", "/secrets", {"secrets": [old, new]})
        self.rig.settings = {**self.rig.settings, variable: new}
        for name in OURS:
            async with self.turns[f"{name} process"]:
                await self._restarted(name, variable, new)
        await side.ask("PUT", "/secrets", {"secrets": [new]})

    async def _restarted(self, name: str, variable: str, value: str) -> None:
        program = self.rig.programs[name]
        program.environ = {**program.environ, variable: value}
        self.rig.down.add(name)
        await program.stop()
        await self.rig.raise_again(name)
        await asyncio.sleep(GRACE_SECONDS)
