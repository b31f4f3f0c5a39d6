"""Shopping: at most three questions that lead to products, and to a draft batch for what is missing. No model is asked.

A pure state machine over what is there: the state goes to the session as JSON and comes back, the questions are counted
here, and nothing is ever started.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias, get_args

from models.contract.answers.assistant_data import DraftBatch, ProductMatch, ProductSearch
from models.contract.answers.query import ShoppingStatus
from models.contract.bodies import BatchRequest
from models.fields import validated
from services.assistant.amounts import LARGEST, amount_wanted
from services.assistant.shopping_answers import WORDS, filters_of, merged, note_on, size_of
from services.assistant.subjects import subject_topics
from services.assistant.vocabulary import Vocabulary
from services.assistant.words import tokens
from services.catalogue.catalogue import Catalogue
from utils.errors import InputError

Field: TypeAlias = Literal["jurisdiction", "practice_area", "topic", "difficulty", "sample_type", "size"]
FIELDS: tuple[Field, ...] = get_args(Field)
# What is asked, in this order, where the words do not say it: a type is only ever named.
_ASKED: tuple[Field, ...] = ("jurisdiction", "practice_area", "difficulty", "size")
MOST_QUESTIONS, MOST_WORDS = 3, 5
_FEWEST, _MOST = 3, 4
_CARDS = 5
_ANY = "any"
_TEXTS: Mapping[Field, str] = {
    "jurisdiction": "Which legal system?",
    "practice_area": "Which area of law?",
    "topic": "Which topic?",
    "difficulty": "How hard?",
    "sample_type": "Which type of sample?",
    "size": "How many samples?",
}
_SIZES = (("100 samples", "100"), ("500 samples", "500"), ("1,000 samples", "1000"), ("5,000 samples", "5000"))
_USUAL_SIZE = 100
_CHOICE = re.compile(r"^\s*(?:option|number|no\.?|#)?\s*([1-9])\s*[.)]?\s*$", re.IGNORECASE)
_NO_MATTER = frozenset("any anything all whatever either both none no".split())


@dataclass(frozen=True, slots=True)
class Option:
    """A possible answer."""

    text: str
    value: str

    def __post_init__(self) -> None:
        """Hold it to its length."""
        if not 1 <= len(self.text.split()) <= MOST_WORDS:
            raise ValueError(f"option: got {self.text!r}, want 1 to {MOST_WORDS} words")


@dataclass(frozen=True, slots=True)
class Question:
    """A question with three or four options."""

    field: Field
    text: str
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        """Hold it to its number of options."""
        if not _FEWEST <= len(self.options) <= _MOST:
            raise ValueError(f"options: got {len(self.options)}, want {_FEWEST} to {_MOST}")


@dataclass(frozen=True, slots=True)
class ShoppingState:
    """What a session keeps between two turns.

    Attributes:
        text: What was first asked for.
        asked: The fields that were asked about, in order; no more than `MOST_QUESTIONS`.
        answers: A value for each field that is known; "any" where it does not matter.
        options: Those of the question that waits for its answer, by text.
        is_done: Whether the end was shown.
    """

    text: str
    asked: tuple[Field, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    is_done: bool = False

    def __post_init__(self) -> None:
        """Hold it to the number of questions."""
        if len(self.asked) > MOST_QUESTIONS:
            raise ValueError(f"asked: got {len(self.asked)} questions, want at most {MOST_QUESTIONS}")

    def to_json(self) -> dict[str, object]:
        """Return it as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Turn:
    """What is shown after a turn.

    Attributes:
        question: What is asked next; None at the end.
        draft_batch: A body for `POST /api/generate/batch/start` for what is missing, never started; None before the
            end, and where nothing is missing.
    """

    state: ShoppingState
    text: str
    question: Question | None = None
    product_cards: tuple[ProductMatch, ...] = ()
    draft_batch: DraftBatch | None = None

    def status(self) -> ShoppingStatus:
        """Return `shopping_status` of an answer."""
        state = self.state
        return {
            "step": len(state.asked),
            "of": len(state.asked) + (0 if state.is_done else min(_left(state), MOST_QUESTIONS - len(state.asked))),
            "is_done": state.is_done,
            "asked": list(state.asked),
            "answers": dict(state.answers),
        }


class Shelf(Protocol):
    """Finds products."""

    def find(self, text: str, filters: Mapping[str, str], limit: int) -> ProductSearch:
        """Return the products that fit best."""


