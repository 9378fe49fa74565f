"""Alert rules, the Grafana dashboard and the runbooks: each leans only on what is there."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import click
import pytest
from tests.web.conftest import Client
from tests.web.rows import NOW

from holdfast.__main__ import main
from holdfast.metrics import exposition
from holdfast.web.app import build_web
from holdfast.web.parts import WebParts
from holdfast.web.screens.runbooks import RUNBOOKS

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
BOARD = DEPLOY / "grafana" / "holdfast.json"
PROMTOOL = shutil.which("promtool")

Shown = Mapping[str, Mapping[str, set[str]]]
"""Every exposed metric, its labels, and their values."""

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed: apt-get install prometheus"
)


def board() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(BOARD.read_text())
    return told


def board_expressions() -> list[str]:
    shown = board()
    panels = [target["expr"] for panel in shown["panels"] for target in panel.get("targets", [])]
    return panels + [each["expr"] for each in shown["annotations"]["list"]]


def rule_expressions() -> list[str]:
    """An expression reaches to the next key of its rule."""
    rules = re.sub(r"(?m)^\s*#.*$", "", RULES.read_text())
    found = re.findall(r"(?s)expr: (?:>-)?(.*?)(?=\n\s*(?:labels:|- record:|- name:)|\Z)", rules)
    return [" ".join(each.split()) for each in found]


async def shown(parts: WebParts, pool: asyncpg.Pool) -> Shown:
    build_web(parts)
    await parts.metrics.refresh(pool, NOW)
    text = (exposition(parts.metrics).body or b"").decode()
    found: dict[str, dict[str, set[str]]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name = re.split("[{ ]", line)[0]
            labels = found.setdefault(name, {})
            for label, value in re.findall(r'(\w+)="([^"]*)"', line):
                labels.setdefault(label, set()).add(value)
    return found


def recorded() -> set[str]:
    return set(re.findall(r"record: (\S+)", RULES.read_text()))


def unknown(expression: str, known: Shown) -> Iterator[str]:
    """What an expression asks for and nobody exposes."""
    for name, inside in re.findall(r"\b(holdfast_\w+)(?:\{([^}]*)\})?", expression):
        if name not in known:
            yield name
            continue
        for label, operator, text in re.findall(r'(\w+)(=~|!=|=)"([^"]*)"', inside):
            values = set(text.split("|")) if operator == "=~" else {text}
            missing = values - known[name].get(label, set())
            yield from (f"{name}: {label}={value}" for value in sorted(missing))
    yield from set(re.findall(r"holdfast:[\w:]+", expression)) - recorded()
    labels = {label for each in known.values() for label in each}
    for grouped in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression):
        yield from {each.strip() for each in grouped.split(",") if each.strip()} - labels


async def test_rules_and_dashboard_ask_for_what_is_exposed(
    parts: WebParts, pool: asyncpg.Pool
) -> None:
    known = await shown(parts, pool)
    asked = [*rule_expressions(), *board_expressions()]
    assert len(rule_expressions()) == len(re.findall("expr:", RULES.read_text()))
    assert [each for expression in asked for each in unknown(expression, known)] == []


async def test_a_metric_a_label_or_a_value_that_nobody_exposes_is_noticed(
    parts: WebParts, pool: asyncpg.Pool
) -> None:
    known = await shown(parts, pool)
    typos = (
        "sum(holdfast_pushs_total)",
        'holdfast_pushes_total{outcome=~"done|deed"}',
        "sum by (chanel) (holdfast_blocks)",
        "holdfast:nothing:ratio > 1",
    )
    assert [bool(list(unknown(typo, known))) for typo in typos] == [True] * 4


async def test_every_alert_leads_to_a_runbook_and_a_screen(client: Client) -> None:
    rules = RULES.read_text()
    alerts = re.findall(r"- alert: (\w+)", rules)
    runbooks, screens = re.findall(r"runbook: (\S+)", rules), re.findall(r"screen: (\S+)", rules)
    assert len(alerts) == len(set(alerts)) == len(runbooks) == len(screens) > 20
    for address in {*runbooks, *screens}:
        assert (await client.get(address)).status == 200, address
    assert {address.rpartition("/")[2] for address in runbooks} == set(RUNBOOKS)


async def test_a_runbook_says_what_to_look_at_what_to_do_and_whom_to_tell(client: Client) -> None:
    text = await (await client.get("/docs/runbooks/brake")).text()
    for heading in ("What a user sees", "First three checks", "Safe actions", "Who to tell"):
        assert heading in text
    assert "<code>holdfast brake show</code>" in text
    assert "`" not in text
    listed = await (await client.get("/docs/runbooks")).text()
    assert all(f'href="/docs/runbooks/{slug}"' in listed for slug in RUNBOOKS)
    assert (await client.get("/docs/runbooks/nothing")).status == 404


def commands(text: str) -> Iterator[list[str]]:
    for named in re.findall(r"`holdfast ([^`]*)`", text):
        yield [word for word in named.split() if re.fullmatch("[a-z]+|--[a-z-]+", word)]


def test_runbooks_name_commands_that_exist() -> None:
    named = [words for book in RUNBOOKS.values() for words in commands(repr(book))]
    assert len(named) > 10
    for words in named:
        command: click.Command = main
        for word in words:
            if isinstance(command, click.Group):
                command = command.commands[word]
            elif word.startswith("--"):
                assert any(word in each.opts for each in command.params), words


def test_the_dashboard_can_be_imported_anywhere() -> None:
    told = board()
    assert told["schemaVersion"] >= 39
    assert [each["type"] for each in told["templating"]["list"]] == ["datasource"]
    panels = told["panels"]
    sources = {t["datasource"]["uid"] for p in panels for t in p.get("targets", [])}
    assert sources == {"${datasource}"}
    assert len({panel["id"] for panel in panels}) == len(panels)
    rows = [panel["title"] for panel in panels if panel["type"] == "row"]
    assert rows[0] == "Can I go back to sleep?"
    assert len(rows) == 7


def promtool(*arguments: str) -> None:
    told = subprocess.run(  # noqa: S603 - our own files, by the tool that PATH names
        [PROMTOOL or "promtool", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr


@needs_promtool
def test_each_rule_fires_when_it_should_and_only_then() -> None:
    promtool("test", "rules", str(RULES.with_name("alerts_test.yml")))


@needs_promtool
def test_prometheus_understands_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"dashboard:{number}", "expr": expression}
        for number, expression in enumerate(board_expressions())
    ]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "a", "rules": rules}]}))
    promtool("check", "rules", str(tmp_path / "rules.yml"))
