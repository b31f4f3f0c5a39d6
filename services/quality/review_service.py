"""Review by people: accept, reject or edit with a reason; the queue; pairs of preferences."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import orjson

from models.batches.review_store import ReviewStore
from models.contract.answers.base import StoredSample
from models.contract.answers.quality import ReviewRow
from models.contract.bodies import Review
from models.samples.by_number import page_at, rows_at
from models.samples.changes import differing
from models.samples.file.row_index import WITHHELD
from models.samples.sample_store import SampleStore
from models.samples.snapshot import POSITION
from models.samples.sources import CLAIMED, PROVED, sources_in
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


class ReviewService:
    """Thread-safe."""

    def __init__(self, samples: SampleStore, reviews: ReviewStore, examiner: Examiner) -> None:
        self._samples = samples
        self._reviews = reviews
        self._examiner = examiner

    def review(self, sample_id: str, review: Review) -> StoredSample:
        """Record a decision and its change in one transaction; return the sample.

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
                changes["grounding"] = None

        record = self._reviews.recorder(sample_id, review.model_dump())
        changed = self._samples.update(sample_id, changes, record)
        if review.changes:
            self._examiner.duplicates.renew(changed)
        return changed

    def history(self, sample_id: str) -> list[ReviewRow]:
        """Return the decisions about a sample, oldest first; NotFoundError if there is neither sample nor decision."""
        found = self._reviews.of(sample_id)
        if not found:
            self._samples.get(sample_id)
        return found

    def queue(self, limit: int, offset: int, filters: Mapping[str, str]) -> tuple[list[StoredSample], int]:
        """Return samples without a decision, lowest score first, and how many there are."""
        snapshot = self._samples.snapshot()
        waiting = snapshot.index().filter(pl.col("review").is_null() | (pl.col("review") == WITHHELD))
        for name, value in filters.items():
            waiting = waiting.filter(pl.col(name) == value)
        rows = waiting.select(POSITION, "quality_score", "id").collect()
        rows = rows.sort("quality_score", "id", nulls_last=True)
        positions = rows[POSITION].slice(offset, limit)
        return page_at(snapshot, positions), rows.height

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