class Shopping:
    """Leads through the questions. Thread-safe: it keeps nothing."""

    def __init__(
        self,
        catalogue: Catalogue,
        shelf: Shelf,
        vocabulary: Callable[[], Vocabulary],
        count: Callable[[Mapping[str, str]], int],
    ) -> None:
        """Lead to products of *shelf*; *count* counts the samples of the data set that match filters."""
        self._catalogue = catalogue
        self._shelf = shelf
        self._vocabulary = vocabulary
        self._count = count

    def start(self, text: str) -> Turn:
        """Return the first turn for what somebody asks for; what *text* says already is not asked."""
        return self._next(ShoppingState(text, answers=self._said(text, {})), "")

    def reply(self, state: ShoppingState, text: str) -> Turn:
        """Return the turn after *text*, the answer to the question that waits: a number, an option, or free words."""
        if state.is_done or not state.asked:
            return self.start(text)
        waiting, answers = state.asked[-1], dict(state.answers)
        value = _chosen(text, state.options)
        note = ""
        if value is None:
            said = self._said(text, {}, answers)
            value = said.pop(waiting, None) or (_ANY if set(tokens(text)) & _NO_MATTER else None)
            answers, kept = merged(answers, said, text)
            note = note_on(text, WORDS[waiting] if value is None else "", said, kept)
        answers[waiting] = value or _ANY
        return self._next(ShoppingState(state.text, state.asked, answers), note)

    def restore(self, kept: Mapping[str, object]) -> ShoppingState:
        """Return the state that a session kept; InputError for what is none of ours."""
        try:
            asked, answers, options = kept["asked"], kept["answers"], kept["options"]
            if not (isinstance(asked, Sequence) and isinstance(answers, Mapping) and isinstance(options, Sequence)):
                raise TypeError("asked, answers, options")
            return ShoppingState(
                text=str(kept["text"]),
                asked=tuple(_ASKED[_ASKED.index(item)] for item in asked),
                answers={str(name): str(value) for name, value in answers.items() if name in FIELDS},
                options=tuple(Option(str(option["text"]), str(option["value"])) for option in options),
                is_done=kept["is_done"] is True,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"shopping: the kept state cannot be read ({type(error).__name__}); start again") from None

    def filters_of(self, text: str) -> dict[str, str]:
        """Return the part of the data set that *text* names, as filters."""
        return filters_of(self._said(text, {}))

    def draft_of(self, text: str) -> DraftBatch:
        """Return a body that starts a batch of what *text* asks for; nothing is started.

        Raises:
            InputError: it asks for too few or too many samples, or for a topic that there is not.
        """
        count, topics = amount_wanted(text), subject_topics(text, self._vocabulary())
        return self._draft(self._said(text, {}), count, topics)

    def _next(self, state: ShoppingState, note: str) -> Turn:
        if len(state.asked) < MOST_QUESTIONS:
            for name in _ASKED:
                question = None if name in state.answers else self._question(name, state.answers)
                if question is not None:
                    asked = ShoppingState(state.text, (*state.asked, name), state.answers, question.options)
                    listed = "; ".join(f"{n}. {option.text}" for n, option in enumerate(question.options, 1))
                    listed += "" if any(option.value == _ANY for option in question.options) else "; or say any"
                    return Turn(asked, f"{note}{question.text} {listed}", question)
        return self._end(state, note)

    def _question(self, name: Field, answers: Mapping[str, str]) -> Question | None:
        """Return the question about a field; None where it would not divide anything."""
        if name == "size":
            return Question(name, _TEXTS[name], tuple(Option(*size) for size in _SIZES))
        values = self._values(name, answers)
        if len(values) < 2:
            return None
        if name == "difficulty":  # in order, the hardest included: those are what is asked for and rare
            return Question(name, _TEXTS[name], tuple(Option(_short(value), value) for value in values[-_MOST:]))
        held = filters_of(answers)
        most = _MOST if len(values) == _MOST and name == "jurisdiction" else _MOST - 1
        stocked = sorted(values, key=lambda value: -self._count({**held, name: value}))[:most]
        options = [Option(_short(self._called(name, value)), value) for value in sorted(stocked, key=values.index)]
        if len(options) < _MOST:
            options.append(Option("Any", _ANY))
        return Question(name, _TEXTS[name], tuple(options))

    def _values(self, name: Field, answers: Mapping[str, str]) -> list[str]:
        place = answers.get("jurisdiction", _ANY)
        if name == "jurisdiction":
            return [row.id for row in self._catalogue.jurisdictions]
        if name == "difficulty":
            return [row.id for row in self._catalogue.difficulties]
        topics = self._catalogue.topics
        return list(dict.fromkeys(row.practice_area for row in topics if place in (_ANY, row.jurisdiction)))

    def _called(self, name: Field, value: str) -> str:
        return self._catalogue.jurisdiction(value).name if name == "jurisdiction" else value

    def _said(
        self, text: str, answers: dict[str, str], before: Mapping[str, str] = MappingProxyType({})
    ) -> dict[str, str]:
        """Return *answers* with what *text* says, in the place known *before*; of several values the first counts."""
        for named in self._vocabulary().find(tokens(text)):
            value = named.values[0]
            if named.field == "practice_area":
                places = answers.get("jurisdiction", before.get("jurisdiction", _ANY))
                own = self._values("practice_area", {"jurisdiction": places})
                value = next((area for area in named.values if area in own), value)
            if named.field == "topic":
                answers["practice_area"] = value.split(" - ")[0]
            if named.field in FIELDS:
                answers[named.field] = value
        size = size_of(text)
        return answers | ({"size": size} if size else {})

    def _end(self, state: ShoppingState, note: str) -> Turn:
        filters = filters_of(state.answers)
        found = self._shelf.find("", filters, _CARDS)
        cards = tuple(found["products"])
        size = state.answers.get("size", _ANY)
        wanted = int(size) if size.isdigit() else _USUAL_SIZE
        missing = wanted - max((card["matching"] for card in cards), default=0)
        draft = self._draft(state.answers, min(missing, LARGEST)) if missing > 0 else None
        told = f"{len(cards)} product{'' if len(cards) == 1 else 's'} of {found['count']} that match"
        told += f"; the data set has {self._count(filters)} such samples"
        told += f". For the {missing} that are missing a batch is drafted; nothing was started" if draft else ""
        done = ShoppingState(state.text, state.asked, state.answers, is_done=True)
        return Turn(done, f"{note}{told}.", None, cards, draft)

    def _draft(self, answers: Mapping[str, str], count: int, about: Sequence[str] = ()) -> DraftBatch:
        """Return a body that a start of a batch takes; *about* are its topics where the answers name none."""
        draft: DraftBatch = {"count": count}
        filters = filters_of(answers)
        place = filters.get("jurisdiction") or self._place_of(filters.get("practice_area"))
        if "topic" in filters:
            draft["topic"] = filters["topic"]
        elif "practice_area" in filters:
            topics = [row for row in self._catalogue.topics if place in ("all", row.jurisdiction)]
            own = [row.key for row in topics if row.practice_area == filters["practice_area"]]
            if own:  # an area that only the data set knows cannot be planned
                draft["mix"] = {"topics": dict.fromkeys(own, 1.0)}
        else:
            own = [row.key for row in self._catalogue.topics if row.key in about and place in ("all", row.jurisdiction)]
            if own:
                draft["mix"] = {"topics": dict.fromkeys(own, 1.0)}
        if "difficulty" in filters:
            draft["difficulty"] = filters["difficulty"]
        if "sample_type" in filters:
            draft["sample_type"] = filters["sample_type"]
        draft["jurisdiction"] = place
        validated(BatchRequest, draft)
        return draft

    def _place_of(self, area: str | None) -> str:
        """Return the only jurisdiction that has *area*; "all" where several do, or for no area."""
        places = {row.jurisdiction for row in self._catalogue.topics if area in (None, row.practice_area)}
        return places.pop() if len(places) == 1 else "all"


def _chosen(text: str, options: Sequence[Option]) -> str | None:
    """Return the value of the option that *text* names by its number or its words; None for neither."""
    number = _CHOICE.match(text)
    if number is not None and int(number[1]) <= len(options):
        return options[int(number[1]) - 1].value
    said = tokens(text)
    return next((option.value for option in options if said and said == tokens(option.text)), None)


def _left(state: ShoppingState) -> int:
    return sum(name not in state.answers and name not in state.asked for name in _ASKED)


def _short(text: str) -> str:
    return " ".join(text.split()[:MOST_WORDS])
