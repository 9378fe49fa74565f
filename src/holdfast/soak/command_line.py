"""The commands that try Holdfast out on this machine: parse, call."""

from dataclasses import replace

import click

from holdfast.command_line import run


@click.command()
@click.option("--minutes", default=10.0, show_default=True, type=click.FloatRange(0.1, 1440))
@click.option("--seed", default=7, show_default=True, help="Of guests and faults.")
@click.option("--no-faults", is_flag=True, help="Only the guests.")
def soak(minutes: float, seed: int, no_faults: bool) -> None:
    """Run everything on this machine among faults, then check that nothing was lost or sold twice by us.

    A seed means the same faults at the same times; how the processes run between them differs each time.
    Prints the figures; exit code 1 if anything was violated, with the history of the booking concerned.
    """
    from holdfast.soak.soak import Wish
    from holdfast.soak.soak import soak as soak_now

    wish = Wish(seed=seed, seconds=60 * minutes)
    run(soak_now(replace(wish, gap=0.0) if no_faults else wish))


@click.command()
@click.option("--minutes", default=5.0, show_default=True, type=click.FloatRange(0.05, 60))
@click.option("--seed", default=1, show_default=True, help="Of guests and webhooks.")
@click.option("--stock", default=100, show_default=True, type=click.IntRange(10, 2000))
def flood(minutes: float, seed: int, stock: int) -> None:
    """Send webhooks at ten times what the workers can do, then check that nothing was lost.

    Prints the figures; exit code 1 if anything was violated. `--stock`: bookings tried on each channel before.
    """
    from holdfast.soak.flood import Wish
    from holdfast.soak.flood import flood as flood_now

    run(flood_now(Wish(seed=seed, seconds=60 * minutes, stock=stock)))
