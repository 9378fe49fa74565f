"""What this process writes to its log: facts, in one shape, without secrets or guests."""

import ast
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from aiohttp.http_exceptions import BadHttpMessage
from pydantic import BaseModel, SecretStr, ValidationError

from holdfast.clock import ManualClock
from holdfast.logs import set_up_logs

Written = Callable[[], list[dict[str, object]]]

NOW = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
SOURCE = Path(__file__).parent.parent / "src"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """What pytest set up comes back after the test."""
    root, worker = logging.root, logging.getLogger("arq.worker")
    handlers, level, quiet = root.handlers, root.level, worker.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    worker.setLevel(quiet)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def written() -> Written:
    """Logs go to a stream that is no terminal; the lines in it so far."""
    stream = io.StringIO()
    set_up_logs(stream, ManualClock(NOW))
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_pool_without_its_database_does_not_tell_of_it_each_second(written: Written) -> None:
    """The kind of fault: a library tells of an outage again and again, each time with its stack. We tell of it once."""
    pool = logging.getLogger("asyncpg.pool")
    try:
        raise ConnectionResetError
    except ConnectionResetError:
        pool.warning("Failed to restore the pool connection floor; retrying", exc_info=True)
    assert written() == []
    pool.warning("Pool.close() is taking over 60 seconds to complete.")
    assert len(written()) == 1


def test_what_is_no_http_is_a_line_that_quotes_nothing_of_it(written: Written) -> None:
    try:
        raise BadHttpMessage("Invalid header value char: b'X-Api-Key: canary'")
    except BadHttpMessage:
        logging.getLogger("aiohttp.server").exception("Error handling request from %s", "::1")
    (line,) = written()
    assert (line["event"], line["level"]) == ("request_unreadable: BadHttpMessage", "info")
    assert "canary" not in json.dumps(line)


def test_a_fact_is_one_line_of_json(written: Written) -> None:
    structlog.get_logger("holdfast.sync").info("push_done", push=7, seconds=0.25, live=True)
    assert written() == [
        {
            "timestamp": NOW.isoformat(),
            "event": "push_done",
            "push": 7,
            "seconds": 0.25,
            "live": True,
            "level": "info",
            "logger": "holdfast.sync",
        }
    ]


def test_what_libraries_log_has_the_same_shape(written: Written) -> None:
    logging.getLogger("somebody.elses").warning("took %d s", 3)
    (line,) = written()
    assert (line["event"], line["level"], line["logger"]) == (
        "took 3 s",
        "warning",
        "somebody.elses",
    )
    assert line["timestamp"] == NOW.isoformat()


def test_a_terminal_gets_text(written: Written) -> None:
    stream = Terminal()
    set_up_logs(stream, ManualClock(NOW))
    structlog.get_logger().info("push_done", push=7)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())
    assert "push_done" in plain
    assert "push=7" in plain
    assert not plain.startswith("{")


def test_job_arguments_are_not_logged(written: Written) -> None:
    logging.getLogger("arq.worker").info("job arguments")
    logging.getLogger("arq.worker").warning("job failed")
    assert [line["event"] for line in written()] == ["job failed"]


def test_debugging_is_not_logged(written: Written) -> None:
    structlog.get_logger().debug("detail_seen")
    logging.getLogger("x").debug("detail")
    assert written() == []


def test_what_is_bound_to_the_task_is_on_every_line(written: Written) -> None:
    structlog.contextvars.bind_contextvars(account="rooms-main")
    structlog.get_logger().info("push_done")
    logging.getLogger("x").info("by the way")
    assert [line["account"] for line in written()] == ["rooms-main", "rooms-main"]


def test_setting_up_again_does_not_write_everything_twice(written: Written) -> None:
    stream = io.StringIO()
    set_up_logs(stream, ManualClock(NOW))
    set_up_logs(stream, ManualClock(NOW))
    structlog.get_logger().info("push_done")
    assert len(stream.getvalue().splitlines()) == 1
    assert written() == []


@pytest.mark.parametrize(
    "key",
    [
        *("authorization", "Authorization", "token", "access_token", "webhook-token", "secret"),
        *("client_secret", "clientSecret", "password", "passwd", "api_key", "X-Api-Key", "apikey"),
        *("email", "contact_email", "phone", "telephone", "guest", "guest_name", "firstname"),
        *("body", "raw_body", "headers", "cookie", "customer"),
    ],
)
def test_a_key_that_sounds_private_shows_no_value(key: str, written: Written) -> None:
    structlog.get_logger().info("call_made", **{key: "canary"})
    structlog.get_logger().info("call_made", nested={"deeper": [{key: ("canary",)}]})
    structlog.get_logger().info("call_made", **{key: {"any": "canary"}})
    assert "canary" not in json.dumps(written())
    assert written()[0][key] == "[redacted]"


