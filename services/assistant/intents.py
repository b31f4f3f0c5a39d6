"""What somebody wants of the assistant; no language model is asked.

Two mechanisms. A linear model (`services.assistant.intent_model`) learns from the labelled phrases of the catalogue
what the features of a phrase (`intent_features`) are worth; it is trained when the first phrase comes. What is certain,
or known from elsewhere than the words, adds fixed log-odds to its answer (`_GIVEN`): a bare citation, a bare yes,
"don't generate", the mode, what is attached. Confidence is the chance that comes of both: of phrases that were not
learned from, nine of ten were right where it says 0.9.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Literal, TypeAlias

from services.assistant.intent_catalogue import INTENTS, IntentCatalogue, IntentName
from services.assistant.intent_features import PhraseReader, Reading
from services.assistant.intent_model import IntentModel, Training
from services.assistant.vocabulary import Vocabulary
from services.citations.on_demand import CitationReader

Mode: TypeAlias = Literal["chat", "shopping"]
_CERTAIN = 10.0
# What is added for what is so. The modest ones are leanings: a clear phrase outweighs them.
_GIVEN: dict[str, tuple[IntentName, float]] = {
    "making is ruled out": ("generate_sample", -5 * _CERTAIN),
    "nothing but a citation": ("citation_check", _CERTAIN),
    "a bare yes or no": ("general", _CERTAIN),
    "shopping": ("product_search", 3.0),
    "something is attached": ("document_question", 1.5),
    "there are documents": ("document_question", 0.3),
}
_MORE_THAN_CITED = frozenset({"make", "make_within", "sample", "piece", "explain"})
# Making costs money: where the chance is smaller, the next best intent is answered.
_LEAST_TO_MAKE = 0.6
# No text is a proof.
_MOST_SURE = 0.99
_REASONS = 3
_TOLD = {"signal": "{}", "pair": "{}", "word": "“{}”", "next": "“{}”", "start": "begins “{}”"}


@dataclass(frozen=True, slots=True)
class Intent:
    """What is wanted.

    Attributes:
        confidence: The chance that it is so, 0 to 1.
        reason: What spoke most for it against the next best.
        candidates: The chance of every intent, what was chosen first.
    """

    name: IntentName
    confidence: float
    reason: str
    candidates: tuple[tuple[IntentName, float], ...]

    def to_dict(self) -> dict[str, object]:
        """Return it as an answer shows it."""
        return {
            "name": self.name,
            "confidence": self.confidence,
            "reason": self.reason,
            "candidates": [{"name": name, "points": points} for name, points in self.candidates],
        }


class IntentClassifier:
    """Tells intents. Thread-safe."""

    def __init__(self, catalogue: IntentCatalogue, citations: CitationReader, words: Vocabulary) -> None:
        """Learn from *catalogue*, its phrases read with *words*; *citations* finds what is cited."""
        self._catalogue = catalogue
        self._reader = PhraseReader(catalogue, citations)
        self._words = words
        self._model: IntentModel | None = None
        self._training = Lock()

    def classify(
        self,
        text: str,
        words: Vocabulary,
        mode: Mode = "chat",
        has_attachments: bool = False,
        has_documents: bool = False,
    ) -> Intent:
        """Return what the writer of *text* wants; *words* are the names of the data set."""
        given = {
            "shopping": mode == "shopping",
            "something is attached": has_attachments,
            "there are documents": has_documents,
        }
        reading = self._reader.read(text, words)
        model = self.model()
        facts = _facts(reading, {name for name, is_so in given.items() if is_so})
        ranked = rank(model.points(reading.vector), facts)
        (name, chance), (other, _) = ranked[0], ranked[1]
        pulls = model.pulls(reading.vector, INTENTS.index(name), INTENTS.index(other))
        reasons = [fact for fact in facts if _GIVEN[fact][0] == name and _GIVEN[fact][1] > 0] + _in_words(pulls)
        told = ", ".join(reasons[:_REASONS]) or "nothing speaks for anything else"
        return Intent(name, chance, told, ranked)

    def model(self) -> IntentModel:
        """Return what was learned, learning it the first time: some 0.6 s of CPU."""
        with self._training:
            if self._model is None:
                self._model = self.lessons()[1].model()
            return self._model

    def lessons(self) -> tuple[list[Reading], Training]:
        """Return the labelled phrases as they are read, and ready to be learned from."""
        phrases = self._catalogue.phrases
        readings = [self._reader.read(phrase.text, self._words) for phrase in phrases]
        kinds = [INTENTS.index(phrase.intent) for phrase in phrases]
        return readings, Training([reading.vector for reading in readings], kinds)


def decide(reading: Reading, points: Sequence[float]) -> tuple[IntentName, float]:
    """Return the intent and its chance, the model's *points* for *reading* given and nothing beside the words known."""
    return rank(points, _facts(reading, ()))[0]


def rank(points: Sequence[float], facts: Collection[str]) -> tuple[tuple[IntentName, float], ...]:
    """Return all intents with their chances, the choice first: *points* are the model's, *facts* names of `_GIVEN`."""
    odds = dict(zip(INTENTS, points, strict=True))
    for fact in facts:
        name, weight = _GIVEN[fact]
        odds[name] += weight
    most = max(odds.values())
    total = sum(math.exp(value - most) for value in odds.values())
    chances = {name: min(round(math.exp(value - most) / total, 3), _MOST_SURE) for name, value in odds.items()}
    # Of two with the same chance that comes first which does less: a guess never makes anything.
    ranked = sorted(chances.items(), key=lambda item: (-item[1], item[0] == "generate_sample", INTENTS.index(item[0])))
    if ranked[0][0] == "generate_sample" and ranked[0][1] < _LEAST_TO_MAKE:
        ranked[:2] = ranked[1::-1]
    return tuple(ranked)


def _facts(reading: Reading, known: Collection[str]) -> list[str]:
    """Return the names of what is so, of `_GIVEN`: what the words make certain, and what is *known* beside them."""
    signals = reading.signals
    certain = {
        "making is ruled out": "not_make" in signals,
        "nothing but a citation": "only_citation" in signals and signals.isdisjoint(_MORE_THAN_CITED),
        "a bare yes or no": "yes_or_no" in signals and "shopping" not in known,
    }
    return [fact for fact in _GIVEN if fact in known or certain.get(fact, False)]


def _in_words(pulls: Sequence[tuple[str, float]]) -> list[str]:
    """Return the names of features that people can read."""
    named = [name.partition(":")[::2] for name, _ in pulls]
    return [_TOLD[family].format(value) for family, value in named if family in _TOLD]
