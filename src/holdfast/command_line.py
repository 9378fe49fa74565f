"""What every command shares before anything slow is imported: running its work, and asking for a reason."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

import click


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run it; what an operator can mend becomes one line."""
    from holdfast.complaints import explained

    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        told = explained(error)
        if told is None:
            raise
        line, code = told
        click.echo(f"holdfast: {line}", err=True)
        sys.exit(code)


def said(_context: click.Context, _option: click.Parameter, text: str) -> str:
    """Nothing but blanks is no reason."""
    if not text.strip():
        raise click.BadParameter("say why, in a few words")
    return text.strip()
