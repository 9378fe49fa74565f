"""The inbox, bookings, allocations and the journal: their named queries over tables in memory."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from asyncpg import Range
from tests.simulation.conflicts import Conflicts
from tests.simulation.database import LEASE, columns, named, overlaps
from tests.simulation.tables import Row

LAPSING = ("held", "pending")


class Facts(Conflicts):
    """Each method is one named query: `<file>_<name>`."""

    def inbox_add(self, *arrays: Sequence[Any]) -> list[Row]:
        found = []
        for account, via, ref, raw_type, told, _, body, at in columns(*arrays):
            delivery = self._delivery(told)
            same = (
                i
                for i in self.inbox
                if delivery is not None
                and (i["account_id"], i["delivery_id"], i["ref"]) == (account, delivery, ref)
            )
            if next(same, None) is not None:
                self.on_conflict()
                continue
            row = self._incoming((account, via, ref, raw_type), delivery, at)
            found.append(self.inbox.update(row, body=body))
        return named(found, "account_id", "via", "raw_type")

    def _delivery(self, told: str | None) -> str | None:
        """A provider's id comes with a digest of what it tells: the same id alone is not the same event."""
        bare = told is not None and "drops a second event of one id" in self.broken
        return told.split(" ")[0] if told is not None and bare else told

    def inbox_take_in(self, *args: Any) -> list[Row]:
        return [{**row, "many": 1} for row in self.inbox_add(*args[:-1])]

    def _incoming(self, what: tuple[Any, ...], delivery: str | None, at: datetime) -> Row:
        account, via, ref, raw_type = what
        return self.inbox.insert(
            account_id=account,
            via=via,
            ref=ref,
            raw_type=raw_type,
            delivery_id=delivery,
            body=None,
            received_at=at,
            due_at=at,
            lease_until=None,
            leased_by=None,
            attempts=0,
            done_at=None,
            outcome=None,
            error=None,
        )

    def inbox_add_done(
        self, account: int, via: str, ref: str, raw_type: str, at: datetime, *rest: Any
    ) -> list[Row]:
        row = self._incoming((account, via, ref, raw_type), None, at)
        return named([self.inbox.update(row, done_at=at, outcome=rest[0])], "id")

    def inbox_keep_once(
        self, account: int, via: str, ref: str, raw_type: str, at: datetime, *rest: Any
    ) -> list[Row]:
        outcome, _body, delivery = rest
        if not any(
            (i["account_id"], i["delivery_id"], i["ref"]) == (account, delivery, ref)
            for i in self.inbox
        ):
            row = self._incoming((account, via, ref, raw_type), delivery, at)
            self.inbox.update(row, done_at=at, outcome=outcome)
        return []

    def inbox_claim(self, now: datetime, limit: int, account: int, *how: Any) -> list[Row]:
        most, careful, holder = how
        doubted = self.in_doubt(account)
        if not self.may_take(account, "intake") or (careful and doubted):
            return [{"in_doubt": doubted, "id": None}]
        free = [
            i for i in self.waiting_news() if i["account_id"] == account and self.free_to_claim(i)
        ]
        due = [i for i in free if i["due_at"] <= now and i["ref"] is not None]
        due.sort(key=lambda i: (*self._risk(i, now), i["due_at"], i["id"]))
        wanted = list(dict.fromkeys(i["ref"] for i in due))[:limit]
        places = {None: -1} | {ref: place for place, ref in enumerate(wanted)}
        taken = [i for i in free if i["ref"] in wanted or (i["ref"] is None and i["due_at"] <= now)]
        taken = sorted(taken, key=lambda i: (places[i["ref"]], i["id"]))[:most]
        for row in taken:
            self.took(account, "intake", "news")
            lease = {"lease_until": self.now() + LEASE, "leased_by": holder}
            self.inbox.update(row, **lease, attempts=row["attempts"] + 1)
        told = [{"in_doubt": doubted, **row, **self._known(account, row["ref"])} for row in taken]
        return told or [{"in_doubt": doubted, "id": None}]

    def _known(self, account: int, ref: str | None) -> Row:
        """What goes with a claimed row: the booking of its reference, and our own block."""
        row: Row = dict.fromkeys(("listing_id", "read_at", "ours_at")) | {"ours_flies": False}
        if ref is None:
            return row
        for known in self.bookings_by_ref(account, ref):
            row |= {name: known[name] for name in ("listing_id", "read_at")}
        row |= {"ours_at": self.ended_at(account, ref)}
        for block in self.blocks_by_echo(account, ref, None):
            row |= {"ours_at": block["updated_at"], "ours_flies": block["flying"]}
        return row

    def _risk(self, row: Row, now: datetime) -> tuple[bool, bool, datetime]:
        """Never read, then what lies ahead by its start, then what is over."""
        blocks = (k for k in self.blocks if k["account_id"] == row["account_id"])
        known = list(self.bookings_by_refs(row["account_id"], [row["ref"]]))
        known += [k for k in blocks if k["external_id"] == row["ref"]]
        during = next((one["during"] for one in known if one["during"]), None)
        if during is None:
            return bool(known), True, now
        return True, during.upper <= now, during.lower

    def inbox_untold(self, *_: Any) -> list[Row]:
        return []

    def waiting_news(self) -> list[Row]:
        return [i for i in self.inbox.rows.values() if i["done_at"] is None]

    def inbox_finish(self, ids: Sequence[int], now: datetime, outcome: str) -> list[Row]:
        for row in (self.inbox.rows[i] for i in ids):
            if row["done_at"] is None:
                self.inbox.update(row, done_at=now, outcome=outcome, error=None, lease_until=None)
        return []

    def inbox_later(
        self, ids: Sequence[int], due: datetime, error: str, tries: int | None
    ) -> list[Row]:
        again = {"due_at": due, "error": error, "lease_until": None}
        for row in (self.inbox.rows[i] for i in ids):
            if row["done_at"] is None:
                attempts = row["attempts"] if tries is None else tries
                self.inbox.update(row, **again, attempts=attempts)
        return []

    def heard(self, now: datetime) -> list[int]:
        """Whose news wait."""
        due = {
            i["account_id"]
            for i in self.waiting_news()
            if i["due_at"] <= now
            and self.free_to_claim(i)
            and i["account_id"] is not None
            and self.may_take(i["account_id"], "intake")
            and not self.is_shut(i["account_id"], "in", now)
        }
        return sorted(due)

    def bookings_by_ref(self, account: int, ref: str) -> list[Row]:
        found = self.bookings_by_refs(account, [ref])
        if "older overwrites newer" in self.broken:
            return [{**b, "read_at": b["first_seen_at"] - LEASE} for b in found]
        return found

    def bookings_by_refs(self, account: int, refs: Sequence[str]) -> list[Row]:
        return [b for b in self.bookings if b["account_id"] == account and b["external_id"] in refs]

    def bookings_told_by_refs(self, account: int, refs: Sequence[str]) -> list[Row]:
        found = self.bookings_by_refs(account, refs)
        spans = [
            (b["during"].lower, b["during"].upper) if b["during"] else (None, None) for b in found
        ]
        return [
            b | {"starts_at": start, "ends_at": end}
            for b, (start, end) in zip(found, spans, strict=True)
        ]

    def bookings_venue_of_ref(self, account: int, ref: str) -> list[Row]:
        return named(self.bookings_by_ref(account, ref), "venue_id")

    def bookings_by_id(self, number: int) -> list[Row]:
        return [self.bookings.rows[number]] if number in self.bookings.rows else []

    def bookings_occupying_in(self, venue: int, stretch: Range) -> list[Row]:
        return [
            b
            for b in self.occupying()
            if b["venue_id"] == venue and b["during"] and overlaps(b["during"], stretch)
        ]

    def bookings_insert(self, *values: Any) -> list[Row]:
        names = (
            "venue_id, listing_id, account_id, channel, external_id, status, raw_status, payment, during,"
            " party_size, unit_ids, held_until, made_at, first_seen_at, firm_at, read_at, updated_at"
        )
        row: Row = dict(columns(names.split(", "), values[:-4]))  # who booked is kept nowhere here
        if self.bookings_by_ref(row["account_id"], row["external_id"]):
            self.on_conflict()
            return []
        added = self.bookings.insert(**row, version=1)
        self.booking_changed(added)
        return [added]

    def bookings_update(self, number: int, *values: Any) -> list[Row]:
        names = (
            "venue_id, listing_id, status, raw_status, payment, during, party_size, held_until, made_at,"
            " firm_at, read_at, updated_at, first_seen_at"
        )
        row = self.bookings.rows[number]
        changes: Row = dict(columns(names.split(", "), values))
        self.bookings.update(row, **changes, version=row["version"] + 1)
        self.booking_changed(row)
        return [row]

    def bookings_seen_again(self, number: int, read_at: datetime) -> list[Row]:
        row = self.bookings.rows[number]
        if row["read_at"] < read_at:
            self.bookings.update(row, read_at=read_at)
        return []

    def bookings_forget_guest(self, *_: Any) -> list[Row]:
        return []

    def bookings_save_guest(self, *_: Any) -> list[Row]:
        return []

    def bookings_turn_out(self, account: int, ref: str, now: datetime) -> list[Row]:
        found = [
            b for b in self.occupying() if (b["account_id"], b["external_id"]) == (account, ref)
        ]
        for row in found:
            told = {"status": "cancelled", "raw_status": "(a block of ours)", "held_until": None}
            self.bookings.update(row, **told, updated_at=now, version=row["version"] + 1)
            self.booking_changed(row)
        return found

    def bookings_lapsing(self, now: datetime) -> list[Row]:
        asked = {(i["account_id"], i["ref"]) for i in self.waiting_news()}
        return [
            b
            for b in self.ending()
            if b["held_until"] <= now and (b["account_id"], b["external_id"]) not in asked
        ]

    def ending(self) -> list[Row]:
        return [
            b
            for b in self.bookings
            if b["status"] in LAPSING and b["held_until"] and b["read_at"] < b["held_until"]
        ]

    def bookings_live_refs(self, account: int, window: Range, before: datetime) -> list[Row]:
        return [
            b
            for b in self.occupying()
            if b["account_id"] == account
            and b["during"]
            and overlaps(b["during"], window)
            and b["read_at"] < before
        ]

    def allocations_of_bookings(self, ids: Sequence[int]) -> list[Row]:
        return [a for a in self.allocations if a["booking_id"] in ids]

    def allocations_found(self, ids: Sequence[int], kinds: Sequence[str]) -> list[Row]:
        granted = self.allocations_of_bookings(ids)
        conflicts = [
            c for c in self.open_conflicts() if c["kind"] in kinds and c["booking_id"] in ids
        ]
        nothing = {"unit_id": None, "during": None, "kind": None, "conflict_id": None}
        return [{**nothing, **a} for a in granted] + [
            {**nothing, "booking_id": c["booking_id"], "kind": c["kind"], "conflict_id": c["id"]}
            for c in conflicts
        ]

    def allocations_free(self, bookings: Sequence[int], units: Sequence[int]) -> list[Row]:
        given = set(columns(bookings, units))
        freed = [a for a in self.allocations if (a["booking_id"], a["unit_id"]) in given]
        for row in freed:
            self.allocations.delete(row)
        return named(freed, "booking_id", "unit_id")

    def allocations_grant(self, venue: int, *arrays: Sequence[Any]) -> list[Row]:
        granted = []
        for booking, unit, during in columns(*arrays):
            if any(self._excludes(a, (booking, unit, during)) for a in self.allocations):
                self.on_conflict()
                continue
            row = self.allocations.insert(
                venue_id=venue, booking_id=booking, unit_id=unit, during=during
            )
            granted.append(row)
        return granted

    def _excludes(self, row: Row, wanted: tuple[int, int, Range]) -> bool:
        booking, unit, during = wanted
        same = row["unit_id"] == unit
        return same and (row["booking_id"] == booking or overlaps(row["during"], during))

    def journal_lock_venue(self, venue: int) -> list[Row]:
        return [dict(self.venues.rows[venue])]

    def journal_append(self, venue: int, *arrays: Sequence[Any]) -> list[Row]:
        names = [
            "seq",
            "at",
            "kind",
            "actor",
            "booking_id",
            "block_id",
            "push_id",
            "inbox_id",
            "data",
            "hash",
        ]
        for values in columns(*arrays):
            row = self.journal.insert(venue_id=venue, **dict(columns(names, values)))
            about = {name: row[name] for name in names[4:7] if row[name] is not None}
            self.tell(f"{row['kind']} {about or ''} by {row['actor']}")
            head = {"journal_seq": row["seq"], "journal_hash": row["hash"]}
            self.venues.update(self.venues.rows[venue], **head)
        return []

    def journal_chain(self, venue: int) -> list[Row]:
        head = self.venues.rows[venue]
        end = {"journal_seq": head["journal_seq"], "journal_hash": head["journal_hash"]}
        return [{**row, **end} for row in self.journal] or [{"seq": None, **end}]

    def brake_expected(self, account: int, refs: Sequence[str], now: datetime) -> list[Row]:
        ours = (b for b in self.live_blocks() if b["state"] != "absent")
        several = [(b, False, b["held_until"]) for b in self.occupying()]
        several += [(b, True, b["expires_at"] if b["state"] == "held" else None) for b in ours]
        return [
            {
                "ref": row["external_id"],
                "listing_id": row["listing_id"],
                "ours": is_ours,
                "lapsed": until is not None and until <= now,
            }
            for row, is_ours, until in several
            if row["account_id"] == account and row["external_id"] in refs
        ]

    def brake_read_since(self, account: int, since: datetime) -> list[Row]:
        read = [b for b in self.bookings if b["account_id"] == account and b["read_at"] >= since]
        gone = [
            b["external_id"]
            for b in read
            if b["raw_status"] == "(absent)" and b["status"] != "expired"
        ]
        return [{"read": len(read), "absent": gone}]

    def brake_is_braked(self, _account: int) -> list[Row]:
        return [{"braked": False}]

    def brake_open_refs(self, account: int, refs: Sequence[str]) -> list[Row]:
        return [i for i in self.waiting_news() if i["account_id"] == account and i["ref"] in refs]
