"""The benchmarks: parse, call."""

from collections.abc import Sequence
from pathlib import Path

import click

from holdfast.command_line import run

NAMES = (
    "ingest",
    "wake",
    "propagate",
    "calls",
    "budget",
    "reads",
    "absorb",
    "scan",
    "pure",
    "memory",
)


class _Benches(click.Group):
    """What is no command of its own is the name of a bench, or an option of theirs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {*self.commands, *self.get_help_option_names(ctx)}
        return super().parse_args(ctx, args if args and args[0] in own else ["figures", *args])


@click.group(cls=_Benches)
def bench() -> None:
    """Measure on this machine, on loopback, with servers and data of its own.

    Without a command of those below all benches of `figures` are run: `holdfast bench [NAME]...`.
    """


@bench.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, type=click.Choice(NAMES))
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 50))
@click.option("--whole", is_flag=True, help="In the sizes that are promised; hours of it.")
@click.option("--json", "as_json", is_flag=True, help="One document, with every run.")
def figures(names: Sequence[str], rounds: int, whole: bool, as_json: bool) -> None:
    """Hold ours against the alternative and the floor, in turns; 1 if something demanded does not hold.

    A ratio is of medians over all rounds, so it means the same on any machine.
    """
    from holdfast.bench.catalogue import measured

    run(measured(names or NAMES, rounds=rounds, whole=whole, as_json=as_json))


@bench.command()
@click.option(
    "--from",
    "document",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What `bench figures --json` said; without it, what is needed is measured now.",
)
@click.option(
    "--check", is_flag=True, help="Hold it against a real run with 2,000 venues; minutes of it."
)
def scale(document: Path | None, check: bool) -> None:
    """Say what 100, 10,000 and 1,000,000 venues need, from what one thing costs on this machine."""
    from holdfast.bench.scale import scale as say

    run(say(document, check=check))


@bench.command()
@click.option("--bookings", default=1_000_000, show_default=True, type=click.IntRange(1_000))
def pages(bookings: int) -> None:
    """Ask for every page over so many bookings, with five journal entries each; 1 if one takes 200 ms.

    A million take some minutes to write, and about four gigabytes of disk under the temporary folder.
    """
    from holdfast.bench.pages import pages as ask_for_pages

    run(ask_for_pages(bookings))
