"""What an operator can mend, in one clear line with its exit code."""

import asyncpg

from holdfast.configuration_plan import PlanRefused
from holdfast.configuration_problem import ConfigurationError, NotUnderstood
from holdfast.secret import SecretMissing
from holdfast.server_process import EmbeddedError
from holdfast.serving import CannotListen
from holdfast.settings import SettingsError

FAILED, USAGE = 1, 2


class Unusable(Exception):
    """A command cannot do what was asked; the text says what to do instead."""


class NotAgreed(Exception):
    """A command would do more than was agreed to; the text says how to agree. Nothing was changed."""


def explained(error: Exception) -> tuple[str, int] | None:
    """The line and the exit code; None: this is a fault of ours and wants its traceback."""
    if isinstance(error, ConfigurationError | SettingsError | PlanRefused):
        return str(error), USAGE
    if isinstance(error, SecretMissing | NotUnderstood | NotAgreed):
        return str(error), USAGE
    if isinstance(error, EmbeddedError | Unusable | CannotListen):
        return str(error), FAILED
    if isinstance(error, asyncpg.UndefinedTableError):
        return "the database has no tables yet: run `holdfast migrate`", FAILED
    return _network(error)


def _network(error: Exception) -> tuple[str, int] | None:
    if isinstance(error, asyncpg.TransactionRollbackError):
        return "nothing was changed: others wrote the same at that moment: run it again", FAILED
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return f"the database refuses: {error}", FAILED
    if isinstance(error, OSError | TimeoutError):
        return f"the database cannot be reached (HOLDFAST_DATABASE_URL): {error}", FAILED
    return None
