"""Measures the intents: how many phrases are told right that were not learned from, and whether confidence is honest.

Usage: python bench/assistant/intents.py [FILE.csv]
Without a file: the phrases of the catalogue by tenfold cross-validation, then each author's, learned from the others'.
With a file (columns intent and phrase): its phrases, learned from the whole catalogue; nobody may have seen them.
"""

import csv
import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from config import PROJECT_DIR
from services.assistant.intent_catalogue import INTENTS, IntentCatalogue, load_intent_catalogue
from services.assistant.intent_model import SHARPNESS, Training
from services.assistant.intents import IntentClassifier, decide
from services.assistant.vocabulary import vocabulary_of
from services.catalogue.catalogue import load_catalogue
from services.citations.extractor import Extractor
from services.citations.tables import load_reference

CATALOG = PROJECT_DIR / "catalog"
FOLDS = 10
BINS = (0.0, 0.6, 0.75, 0.85, 0.95, 1.01)


class Told(NamedTuple):
    """A phrase, what it is, what it was taken for, how surely; the model's points, in the order of `INTENTS`."""

    label: str
    phrase: str
    name: str
    confidence: float
    points: Sequence[float] = ()


class Bin(NamedTuple):
    """Phrases of like confidence: how many, the mean confidence, the share that is right."""

    low: float
    phrases: int
    said: float
    right: float


class Lessons:
    """The phrases of the catalogue, to be learned in parts."""

    def __init__(self, catalogue: IntentCatalogue | None = None) -> None:
        """Read all phrases of *catalogue*, or of the project's."""
        catalogue = catalogue or load_intent_catalogue(CATALOG)
        self.words = vocabulary_of(load_catalogue(CATALOG))
        self.classifier = IntentClassifier(catalogue, Extractor(load_reference(CATALOG / "authorities")), self.words)
        self.phrases = catalogue.phrases
        self.readings, self.training = self.classifier.lessons()

    def cross_validated(self) -> list[Told]:
        """Tell each phrase by the nine tenths that it is not in. Every tenth of an intent's phrases is a fold."""
        seen, folds = Counter[str](), list[int]()
        for phrase in self.phrases:
            folds.append(seen[phrase.intent] % FOLDS)
            seen[phrase.intent] += 1
        return [
            told for fold in range(FOLDS) for told in self._held([row for row, of in enumerate(folds) if of == fold])
        ]

    def by_others(self, author: str) -> list[Told]:
        """Tell the phrases of *author* by those of the others."""
        return self._held([row for row, phrase in enumerate(self.phrases) if phrase.author == author])

    def by_one(self, author: str, of: str) -> list[Told]:
        """Tell the phrases of the author *of* by those of *author* alone."""
        chosen = [row for row, phrase in enumerate(self.phrases) if phrase.author in {author, of}]
        part = Training(
            [self.readings[row].vector for row in chosen],
            [INTENTS.index(self.phrases[row].intent) for row in chosen],
        )
        held = [place for place, row in enumerate(chosen) if self.phrases[row].author == of]
        return self._told([chosen[place] for place in held], part.held_out(held))

    def _held(self, rows: list[int]) -> list[Told]:
        return self._told(rows, self.training.held_out(rows))

    def _told(self, rows: list[int], points: list[list[float]]) -> list[Told]:
        return [
            Told(self.phrases[row].intent, self.phrases[row].text, *decide(self.readings[row], of), of)
            for row, of in zip(rows, points, strict=True)
        ]


def share_right(told: Sequence[Told]) -> float:
    """Return the share that is right."""
    return sum(one.label == one.name for one in told) / max(len(told), 1)


def calibration(told: Sequence[Told]) -> list[Bin]:
    """Return the bins that are not empty."""
    bins = []
    for low, high in pairwise(BINS):
        inside = [one for one in told if low <= one.confidence < high]
        if inside:
            said = sum(one.confidence for one in inside) / len(inside)
            bins.append(Bin(low, len(inside), said, share_right(inside)))
    return bins


def fitted_sharpness(told: Sequence[Told]) -> float:
    """Return the `SHARPNESS` that makes the labels of *told* most likely."""
    return min((step / 20 for step in range(10, 100)), key=lambda sharpness: _surprise(told, sharpness / SHARPNESS))


def _surprise(told: Sequence[Told], times: float) -> float:
    return sum(
        math.log(sum(math.exp(times * (value - one.points[INTENTS.index(one.label)])) for value in one.points))
        for one in told
    )


def report(told: Sequence[Told]) -> str:
    """Return accuracy, confusion table, calibration and mistakes as text."""
    right = sum(one.label == one.name for one in told)
    table = Counter((one.label, one.name) for one in told)
    lines = [f"{right} of {len(told)} right: {share_right(told):.3f}", ""]
    lines.append(f"{'is, told as':18}" + "".join(f"{name[:14]:>16}" for name in INTENTS))
    lines += [f"{label:18}" + "".join(f"{table[label, name]:16}" for name in INTENTS) for label in INTENTS]
    lines += ["", "confidence from  phrases     said    right"]
    lines += [f"{one.low:15.2f} {one.phrases:8} {one.said:8.2f} {one.right:8.2f}" for one in calibration(told)]
    mistakes = [one for one in told if one.label != one.name]
    lines += ["", *(f"{one.label} told as {one.name} ({one.confidence:.2f}): {one.phrase}" for one in mistakes)]
    return "\n".join(lines)


def of_catalogue() -> str:
    """Measure the phrases of the catalogue."""
    lessons = Lessons()
    told = lessons.cross_validated()
    lines = [
        f"tenfold cross-validation: {report(told)}",
        "",
        f"sharpness: {SHARPNESS}, fitted {fitted_sharpness(told)}",
    ]
    authors = sorted({phrase.author for phrase in lessons.phrases} - {""})
    for author in authors:
        told = lessons.by_others(author)
        said = sum(one.confidence for one in told) / len(told)
        lines.append(f"{author}, learned from the others: {share_right(told):.3f}, mean confidence {said:.3f}")
    lines += [
        f"{of}, learned from {author} alone: {share_right(lessons.by_one(author, of)):.3f}"
        for author in authors
        for of in authors
        if of != author
    ]
    return "\n".join([*lines, "", _times(lessons)])


def of_file(path: Path) -> str:
    """Measure the phrases of *path* by what is learned from the catalogue."""
    lessons = Lessons()
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [lessons.classifier.classify(row["phrase"], lessons.words) for row in rows]
    return report(
        [Told(row["intent"], row["phrase"], i.name, i.confidence) for row, i in zip(rows, found, strict=True)]
    )


def _times(lessons: Lessons) -> str:
    started = time.process_time()
    lessons.classifier.model()
    trained = time.process_time()
    for phrase in lessons.phrases:
        lessons.classifier.classify(phrase.text, lessons.words)
    each = (time.process_time() - trained) / len(lessons.phrases)
    return f"CPU: {trained - started:.2f} s to learn, {each * 1e3:.2f} ms a phrase"


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    print(of_file(Path(sys.argv[1])) if len(sys.argv) == 2 else of_catalogue())
