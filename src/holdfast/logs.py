"""How this process logs: facts with ids, as JSON lines or readable on a terminal, without secrets or guests.

An event is a snake_case fact (`push_done`); what it is about are its keys.
"""

import logging
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import TextIO

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from structlog.typing import EventDict, Processor, WrappedLogger

from holdfast.clock import Clock

REDACTED = "[redacted]"

# Looked for in a key's letters only: `X-Api-Key`, `apiKey` and `api_key` are the same.
_PRIVATE_KEY = re.compile(
    "authori[sz]ation|token|secret|passw|apikey|credential|cookie"  # secrets
    "|email|phone|guest|contact|customer|fullname|firstname|lastname"  # people
    "|body|header|payload"  # what came over the wire holds both
)
_PERSON_KEY = re.compile("email|phone")

_PRIVATE_TEXT = (
    (re.compile(r"(?<=://)[^/@\s]+(?=@)"), REDACTED),  # user:password@ of an address
    (re.compile(r"[^\s@<>\"'(),:;=/]+@[\w-]+(?:\.[\w-]+)+"), "[email]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s,;\"']{6,}"), rf"\1 {REDACTED}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), REDACTED),  # a JSON web token
    (re.compile(r"(?i)\b(\w*(?:token|secret|password|api_?key))=[^&\s]+"), rf"\1={REDACTED}"),
    (re.compile(r"(?<![\w+])\+[1-9]\d{7,14}\b"), "[phone]"),
    # pydantic and Postgres quote the value that they refuse
    (re.compile(r"(?s)(?<=input_value=).*?(?=, input_type=)"), REDACTED),
    (re.compile(r"(?s)(?<=Failing row contains ).*?\)(?=\.?(?:\n|$))"), REDACTED),
)

# arq logs the arguments of its jobs at INFO, whatever it is told about results.
_QUIETER = {"arq.worker": logging.WARNING}


def set_up_logs(stream: TextIO, clock: Clock) -> None:
    """Send whatever this process logs, by structlog or by the standard library, to `stream`.

    A terminal gets text, anything else JSON lines; times are in UTC. May be called again.
    """
    from_anyone: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *from_anyone,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=from_anyone, processors=_rendering(stream, clock)
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.INFO)
    for name, level in _QUIETER.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger("aiohttp.server").addFilter(_unquoted)
    logging.getLogger("asyncpg.pool").addFilter(_is_no_outage)


def _is_no_outage(record: logging.LogRecord) -> bool:
    """We say once that a database is away: a pool would say so each second, with its stack."""
    return not str(record.msg).startswith("Failed to restore the pool")


def _unquoted(record: logging.LogRecord) -> bool:
    """What is no HTTP is told in a line: aiohttp would quote it, and any secret or guest in it."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.msg, record.args, record.exc_info = (
            "request_unreadable: %s",
            (type(error).__name__,),
            None,
        )
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True


def _rendering(stream: TextIO, clock: Clock) -> list[Processor]:
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _Stamp(clock),
        structlog.processors.format_exc_info,
        redact,  # after the traceback became text, before anything is written
        _terminal() if stream.isatty() else structlog.processors.JSONRenderer(),
    ]


def _terminal() -> Processor:
    # Its usual tracebacks show local variables, and those hold secrets and guests.
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


class _Stamp:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"timestamp": self._clock.now().isoformat(), **event}


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event as plain JSON values, without whatever looks like a secret or a guest."""
    return _table(event)


def _table(table: Mapping[str, object]) -> dict[str, object]:
    a_person = any(_PERSON_KEY.search(_letters(key)) for key in table)
    return {
        _text(str(key)): REDACTED if _is_private(key, value, a_person) else _value(value)
        for key, value in table.items()
    }


def _is_private(key: object, value: object, a_person: bool) -> bool:
    """A flag or a count is not, save a telephone number written as one."""
    letters = _letters(key)
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return "phone" in letters
    return bool(_PRIVATE_KEY.search(letters)) or (a_person and letters == "name")


def _letters(key: object) -> str:
    return re.sub("[^a-z]", "", str(key).lower())


def _value(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return _text(value)
        case bytes():
            return f"[{len(value)} bytes]"
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return _table(value)
        case list() | tuple() | set() | frozenset():
            return [_value(item) for item in value]
    return _text(repr(value))


def _text(text: str) -> str:
    for pattern, replacement in _PRIVATE_TEXT:
        text = pattern.sub(replacement, text)
    return text