@pytest.mark.parametrize(
    "text",
    [
        "ask canary@example.test, please",
        "<canary+hf-1@mail.example.test>",
        "Authorization: Bearer canary-canary",
        "sent basic Y2FuYXJ5:canary==",
        "https://user:canary@host.example/path",
        "postgresql://u:canary@/db?host=/run",
        "POST /t?client_secret=canary&x=1",
        "eyJcanary.eyJjYW5hcnk.canary-canary",
    ],
)
def test_a_private_text_is_not_written_wherever_it_stands(text: str, written: Written) -> None:
    structlog.get_logger().info(text)
    structlog.get_logger().info("call_made", why=text, steps=[{"one": (text,)}])
    structlog.get_logger().info("call_made", by={text: 1}, odd=ValueError(text))
    logging.getLogger("x").info("said %s", text)
    assert len(written()) == 4
    assert "canary" not in json.dumps(written())


def test_a_telephone_number_is_not_written(written: Written) -> None:
    structlog.get_logger().info("call_made", phone=33612345678, why="dial +33612345678")
    assert "33612345678" not in json.dumps(written())


def test_the_name_beside_an_address_is_a_persons(written: Written) -> None:
    structlog.get_logger().info("x_seen", who={"name": "Canary", "email": "a@b.example"})
    structlog.get_logger().info("x_seen", unit={"name": "salon"})
    assert [line.get("who") or line["unit"] for line in written()] == [
        {"name": "[redacted]", "email": "[redacted]"},
        {"name": "salon"},
    ]


class Wish(BaseModel):
    party: int


@dataclass
class Row:
    contact: str


def test_a_traceback_is_written_without_what_it_quotes(written: Written) -> None:
    own = (
        f"{'can' + 'ary'}@example.test"  # a traceback shows lines of code, but not what is in them
    )
    party = " ".join(["Mrs", own.partition("@")[0].title(), own])
    try:
        Wish.model_validate({"party": party})
    except ValidationError:
        structlog.get_logger().exception("read_failed")
        logging.getLogger("x").exception("failed for %s", own)
    for line in written():
        assert "ValidationError" in str(line["exception"])
        assert "canary" not in json.dumps(line).lower()


def test_a_row_that_postgres_refuses_is_not_quoted(written: Written) -> None:
    detail = "violates check\nDETAIL:  Failing row contains (7, Canary (Mrs), null)."
    structlog.get_logger().info("save_failed", why=detail)
    assert written()[0]["why"] == "violates check\nDETAIL:  Failing row contains [redacted]."


def test_a_terminal_shows_no_variables_of_a_traceback() -> None:
    stream = Terminal()
    set_up_logs(stream, ManualClock(NOW))

    def fail(secret: str) -> None:
        assert secret
        raise RuntimeError

    try:
        fail("can" + "ary")
    except RuntimeError:
        structlog.get_logger().exception("read_failed")
    assert "RuntimeError" in stream.getvalue()
    assert "canary" not in stream.getvalue()


def test_values_of_any_kind_are_written_as_text(written: Written) -> None:
    structlog.get_logger().info(
        "row_seen",
        row=Row("a@canary.example"),
        until=NOW,
        raw=b"canary",
        secret_kept=SecretStr("canary"),
        units={"salon"},
    )
    (line,) = written()
    assert line["row"] == "Row(contact='[email]')"
    assert (line["until"], line["raw"], line["units"]) == (NOW.isoformat(), "[6 bytes]", ["salon"])
    assert "canary" not in json.dumps(line)


def test_counts_flags_and_ids_stay_readable(written: Written) -> None:
    structlog.get_logger().info(
        "x_seen",
        guests=4,
        token_refreshed=True,
        email=None,
        path="/hooks/rooms-main",
        why="12:00+00:00, a=b, 3@4",
    )
    (line,) = written()
    assert (line["guests"], line["token_refreshed"], line["email"]) == (4, True, None)
    assert (line["path"], line["why"]) == ("/hooks/rooms-main", "12:00+00:00, a=b, 3@4")


LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def test_every_event_of_ours_is_a_snake_case_fact() -> None:
    sentences = [
        f"{file.name}:{call.lineno}"
        for file in SOURCE.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and is_logged(call.func) and not is_a_fact(call.args)
    ]
    assert sentences == []


def is_logged(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and called.attr in LEVELS
        and isinstance(called.value, ast.Name)
        and called.value.id in ("log", "logger", "_log")
    )


def is_a_fact(arguments: list[ast.expr]) -> bool:
    return bool(
        arguments
        and isinstance(arguments[0], ast.Constant)
        and re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", str(arguments[0].value))
    )
