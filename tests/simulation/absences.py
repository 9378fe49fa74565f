"""What a channel did not find as it is known, and how often in a row: its named queries over tables in memory."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.simulation.database import overlaps
from tests.simulation.lists import Lists
from tests.simulation.tables import Row

from holdfast.inventory.model import OCCUPYING


class Absences(Lists):
    """Each method is one named query: `<file>_<name>`."""

    def absences_doubt(self, account: int, ref: str, kind: str, read_at: datetime) -> list[Row]:
        known = next(iter(self.bookings_by_refs(account, [ref])), None)
        told = self._counted((account, ref, kind), read_at, known)
        listed = [r["at"] for r in self.listed if (r["account_id"], r["ref"]) == (account, ref)] * (
            kind == "missing"
        )
        seen = [*listed, *([known["read_at"]] if known else [])]
        is_held = known is not None and known["status"] in ("held", "pending")
        row = {
            **{name: told[name] for name in ("since", "read_at", "reads")},
            "shown_at": max(seen, default=None),
            "lists_began_at": self._lists_began(account, known),
            "booking_id": known["id"] if known else None,
            "venue_id": known["venue_id"] if known else None,
            "known": known is not None and known["status"] in OCCUPYING,
            "held_until": known["held_until"] if known and is_held else None,
        }
        if "believes one 404" in self.broken:
            before = read_at - timedelta(minutes=1)
            row |= {"reads": 3, "since": before, "shown_at": None, "lists_began_at": read_at}
        return [row]

    def _counted(self, what: tuple[int, str, str], read_at: datetime, known: Row | None) -> Row:
        account, ref, kind = what
        for row in self.absences:
            if (row["account_id"], row["ref"], row["kind"]) != what:
                continue
            if known is not None and row["read_at"] <= known["read_at"]:
                anew = {"since": read_at, "reads": 1}
            else:
                anew = {"reads": row["reads"] + (read_at > row["read_at"])}
            return self.absences.update(row, **anew, read_at=max(row["read_at"], read_at))
        about = {"account_id": account, "ref": ref, "kind": kind}
        return self.absences.insert(**about, since=read_at, read_at=read_at, reads=1)

    def _lists_began(self, account: int, known: Row | None) -> datetime | None:
        """When the oldest of the passes began that would have shown it; None: one is not over."""
        whole: list[datetime | None] = [
            self.whole_at(account, r)
            for r in self.readings
            if r["account_id"] == account and r["task"] == "bookings"
            if r["during"] is None or (known and overlaps(r["during"], known["during"]))
        ]
        ends = [at for at in whole if at is not None]
        return min(ends) if ends and len(ends) == len(whole) else None

    def absences_settled(self, account: int, refs: Sequence[str]) -> list[Row]:
        for row in self.absences:
            if row["account_id"] == account and row["ref"] in refs:
                self.absences.delete(row)
        return []
