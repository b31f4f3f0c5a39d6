"""Review by people: accept, reject or edit with a reason; the queue; pairs of preferences."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from models.batches.review_store import KeptDraft, Recorder, ReviewStore, unchanged_since
from models.contract.answers.base import StoredSample
from models.contract.answers.batch_reports import RefusedDraft, RefusedKind
from models.contract.answers.quality import ReviewRow
from models.contract.bodies import Review
from models.samples.by_number import page_at, rows_at
from models.samples.changes import differing
from models.samples.sample_query import filtered, is_waiting
from models.samples.sample_store import SampleStore
from models.samples.snapshot import POSITION
from models.samples.sources import CLAIMED, PROVED, sources_in, unproved
from models.samples.sources import COLUMN as SOURCES
from models.schemas import changed_fields
from services.drafts.parser import parse_answer
from services.grounding.licences import allows_export
from services.quality.duplicates.sketch import exact_key
from services.quality.examiner import Examiner
from utils.errors import GenerationError, InputError, NotFoundError
from utils.frames import pl

_STATES = {"accept": "accepted", "edit": "accepted", "reject": "rejected"}
_EDITABLE = frozenset(
    {"question", "answer", "case_citation", "reasoning", "topic", "difficulty", "jurisdiction", "sample_type"}
)


# Samples without a score come last.
_SCORE, _LAST = "key", 2.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A sample that is to be reviewed, among those that wait.

    Attributes:
        sample: None when none waits.
        before: Id of the one that waits before it; None when it is the first.
        after: Id of the one that waits behind it; None when it is the last.
        place: Its place among them, from 1.
        waiting: How many wait.
        total: How many there are, with those that were decided on.
    """

    sample: StoredSample | None
    before: str | None
    after: str | None
    place: int
    waiting: int
    total: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How reviewers agree: samples that several decided on, and those of them that all decided alike."""

    shared: int
    agreed: int


class ReviewService:
    """Thread-safe."""

    def __init__(self, samples: SampleStore, reviews: ReviewStore, examiner: Examiner) -> None:
        self._samples = samples
        self._reviews = reviews
        self._examiner = examiner

    def review(self, sample_id: str, review: Review, also: Recorder | None = None) -> StoredSample:
        """Record a decision and its change in one transaction, with what *also* writes; return the sample.

        Raises:
            NotFoundError: there is no such sample.
            InputError: an edit changes a field that a review may not, or a field becomes unusable.
        """
        forbidden = set(review.changes) - _EDITABLE
        if forbidden:
            raise InputError(
                f"changes: {', '.join(sorted(forbidden))} cannot be edited in a review; "
                f"want some of {', '.join(sorted(_EDITABLE))}"
            )
        changes: dict[str, object] = {"review": _STATES[review.decision]}
        if review.changes:
            current = self._samples.get(sample_id)
            changes.update(changed_fields(differing(review.changes, current)))
            changes.update(self._examiner.mark({**current, **changes}))
            if PROVED & changes.keys():
                changes.update(unproved(current))

        record = self._reviews.recorder(sample_id, review.model_dump(), also)
        changed = self._samples.update(sample_id, changes, record)
        if review.changes:
            self._examiner.duplicates.renew(changed)
        return changed

    def decide(self, sample_id: str, review: Review, seen: str) -> StoredSample:
        """Record a decision about the sample as its reviewer saw it; *seen* is its `updated_at` then, "" for none.

        Raises:
            ConflictError: it was changed or decided on since; nothing is recorded.
        """
        return self.review(sample_id, review, unchanged_since(sample_id, seen))

    def noting(self, sample_id: str, changes: Mapping[str, object], reviewer: str, reason: str) -> Recorder:
        """Return what writes a change into the history of a sample that decides nothing about it."""
        told = {"decision": "change", "reason": reason, "reviewer": reviewer or None, "changes": changes}
        return self._reviews.recorder(sample_id, told)

    def undo(self, sample_id: str, seen: str, reviewer: str | None = None) -> StoredSample:
        """Let a sample wait again whose decision was a mistake; both decision and undo stay on record.

        *seen* is its `updated_at` after that decision.

        Raises:
            NotFoundError: there is no such sample.
            ConflictError: it was changed or decided on since.
        """
        told = {"decision": "undo", "reason": "", "reviewer": reviewer}
        record = self._reviews.recorder(sample_id, told, unchanged_since(sample_id, seen))
        return self._samples.update(sample_id, {"review": None}, record)

    def decide_many(self, ids: Sequence[str], review: Review) -> list[str]:
        """Record one decision about each of these samples; return those that are still here, each decided by itself."""
        decided = []
        for sample_id in ids:
            try:
                self.review(sample_id, review)
            except NotFoundError:
                continue
            decided.append(sample_id)
        return decided

    def history(self, sample_id: str) -> list[ReviewRow]:
        """Return the decisions about a sample, oldest first; NotFoundError if there is neither sample nor decision."""
        found = self._reviews.of(sample_id)
        if not found:
            self._samples.get(sample_id)
        return found

    def queue(self, limit: int, offset: int, filters: Mapping[str, str]) -> tuple[list[StoredSample], int]:
        """Return samples without a decision, lowest score first, and how many there are."""
        snapshot = self._samples.snapshot()
        waiting = filtered(snapshot.index(), filters).filter(is_waiting())
        rows = waiting.select(POSITION, "quality_score", "id").collect()
        rows = rows.sort("quality_score", "id", nulls_last=True)
        positions = rows[POSITION].slice(offset, limit)
        return page_at(snapshot, positions), rows.height

    def turn(self, sample_id: str, filters: Mapping[str, str]) -> Turn:
        """Return a sample among those that wait, whether it waits or not, and who stands around it.

        Args:
            sample_id: The sample; "" for the first that waits.
            filters: Exact values of those that wait.

        Raises:
            NotFoundError: there is no such sample.
        """
        snapshot = self._samples.snapshot()
        matching = filtered(snapshot.index(), filters)
        rows = _keyed(matching.filter(is_waiting())).collect()
        total = matching.select(pl.len()).collect().item()
        first = sample_id or _first(rows)
        if first is None:
            return Turn(None, None, None, 0, 0, total)
        sample = self._samples.get(first)
        (score,) = _keyed(snapshot.index().filter(pl.col("id") == first)).collect()[_SCORE].head(1).to_list() or [_LAST]
        is_before = (pl.col(_SCORE) < score) | ((pl.col(_SCORE) == score) & (pl.col("id") < first))
        is_after = (pl.col(_SCORE) > score) | ((pl.col(_SCORE) == score) & (pl.col("id") > first))
        before, after = rows.filter(is_before), rows.filter(is_after)
        return Turn(sample, _last(before), _first(after), before.height + 1, rows.height, total)

    def agreement(self) -> Agreement:
        """Return how often reviewers who decided on the same sample agree; the last word of each counts."""
        verdicts: dict[str, dict[str, str]] = defaultdict(dict)
        for sample_id, reviewer, decision in self._reviews.shared():
            if decision == "undo":
                verdicts[sample_id].pop(reviewer, None)
            else:
                verdicts[sample_id][reviewer] = _STATES[decision]
        shared = [set(states.values()) for states in verdicts.values() if len(states) > 1]
        return Agreement(len(shared), sum(len(states) == 1 for states in shared))

    def refused_kinds(self, batch_id: str) -> list[RefusedKind]:
        """Count the refused drafts of a batch by the kind of their reason, most frequent first."""
        return [{"kind": kind, "count": count} for kind, count in self._reviews.kinds_refused(batch_id)]

    def refused_drafts(self, batch_id: str, kind: str, limit: int, offset: int) -> list[RefusedDraft]:
        """Return refused drafts of a batch, newest first; all of them for *kind* "", else those of `refused_kinds`."""
        return [_refused(row) for row in self._reviews.drafts_refused(batch_id, kind, limit, offset)]

    def pairs(self) -> Iterator[dict[str, str]]:
        """Yield pairs of preferences: `prompt`, `chosen`, `rejected`, and the reason.

        Both answers are to the same question: edits of reviewers, refused drafts and the sample
        that followed, and samples of one question that reviewers decided on differently.
        """
        for pair in itertools.chain(self._edited(), self._refused(), self._judged_differently()):
            if not _same(pair["chosen"], pair["rejected"]):
                yield pair

    def _edited(self) -> Iterator[dict[str, str]]:
        for edit in self._reviews.edits():
            sample, before = self._sample(edit["sample_id"]), edit["before"] or {}
            if (
                sample is not None
                and before.get("answer") != sample["answer"]
                and before.get("question") == sample["question"]
            ):
                yield _pair(sample, str(before["answer"]), edit["reason"], "review")

    def _refused(self) -> Iterator[dict[str, str]]:
        for row in self._reviews.refusals():
            sample = self._sample(row["sample_id"])
            try:
                draft = parse_answer(row["answer"])
            except (GenerationError, RecursionError):
                continue
            if sample is not None and draft.answer.strip() and _same(draft.question, sample["question"]):
                yield _pair(sample, draft.answer, row["reason"], "check")

    def _judged_differently(self) -> Iterator[dict[str, str]]:
        snapshot = self._samples.snapshot()
        decided = snapshot.index().filter(pl.col("review").is_not_null()).select(POSITION).collect()[POSITION]
        by_question: dict[str, list[StoredSample]] = defaultdict(list)
        for sample in rows_at(snapshot, decided):
            by_question[exact_key(sample["question"], "")].append(sample)
        for samples in by_question.values():
            rejected = [row for row in samples if row["review"] == "rejected"]
            accepted = (row for row in samples if row["review"] == "accepted") if rejected else iter(())
            chosen = next(filter(self._is_sound, accepted), None)
            if chosen is not None:
                yield from (_pair(chosen, row["answer"], "rejected by review", "review") for row in rejected)

    def _sample(self, sample_id: str) -> StoredSample | None:
        """Return a sample that may be chosen: it exists, is not rejected and is sound."""
        try:
            sample = self._samples.get(sample_id)
        except NotFoundError:
            return None
        return sample if sample["review"] != "rejected" and self._is_sound(sample) else None

    def _is_sound(self, sample: Mapping[str, object]) -> bool:
        """Tell whether a sample, whoever wrote it, has no invalid citation and stands on texts that may be exported."""
        stands_on = sources_in(str(sample.get(SOURCES) or sample.get(CLAIMED) or ""))
        is_free = all(allows_export(source.licence) for source in stands_on)
        return is_free and self._examiner.mark(sample)["citation_verdict"] != "invalid"


def lines(pairs: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """Write pairs as JSON Lines."""
    return (orjson.dumps(pair, option=orjson.OPT_APPEND_NEWLINE) for pair in pairs)


def _keyed(index: pl.LazyFrame) -> pl.LazyFrame:
    return index.select(pl.col("quality_score").cast(pl.Float64()).fill_null(_LAST).alias(_SCORE), "id")


def _first(rows: pl.DataFrame) -> str | None:
    return str(rows.bottom_k(1, by=[_SCORE, "id"])["id"][0]) if rows.height else None


def _last(rows: pl.DataFrame) -> str | None:
    return str(rows.top_k(1, by=[_SCORE, "id"])["id"][0]) if rows.height else None


def _refused(row: KeptDraft) -> RefusedDraft:
    """Return a refused draft with its fields, where they can be read."""
    category, bracket, reason = row["reason"].removeprefix("[").partition("] ")
    try:
        draft = parse_answer(row["answer"])
        texts = {name: getattr(draft, name) for name in ("question", "answer", "case_citation", "reasoning")}
    except (GenerationError, RecursionError):
        texts = None
    return {
        "id": row["id"],
        "item": row["ordinal"],
        "at": row["at"],
        "category": category if bracket else "",
        "reason": reason if bracket else row["reason"],
        "texts": texts,
        "raw": row["answer"],
        "sample_id": row["sample_id"],
    }


def _same(one: str, other: str) -> bool:
    return exact_key(one, "") == exact_key(other, "")


def _pair(chosen: StoredSample, rejected: str, reason: str, source: str) -> dict[str, str]:
    return {
        "prompt": chosen["question"],
        "chosen": chosen["answer"],
        "rejected": rejected,
        "reason": reason,
        "source": source,
        "sample_id": chosen["id"],
    }
