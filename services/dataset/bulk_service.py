"""Edits and deletes many samples at once, by filter; such a change can be undone where nobody changed them since."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import orjson

from models.contract.answers.dataset import Bulk, BulkDone, Undone
from models.contract.bodies import BulkBody, BulkFilter
from models.samples.bulk_store import BulkStore
from models.samples.by_number import frame_at, samples_of
from models.samples.changes import differing
from models.samples.claims import FOUND_OUT
from models.samples.kept_columns import check_extras, check_kept
from models.samples.sample_query import filtered
from models.samples.sample_store import SampleStore
from models.samples.snapshot import POSITION, Snapshot
from models.schemas import changed_fields
from services.dataset.search_service import SearchRequest, SearchService
from services.quality.duplicates.duplicate_service import DuplicateService
from utils.clock import Clock, iso
from utils.errors import ConflictError, InputError
from utils.frames import pl

# One commit of the database, in which others wait: some two seconds.
MOST = 10_000
_NAMED = 1000
# What makes a sample the one it is: one by one, with PUT.
_OWN = frozenset({"id", "question", "answer", "case_citation", "reasoning", "created_at", "updated_at"}) | FOUND_OUT
Changes = list[tuple[str, Mapping[str, object] | None]]


class BulkService:
    """Thread-safe. Texts stay as they are, so the index of duplicates takes back by itself what an undo brings back."""

    def __init__(
        self, store: SampleStore, bulk: BulkStore, search: SearchService, duplicates: DuplicateService, clock: Clock
    ) -> None:
        self._store = store
        self._bulk = bulk
        self._search = search
        self._duplicates = duplicates
        self._clock = clock

    def change(self, body: BulkBody) -> BulkDone:
        """Edit or delete the samples that match, all or none; a dry run only says which.

        Raises:
            InputError: a field cannot be set, or more samples match than one change may have.
            ConflictError: not as many match as the caller expects.
        """
        wanted = changed_fields(body.set) if body.set else {}
        if own := sorted(_OWN & body.set.keys()):
            raise InputError(f"set: {own[0]} cannot be set for many samples at once; use PUT /api/sample/<id>")
        token, now = uuid.uuid4().hex, iso(self._clock.now())
        befores: list[dict[str, object]] = []
        matched = 0

        def choose(snapshot: Snapshot) -> Changes:
            nonlocal matched
            rows = self._matching(snapshot, body)
            matched = len(rows)
            befores[:] = rows if body.delete else [row for row in rows if differing(wanted, row)]
            return [(str(row["id"]), None if body.delete else _edited(row, wanted, now, snapshot)) for row in befores]

        told = orjson.dumps({"filter": body.filter.given, "set": body.set, "delete": body.delete}).decode()
        if body.dry_run:
            choose(self._store.snapshot())
        else:
            self._store.transform(choose, lambda connection: self._bulk.record(connection, token, now, told, befores))
            for row in befores if body.delete else ():
                self._duplicates.forget(str(row["id"]))
        ids = [str(row["id"]) for row in befores]
        return {
            "matched": matched,
            "changed": len(ids),
            "ids": ids[:_NAMED],
            "dry_run": body.dry_run,
            "undo": None if body.dry_run or not ids else token,
            "total_samples": self._store.count(),
        }

    def undo(self, token: str) -> Undone:
        """Make the samples of a change what they were, except those that were changed since.

        Raises:
            NotFoundError: the change is not kept.
            ConflictError: it was undone already.
        """
        change, befores = self._bulk.befores(token)
        now = iso(self._clock.now())
        restored: list[dict[str, object]] = []

        def choose(snapshot: Snapshot) -> Changes:
            there = {str(row["id"]): row for row in _rows(snapshot, _named(snapshot, list(befores)))}
            was_deleted = orjson.loads(change["told"])["delete"]
            restored[:] = [
                before
                for name, before in befores.items()
                if (name not in there if was_deleted else there.get(name, {}).get("updated_at") == change["at"])
            ]
            return [(str(before["id"]), before) for before in restored]

        self._store.transform(choose, lambda connection: self._bulk.close(connection, token, now))
        ids = {str(row["id"]) for row in restored}
        return {
            "restored": len(ids),
            "left": [name for name in befores if name not in ids][:_NAMED],
            "total_samples": self._store.count(),
        }

    def recorded(self) -> list[Bulk]:
        """Return the changes that can be undone or were, newest first."""
        return [
            {
                "undo": row["undo"],
                "at": row["at"],
                "change": orjson.loads(row["told"]),
                "samples": row["samples"],
                "undone_at": row["undone_at"],
            }
            for row in self._bulk.recorded()
        ]

    def _matching(self, snapshot: Snapshot, body: BulkBody) -> list[dict[str, object]]:
        index = filtered(snapshot.index(), body.filter.chosen).select(POSITION, "id")
        names = self._found(body.filter)
        if names is not None:
            index = index.filter(pl.col("id").is_in(names))
        found = index.collect()[POSITION]
        if body.expect is not None and body.expect != len(found):
            raise ConflictError(f"expect: {len(found)} samples match, not {body.expect}; look again with dry_run")
        if len(found) > MOST:
            raise InputError(f"filter: {len(found)} samples match, want at most {MOST} at once; narrow it")
        return _rows(snapshot, found)

    def _found(self, wanted: BulkFilter) -> list[str] | None:
        """Return the ids that are named or found by words; None if neither is asked for."""
        names = list(dict.fromkeys(wanted.ids)) if wanted.ids is not None else None
        if not wanted.q:
            return names
        request = SearchRequest(wanted.q, wanted.field, limit=MOST + 1, filters=wanted.chosen)
        found = [row["id"] for row in self._search.search(request)["results"]]
        return found if names is None else sorted(set(names) & set(found))


def _named(snapshot: Snapshot, ids: list[str]) -> pl.Series:
    return snapshot.index().filter(pl.col("id").is_in(ids)).select(POSITION).collect()[POSITION]


def _rows(snapshot: Snapshot, positions: pl.Series) -> list[dict[str, object]]:
    """Return samples without their empty columns; InputError when they are too many bytes, or cannot be kept."""
    rows = [
        {name: value for name, value in row.items() if value is not None}
        for row in samples_of(frame_at(snapshot, positions.sort()))
    ]
    for row in rows:
        check_kept(row, snapshot.version)
    return rows


def _edited(
    row: Mapping[str, object], wanted: Mapping[str, object], now: str, snapshot: Snapshot
) -> Mapping[str, object]:
    check_extras(wanted, snapshot.version)
    return {**row, **wanted, "updated_at": now}
