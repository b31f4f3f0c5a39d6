"""The quality of samples: citations, near-duplicates, and the report on the whole data set.

The report is made once for each state of the data set; of a large one in the background.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from models.contract.answers.base import StoredSample
from models.contract.answers.dataset import BatchQuality
from models.contract.answers.quality import Duplicates, Overlaps, SampleCitations, TextCitations
from models.contract.answers.quality_report import QualityFigures, QualityReport
from models.contract.answers.thought import Thought
from models.samples.sample_query import SampleQuery
from models.samples.sample_store import SampleStore
from models.samples.snapshot import HasSamples
from models.samples.while_unchanged import WhileUnchanged
from services.citations.checker import by_field, counts_of
from services.quality.contamination import OverlapsElsewhere, overlaps
from services.quality.duplicates.repeats import repeated_questions
from services.quality.examiner import Examiner
from services.quality.report.grounding import NOTHING_AROUND, Surroundings
from services.quality.report.measuring import Measures, build_report
from services.quality.report.of_batch import assess
from services.quality.thought import thought_of
from utils.errors import InputError, NotFoundError, UnavailableError
from utils.installation import COMMAND
from utils.side.followed import Done, Progress, Told, followed, nobody, of, outcome
from utils.side.processes import SideProcesses
from utils.side.tasks import Side
from utils.tokens import TokenCounter

log = logging.getLogger(__name__)
# About ten seconds of CPU; a larger data set is reported on in the background.
_AT_ONCE = 2_000
_AGAIN_S = 15.0


class ReportTools(HasSamples, Protocol):
    """What reports elsewhere."""

    @property
    def measures(self) -> Measures:
        """What measures it."""

    @property
    def around(self) -> Surroundings:
        """What is known beside it."""

    def examiners(self) -> SideProcesses[Measures]:
        """Return processes that examine samples."""


@dataclass(frozen=True)
class ReportElsewhere:
    """The report on the data set."""

    def run(self, tools: ReportTools) -> Iterator[Progress | Done[tuple[object, QualityFigures]]]:
        """Tell how far it came, then the state of the data set that was reported on, and the report."""
        return followed(partial(self._made, tools))

    @staticmethod
    def _made(tools: ReportTools, told: Told) -> tuple[object, QualityFigures]:
        snapshot = tools.samples.snapshot()
        with closing(tools.examiners()) as side:
            pieces, counted = snapshot.pieces(), of(len(snapshot), told)
            return snapshot.state, build_report(pieces, tools.measures, side, tools.around, counted)


class QualityService:
    """Thread-safe. Owns the thread that makes the report of a large data set."""

    def __init__(
        self,
        store: SampleStore,
        measures: Measures,
        examiner: Examiner,
        tokens: TokenCounter,
        side: Side[ReportTools] | None = None,
        around: Surroundings = NOTHING_AROUND,
    ) -> None:
        """Report on *store*; reports on large data sets are made at the *side*, if there is one.

        *around* is what is known beside the samples.
        """
        self._store = store
        self._tokens = tokens
        self._examiner = examiner
        self._measures = measures
        self._side = side
        self._around = around
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._fault = ""
        self._kept: tuple[object, QualityFigures] | None = None
        self._repeated = WhileUnchanged[list[Sequence[str]]](store)
        self._thread: threading.Thread | None = None

    def check_text(self, text: str, jurisdiction: str = "") -> TextCitations:
        """Return the citations of *text* with their verdicts, and the count of each verdict."""
        checked = self._examiner.checker.check(text, jurisdiction)
        return {"citations": [item.to_dict() for item in checked], "counts": counts_of(checked)}

    def check_sample(self, sample_id: str) -> SampleCitations:
        """Return the citations of a stored sample, checked now; NotFoundError if there is no such sample."""
        checked = self._examiner.checker.check_sample(self._store.get(sample_id))
        return {"citations": by_field(checked), "counts": counts_of(checked)}

    def thought_of(self, sample: StoredSample) -> Thought:
        """Return the reasoning of a stored sample in steps, and the provider's trace."""
        return thought_of(sample, self._examiner.checker)

    def duplicates(self, told: Told = nobody) -> Duplicates:
        """Return the pairs of similar samples; *told* hears how far it is."""
        return self._examiner.duplicates.report(told)

    def contamination(self, told: Told = nobody) -> Overlaps:
        """Return the samples that overlap with a benchmark; *told* hears how far it is.

        Raises:
            InputError: there are no benchmarks.
        """
        if not self._measures.benchmarks.names():
            raise InputError(f"benchmarks: there are none; make one with {COMMAND} decontaminate build NAME FILE…")
        snapshot = self._store.snapshot()
        if self._side is not None and len(snapshot) > _AT_ONCE:
            return outcome(self._side.stream(OverlapsElsewhere()), told)
        return overlaps(snapshot, self._measures, None, told)

    def make(self, told: Told = nobody) -> QualityReport:
        """Make the report on the data set as it is, and keep it for `report`; *told* hears how far it is."""
        return {**self._make(told), "is_current": True}

    def repeated_questions(self) -> list[Sequence[str]]:
        """Return the ids of samples that ask the same question word for word; kept until the data change."""
        return self._repeated.current(repeated_questions)

    def of_batch(self, batch_id: str) -> BatchQuality:
        """Return figures on the samples of a batch; NotFoundError if it has none."""
        selection, samples = self._store.find(SampleQuery({"batch_id": batch_id}))
        if not selection.total:
            raise NotFoundError(f"batch {batch_id[:100]!r}: has no samples; see GET /api/generate/batch/history")
        return assess(samples, self._tokens)

    def report(self, renew: bool = False) -> QualityReport:
        """Return the report on the data set as it is, and whether it `is_current`.

        Raises:
            UnavailableError: the first report on a large data set is being made.
        """
        state = self._store.version()
        with self._lock:
            kept = self._kept
        if kept is not None and kept[0] == state and not renew:
            return {**kept[1], "is_current": True}
        if len(self._store.snapshot()) <= _AT_ONCE:
            with self._making:  # callers at the same time share one report
                kept = self._kept
                return {**(kept[1] if kept and kept[0] == state and not renew else self._make()), "is_current": True}
        if self._fault:
            fault, self._fault = self._fault, ""
            raise UnavailableError(f"report: could not be made ({fault}); ask again", _AGAIN_S)
        self._begin()
        if kept is not None:
            return {**kept[1], "is_current": False}
        raise UnavailableError("report: is being made; ask again in a while", _AGAIN_S)

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._make_aside, name="quality report", daemon=True)
                self._thread.start()

    def _make_aside(self) -> None:
        try:
            self._make()
        except Exception as error:  # top of a thread: the next call reports it
            log.exception("quality report failed")
            self._fault = str(error)[:200]

    def _make(self, told: Told = nobody) -> QualityFigures:
        snapshot = self._store.snapshot()
        if self._side is not None and len(snapshot) > _AT_ONCE:
            state, made = outcome(self._side.stream(ReportElsewhere()), told)
        else:
            counted = of(len(snapshot), told)
            state = snapshot.state
            made = build_report(snapshot.pieces(), self._measures, None, self._around, counted)
        with self._lock:
            self._kept = (state, made)
        return made
