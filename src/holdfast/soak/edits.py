"""How a soak's holdfast.toml is edited: every function takes its text and gives another. No I/O."""

import re
from collections.abc import Callable, Mapping

Edit = Callable[[str], str]

REFERS: Mapping[str, str] = {"accounts": "account", "venues.units": "units"}
"""By table, the key with which listings refer to it."""


def parts(text: str) -> list[str]:
    """Each table with all that follows it up to the next one."""
    return re.split(r"(?m)^(?=\[\[)", text)


def names(text: str, table: str) -> list[str]:
    """Of all tables of that kind, in order."""
    return re.findall(rf'(?m)^\[\[{re.escape(table)}\]\]\nname = "([^"]+)"', text)


def put(text: str, table: str, name: str, key: str, value: str) -> str:
    """One key of one table says `value`, which is TOML; its comment, if it has one, goes."""
    head = _head(table, name)
    line = f"{key} = {value}\n"

    def edited(part: str) -> str:
        if re.search(rf"(?m)^{key} = ", part):
            return re.sub(rf"(?m)^{key} = .*\n", lambda _: line, part, count=1)
        return part.replace(head, head + line, 1)

    return _each(text, table, name, edited)


def renamed(text: str, table: str, old: str, new: str) -> str:
    """It is called `new` from now on, keeps its history, and whatever refers to it does so by its new name."""
    named = f'[[{table}]]\nname = "{new}"\nrenamed_from = "{old}"\n'
    text = _each(text, table, old, lambda part: part.replace(_head(table, old), named, 1))
    key = REFERS.get(table)
    return text if key is None else _referring(text, key, lambda told: _named(told, old, new))


def renamed_back(text: str, table: str, old: str, new: str) -> str:
    """A renamed thing gets its old name back; `text` is from before."""
    head = _head(table, old)
    return text.replace(head, f'{head}renamed_from = "{new}"\n', 1)


def without_unit(text: str, unit: str) -> str:
    """A unit goes, and listings sell their other units."""
    text = _each(text, "venues.units", unit, lambda _: "")
    return _referring(text, "units", lambda told: re.sub(rf'"{unit}",? *', "", told))


def without_venue(text: str, venue: str) -> str:
    """It goes with all that is sold there."""
    houses = re.split(r"(?m)^(?=\[\[venues\]\])", text)
    return "".join(house for house in houses if not house.startswith(_head("venues", venue)))


def cut_short(text: str) -> str:
    """The last venue is missing, as if the file had not been written to its end."""
    return text[: text.rindex("[[venues]]\n")]


def known_twice(text: str) -> str:
    """A second account with the credentials of the first, which sells what the last listing sells already."""
    account = next(part for part in parts(text) if part.startswith("[[accounts]]"))
    name = names(account, "accounts")[0]
    listing = next(part for part in reversed(parts(text)) if f'account = "{name}"' in part)
    again = re.sub(r'(?m)^name = ".*"', 'name = "once-more"', account, count=1)
    sold = re.sub(r'(?m)^name = ".*"', 'name = "sold-once-more"', listing, count=1)
    sold = sold.replace(f'account = "{name}"', 'account = "once-more"')
    return f"{text.rstrip()}\n\n{sold.rstrip()}\n\n{again}"


def _head(table: str, name: str) -> str:
    return f'[[{table}]]\nname = "{name}"\n'


def _each(text: str, table: str, name: str, edit: Edit) -> str:
    head = _head(table, name)
    return "".join(edit(part) if part.startswith(head) else part for part in parts(text))


def _referring(text: str, key: str, edit: Edit) -> str:
    """Every value of that key in a listing, which may take several lines."""
    value = re.compile(rf'(?ms)^{key} = (?:\[.*?\]|"[^"]*")')
    return "".join(
        value.sub(lambda told: edit(told[0]), part)
        if part.startswith("[[venues.listings]]")
        else part
        for part in parts(text)
    )


def _named(told: str, old: str, new: str) -> str:
    return told.replace(f'"{old}"', f'"{new}"')
