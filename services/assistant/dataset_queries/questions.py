"""Questions about the data set in words, end to end: the words that it knows now, the query, the answer."""

from __future__ import annotations

from models.contract.answers.assistant_data import DatasetAnswer
from models.contract.answers.dataset import FilterName
from models.samples.snapshot import Snapshot, Snapshots
from models.samples.while_unchanged import WhileUnchanged
from services.assistant.dataset_queries.answering import DatasetAnswers
from services.assistant.dataset_queries.parsing import parse
from services.assistant.vocabulary import Vocabulary, vocabulary_of
from services.catalogue.catalogue import Catalogue
from utils.frames import pl

_NAMED: tuple[FilterName, ...] = ("topic", "difficulty", "jurisdiction", "sample_type", "provider", "model")
# A column of another file may hold anything: more values than these are no names.
_MOST = 2_000


class DatasetQuestions:
    """Thread-safe; keeps the words until the data set changes."""

    def __init__(self, catalogue: Catalogue, samples: Snapshots, answers: DatasetAnswers) -> None:
        self._catalogue = catalogue
        self._answers = answers
        self._kept = WhileUnchanged[Vocabulary](samples)

    def vocabulary(self) -> Vocabulary:
        """Return what words may name: the catalogue's names, and those of the data set as it is now."""
        return self._kept.current(self._known)

    def ask(self, text: str) -> DatasetAnswer:
        """Return what *text* asks of the data set; errors as `DatasetAnswers.answer`."""
        return self._answers.answer(parse(text, self.vocabulary()))

    def _known(self, snapshot: Snapshot) -> Vocabulary:
        index = snapshot.index().select(_NAMED).collect()
        return vocabulary_of(self._catalogue, {name: _names(index[name]) for name in _NAMED})


def _names(column: pl.Series) -> list[str]:
    found = column.drop_nulls().cast(pl.String()).unique().sort()
    return [name for name in found.head(_MOST).to_list() if name.strip()]
