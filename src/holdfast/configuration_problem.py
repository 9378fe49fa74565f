"""What is wrong with a configuration, in words that lead to its repair: file, key, what was expected.

No I/O. A value that may be a secret is never repeated.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from holdfast.secret import SecretRef

KeyPath = tuple[str | int, ...]
Complaint = tuple[KeyPath, str]
"""Where it is wrong, and what was expected."""

_REFERENCE = '{ env = "NAME" } or { file = "PATH" }'
_SHOWN = 60  # characters of a value
_OWN_WORDS = {"value_error", "assertion_error"}  # a validator speaks, after "Value error, "
_CREDENTIALS = re.compile(r"(?<=://)\S+(?=@)")  # a password may hold any character
_SHAPES = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a string",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table",
    "mapping_type": "a table",
    "model_type": "a table",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to put right."""

    source: str
    path: KeyPath
    text: str

    @property
    def key(self) -> str:
        """The path as one writes it; empty for the file as a whole."""
        return written(self.path)

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.key, self.text) if part)


def written(path: KeyPath) -> str:
    """The path as one writes it: `venues[0].listings[1].units`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step[:_SHOWN]}" for step in path)
    return "".join(steps).removeprefix(".")


class NotUnderstood(Exception):
    """The configuration in the database is a newer release's. The text names no secret."""


class ConfigurationError(Exception):
    """The configuration cannot be used. `problems` are all that were found, sorted by their keys.

    A wrong name comes first: others refer to it, so what is said of them may only follow from it.
    """

    def __init__(self, source: str, complaints: Iterable[Complaint]) -> None:
        ordered = sorted(complaints, key=lambda complaint: _in_order(complaint[0]))
        self.problems = tuple(Problem(source=source, path=p, text=text) for p, text in ordered)
        super().__init__("\n".join(map(str, self.problems)))


def _in_order(path: KeyPath) -> tuple[bool, list[tuple[int, str]]]:
    steps = [(step, "") if isinstance(step, int) else (0, step) for step in path]
    return path[-1:] != ("name",), steps


def unknown_key(key: object, known: Collection[str]) -> str:
    """What to say of a key that nobody knows; its value is not looked at."""
    near = get_close_matches(str(key), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(sorted(known))}"
    return f"unknown key, {hint}"


def explain(
    error: ValidationError,
    model: type[BaseModel],
    table: Mapping[str, object],
    also_known: Collection[str] = (),
) -> Iterator[Complaint]:
    """What pydantic found wrong in `table`, one complaint for each key.

    `also_known` are keys of the same table that other models read; they serve as suggestions only.
    """
    by_path: dict[KeyPath, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        by_path.setdefault(_key_path(detail, table), []).append(detail)
    for path, details in by_path.items():
        if not _said_deeper(path, details, by_path):
            yield path, _text(_Place(model, table, path, also_known), details)


def _key_path(detail: ErrorDetails, table: object) -> KeyPath:
    """The steps that exist in the file; the others name members of a union or validators."""
    path: list[str | int] = []
    for step in detail["loc"]:
        if _has(table, step):
            table = _value(table, (step,))
        elif detail["type"] != "missing" or step != detail["loc"][-1]:
            continue
        path.append(step)
    return tuple(path)


def _has(table: object, step: str | int) -> bool:
    if isinstance(table, dict):
        return step in table
    return isinstance(table, list) and isinstance(step, int)


def _said_deeper(
    path: KeyPath, details: Sequence[ErrorDetails], by_path: Collection[KeyPath]
) -> bool:
    """Whether these only follow from others: from a wrong item, or a union's member that got further."""
    deeper = any(other[: len(path)] == path and other != path for other in by_path)
    return deeper and all(detail["type"] in {*_SHAPES, "too_short"} for detail in details)


class _Place:
    """A key of the file, and what the models that read it know about it."""

    def __init__(
        self,
        model: type[BaseModel],
        table: Mapping[str, object],
        path: KeyPath,
        also_known: Collection[str],
    ) -> None:
        self.value = _value(table, path)
        keys = [step for step in path if isinstance(step, str)] or [""]
        self.key = keys[-1]
        models = _readers(model, keys[:-1])
        fields = _fields(models, self.key)
        self.known = {name for reader in models for name in reader.model_fields}
        self.known |= set(also_known) if len(path) == 1 else set()
        self.within_reference = SecretRef in models
        self.is_reference = any(SecretRef in _models(field.annotation) for field in fields)
        self.description = next((field.description for field in fields if field.description), None)

    @property
    def wanted(self) -> str:
        """What belongs here, in words."""
        return _REFERENCE if self.is_reference else self.description or "a value"

    @property
    def got(self) -> str:
        """The value as far as it may be shown: no tables, no lists, nothing that may be a secret."""
        if self.within_reference or self.is_reference or isinstance(self.value, dict | list):
            return ""
        if isinstance(self.value, bool):
            return f", got {str(self.value).lower()}"
        return f", got {shown(self.value) if isinstance(self.value, str) else self.value}"


def shown(text: str) -> str:
    """The text in quotes, cut where it is long, without the credentials of an address."""
    text = _CREDENTIALS.sub("...", text)
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def _value(table: object, path: KeyPath) -> object:
    for step in path:
        if isinstance(table, dict):
            table = table.get(step)
        elif isinstance(table, list) and isinstance(step, int):
            table = table[step]
    return table


def _readers(model: type[BaseModel], keys: Iterable[str]) -> list[type[BaseModel]]:
    """The models that the table below these keys may become."""
    models = [model]
    for key in keys:
        models = [inner for field in _fields(models, key) for inner in _models(field.annotation)]
    return models


def _fields(models: Iterable[type[BaseModel]], key: str) -> list[FieldInfo]:
    return [model.model_fields[key] for model in models if key in model.model_fields]


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _text(place: _Place, details: Sequence[ErrorDetails]) -> str:
    types = {detail["type"] for detail in details}
    if "extra_forbidden" in types:
        return unknown_key(place.key, place.known)
    if "missing" in types:
        return f"expected {place.wanted}, got nothing"
    if place.is_reference and not isinstance(place.value, dict | list):
        return f"expected {_REFERENCE}, got a plain value: keep the secret there, not in this file"
    wanted = dict.fromkeys(_wanted(detail, place) for detail in details)
    text = " or ".join(wanted).replace(" or expected ", " or ")
    own_words = _OWN_WORDS & types and not text.startswith("expected")
    return text if own_words or ", got " in text else f"{text}{place.got}"


def _wanted(detail: ErrorDetails, place: _Place) -> str:
    """What one reader of the key says: a validator in its own words, pydantic in ours where we have some."""
    kind, words = detail["type"], detail["msg"]
    if kind in _OWN_WORDS:
        return words.partition(", ")[2]
    if kind == "too_short" or (kind in _SHAPES and place.is_reference):
        return f"expected {place.wanted}"
    if kind == "tuple_type" and place.description:
        return f"expected a list ({place.description})"
    words = re.sub("^Input should be (?=greater|less)", "expected a number ", words)
    words = re.sub("^Input should be ", "expected ", words)
    return f"expected {_SHAPES[kind]}" if kind in _SHAPES else words
