"""Runs a command to its end; the exit code says how it went."""

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
