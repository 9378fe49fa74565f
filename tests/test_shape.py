"""The size and plainness of the code: what makes a reader look twice makes the build look first."""

import ast
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent
SOURCE = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
EVERYTHING = SOURCE + TESTS

SHAPELESS_NAMES = {"utils", "common", "helpers", "base"}
SILENCERS = re.compile(r"#\s*(type:\s*ignore|pragma:\s*no\s*cover)")
NOQA = re.compile(r"#\s*noqa", re.IGNORECASE)
NOQA_WITH_REASON = re.compile(r"#\s*noqa:\s*[A-Z]+\d+(\s*,\s*[A-Z]+\d+)*\W+\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    place: str
    lines: int


def functions(files: list[Path]) -> list[Function]:
    return [
        Function(
            place=f"{file.relative_to(ROOT)}:{node.lineno} {node.name}", lines=body_lines(node)
        )
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines from the first statement after the docstring to the end."""
    first = node.body[1:2] if ast.get_docstring(node) else node.body[:1]
    return sum((node.end_lineno or statement.lineno) - statement.lineno + 1 for statement in first)


def comments(files: list[Path]) -> Iterator[tuple[str, str]]:
    """Each comment with its place; a string that looks like one is none."""
    for file in files:
        with tokenize.open(file) as text:
            for token in tokenize.generate_tokens(text.readline):
                if token.type == tokenize.COMMENT:
                    yield f"{file.relative_to(ROOT)}:{token.start[0]}", token.string


def imports(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_a_typical_function_has_at_most_six_lines() -> None:
    assert median(function.lines for function in functions(SOURCE)) <= 6


def test_nine_functions_in_ten_have_at_most_twenty_lines() -> None:
    assert quantiles([function.lines for function in functions(SOURCE)], n=10)[-1] <= 20


def test_no_function_has_more_than_forty_lines() -> None:
    assert [function for function in functions(EVERYTHING) if function.lines > 40] == []


def test_no_module_has_more_than_three_hundred_lines() -> None:
    sizes = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in SOURCE}
    assert {name: size for name, size in sizes.items() if size > 300} == {}


def test_every_module_says_what_it_is_for() -> None:
    spoken = [file for file in SOURCE if file.read_text().strip()]
    assert [file for file in spoken if not ast.get_docstring(ast.parse(file.read_text()))] == []


def test_no_module_is_named_after_nothing() -> None:
    assert [file for file in SOURCE if file.stem in SHAPELESS_NAMES] == []


def test_neither_the_type_checker_nor_the_coverage_is_silenced() -> None:
    assert [place for place, comment in comments(EVERYTHING) if SILENCERS.search(comment)] == []


def test_a_lint_rule_is_silenced_only_with_a_reason_beside_it() -> None:
    silenced = [(place, text) for place, text in comments(EVERYTHING) if NOQA.search(text)]
    assert [place for place, text in silenced if not NOQA_WITH_REASON.search(text)] == []


def test_nothing_is_replaced_by_a_mock() -> None:
    mocking = {"unittest.mock", "unittest", "mock"}
    users = [
        str(file.relative_to(ROOT))
        for file in EVERYTHING
        if any(name in mocking or name.startswith("unittest.mock") for name in imports(file))
    ]
    assert users == []
