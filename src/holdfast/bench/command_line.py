"""The benchmarks: parse, call."""

import click

from holdfast.command_line import run


@click.group()
def bench() -> None:
    """Measure on this machine, on loopback, with servers and data of its own."""


@bench.command()
@click.option("--bookings", default=1_000_000, show_default=True, type=click.IntRange(1_000))
def pages(bookings: int) -> None:
    """Ask for every page over so many bookings, with five journal entries each; 1 if one takes 200 ms.

    A million take some minutes to write, and about four gigabytes of disk under the temporary folder.
    """
    from holdfast.bench.pages import pages as ask_for_pages

    run(ask_for_pages(bookings))
