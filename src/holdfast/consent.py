"""What must be agreed to before a configuration is applied: it is shown first, then asked for or refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import asyncpg
import click

from holdfast import going_live, leaving, listing_check, reckoning
from holdfast.clock import Clock
from holdfast.complaints import NotAgreed
from holdfast.configuration_model import Configuration
from holdfast.configuration_plan import Plan
from holdfast.going_live import Prospect
from holdfast.leaving import Departure
from holdfast.store import schedule
from holdfast.web.words import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Whether to ask before a plan is applied, or only to show it, and what was agreed to before."""

    ask: bool
    dry_run: bool
    given: bool = False
    """Additions and changes need not be asked for."""
    going_live: int | None = None
    """How many calls may go out, by the plan as it was shown."""
    incomplete: bool = False
    """Accounts may go live although something was never read completely."""
    removing: Sequence[str] = ()
    """Names of what may leave although guests' bookings or blocks of ours are behind it."""
    each_call: bool = False
    """Every call is shown, not only how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A plan on its way from the file into the database."""

    connection: asyncpg.Connection
    plan: Plan
    wanted: Configuration
    consent: Consent
    environ: Mapping[str, str]
    clock: Clock

    async def agreed(self) -> bool:
        """Show what it comes to, and ask. False: somebody said no. Raises NotAgreed where nobody can be asked."""
        for line in reckoning.of_plan(self.plan, self.wanted):
            click.echo(line)
        now = await schedule.database_now(self.connection)
        departures = await leaving.look(self.connection, self.plan, now)
        for told in [*departures, *await leaving.upheavals(self.connection, self.plan, now)]:
            click.echo(f"! {told}")
        prospect = await self._look()
        if prospect.modes:
            wrong = await self._wrongly_mapped(prospect.modes)
            prospect = replace(prospect, hindrances=[*prospect.hindrances, *wrong])
            self._show(prospect)
        if self.consent.dry_run:
            return True
        left = leaving.unnamed(departures, self.consent.removing)
        self._refuse(prospect, left)
        return await self._asked(prospect, left)

    async def _look(self) -> Prospect:
        now = await schedule.database_now(self.connection)
        return await going_live.look_at_plan(self.connection, self.plan, self.wanted, now)

    async def _wrongly_mapped(self, accounts: Iterable[str]) -> list[str]:
        """What these accounts sell, looked at once at their providers: a block on the wrong room closes the wrong one."""
        found: list[str] = []
        for name in accounts:
            asked = listing_check.wanted(self.wanted, name)
            checked = await listing_check.check(asked, self.environ, self.clock)
            found += [
                f"listing {one.listing} of {name}: {one.key}: {one.told}"
                for one in checked.objections
            ]
            if checked.unknown is not None:
                found.append(f"listings of {name} could not be looked at: {checked.unknown}")
        return found

    def _show(self, prospect: Prospect) -> None:
        click.echo(f"Going live: {', '.join(prospect.modes)}.")
        for line in prospect.told(each_call=self.consent.each_call):
            click.echo(line)
        click.echo("The calls are derived anew from what is booked by then.")

    def _refuse(self, prospect: Prospect, left: Sequence[Departure]) -> None:
        """Whatever no answer on a terminal could mend, or no terminal is there to answer."""
        if prospect.modes and prospect.hindrances and not self.consent.incomplete:
            raise NotAgreed(going_live.refusal(prospect.hindrances))
        if left and not self.consent.ask:
            names = " ".join(f"--yes-remove {departure.thing.name}" for departure in left)
            raise NotAgreed(f"nothing was changed: {'; '.join(map(str, left))}. Agree with {names}")
        if not prospect.modes:
            return
        if self.consent.going_live is not None:
            self._refuse_another_number(prospect, self.consent.going_live)
        elif not self.consent.ask:
            raise NotAgreed(
                f"nothing was changed: going live would send {counted(prospect.number, 'call')} at once. "
                f"Look at them with `holdfast plan`, then agree with --going-live {prospect.number}"
            )

    def _refuse_another_number(self, prospect: Prospect, agreed: int) -> None:
        if not going_live.still_as_shown(agreed, prospect.number):
            raise NotAgreed(
                f"nothing was changed: going live would send {counted(prospect.number, 'call')} at once, "
                f"and {agreed:,} were agreed to. Look at them again with `holdfast plan`, then agree "
                f"with --going-live {prospect.number}"
            )
        _tell_of_news(agreed, prospect.number)

    async def _asked(self, prospect: Prospect, left: Sequence[Departure]) -> bool:
        typed = bool(prospect.modes) and self.consent.going_live is None
        if typed and not await self._typed(prospect.number):
            return False
        if left:
            return click.confirm(
                f"Take {', '.join(str(one.thing) for one in left)} out of service?"
            )
        agreed = self.consent.given or bool(prospect.modes) or not self.consent.ask
        return agreed or click.confirm("Apply this?")

    async def _typed(self, shown: int) -> bool:
        """The number that was shown stays valid for what comes in while it is typed; not for another plan."""
        while number_is_said(shown):
            now = (await self._look()).number
            if going_live.still_as_shown(shown, now):
                _tell_of_news(shown, now)
                return True
            click.echo(f"Meanwhile {counted(now, 'call')} would go at once, not {shown:,}.")
            shown = now
        return False


def number_is_said(number: int) -> bool:
    """To send calls, their number must be typed: nobody says that by habit."""
    typed: str = click.prompt("Type their number to go live", default="", show_default=False)
    return typed.strip().replace(",", "") == str(number)


def _tell_of_news(shown: int, now: int) -> None:
    if now != shown:
        click.echo(f"Since the plan was shown it changed from {shown:,} to {counted(now, 'call')}.")
