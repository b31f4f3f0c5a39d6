"""What of a phrase tells its intent: signs that known words give, the words themselves, and their letters.

A vector has six families of features: signals (lists of words of the catalogue, and what grammar tells), pairs of
them, words, neighbours, the beginning, letters (four in a row: they see through misspellings). Each family has the same
length whatever its size, so that a long phrase does not outweigh a short one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from services.assistant.intent_catalogue import IntentCatalogue
from services.assistant.intent_model import Vector
from services.assistant.vocabulary import Vocabulary
from services.assistant.words import MOST_CHARS, Spelling, stem, tokens
from services.citations.on_demand import CitationReader

_NUMBERS = frozenset(
    "one two three four five six seven eight nine ten twelve twenty thirty fifty hundred couple few some dozen".split()
)
_CASE_NAME = re.compile(r"\b[A-Za-z][\w.'&-]* (?:v|vs)\.? [A-Za-z]\w*")
# "[1932] ac 562": in small letters it is no citation to those who read law, but it is one to those who type.
_SMALL_SERIES = re.compile(r"(?<=[\])] )(?:\d+ )?[a-z]{1,6}(?: [a-z]{1,4})?(?= \d)")
_FOREIGN = frozenset(
    "der die das ist und wie viele ein eine nicht ich sie wir wer warum bitte kannst du guten hallo danke"
    " gibt es le la les est une des que quel quelle comment pourquoi bonjour merci vous je nous sont qui"
    " el los por favor como gracias cuantos wo welche zeig zeige mir nach auf dem den zu sur pour dans"
    " avec montre combien y a t il".split()
)
_ENGLISH_TOO = frozenset("die des le la y a t il den es du dem qui wo como".split())
_NOT_MAKE = re.compile(
    r" (?:dont|do not|never|without|not|no need to|wont|shouldnt|instead of|rather than|stop)(?: \S+){0,3}?"
    r" (?:generat\S*|creat\S*|mak(?:e|ing)|writ(?:e|ing)|produc\S*|draft\S*|add(?:ing)?|start\S*|spend\S*)(?= )"
)
_NUMBER = rf"(?:\d+|{'|'.join(sorted(_NUMBERS))})"
_MAKE_NUMBER = re.compile(
    rf" (?:generate|create|make|write|produce|draft|add|compose|do|prepare)(?: me| us| about| up to)? {_NUMBER}(?= )"
)
_NUMBER_FIRST = re.compile(rf"^ {_NUMBER} ")
_YES_OR_NO = frozenset("yes yeah yep no nope ok okay sure please thanks thank you fine".split())
_CLAUSE = re.compile(r"[;:.!?,]\s+|\s[-–—]\s|\b(?:and then|so)\b")
_DIGITS = re.compile(r"\d+")
# Tags say nothing of what is wanted, and their letters are like those of orders.
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_LEAST_SHARE = 0.6
_SHORT = 4
_LETTERS = 4
# No word is written with a capital after folding: these stand for any number, any citation.
_ANY_NUMBER = "Number"
_ANY_CITATION = "Citation"
_FIELD_SIGNALS = {
    "practice_area": "topic",
    "topic": "topic",
    "difficulty": "level",
    "sample_type": "kind",
    "jurisdiction": "place",
    "provider": "provider",
    "model": "provider",
}
# In names of topics ("data protection", "fair use") but in every other sentence too.
_NO_TOPIC = frozenset("data good time use work working money free due bit review search state term".split())
_ASKING = frozenset(
    "what whats who when where why how which summarise summarize explain outline describe compare define"
    " quote show list find generate create make write draft author give tell count".split()
)
# Letters count twice: of the other mixtures that were tried none was better by more than the noise.
_LENGTHS = {"signal": 1.0, "pair": 1.0, "word": 1.0, "next": 1.0, "start": 1.0, "letters": 2**0.5}


@dataclass(frozen=True, slots=True)
class Reading:
    """A phrase as it was read.

    Attributes:
        signals: The names of the signs that it has.
        vector: All its features, "family:value", with their weights.
    """

    signals: frozenset[str]
    vector: Vector


class PhraseReader:
    """Reads phrases. Thread-safe."""

    def __init__(self, catalogue: IntentCatalogue, citations: CitationReader) -> None:
        """Go by the words of *catalogue*; *citations* finds what is cited."""
        self._catalogue = catalogue
        self._citations = citations
        self._spelling: tuple[Vocabulary, Spelling] | None = None

    def read(self, text: str, words: Vocabulary) -> Reading:
        """Return the features of *text*; *words* are the names of the data set."""
        text = _TAG.sub(" ", text[:MOST_CHARS])
        spelling = self._spelling_of(words)
        signals = self._signals(text, words, spelling)
        masked, cited = self._without_citations(text)
        signals |= cited
        typed = tokens(masked)
        stems = [_plain(word) for word in spelling.corrected(typed)]
        kinds = _with_kinds(stems, words)
        opening = self._without_courtesy(f" {' '.join(kinds)} ").split()
        families: dict[str, Iterable[str]] = {
            "signal": sorted(signals),
            "pair": ("+".join(pair) for pair in combinations(sorted(signals), 2)),
            "word": stems,
            "next": (" ".join(pair) for pair in pairwise(["^", *opening, "$"])),
            "start": (" ".join(opening[:count]) for count in (1, 2, 3)),
            "letters": _letters(typed),
        }
        return Reading(frozenset(signals), _vector(families))

    def _spelling_of(self, words: Vocabulary) -> Spelling:
        """Return the known words, kept while *words* are the same: to sort them takes a millisecond."""
        kept = self._spelling
        if kept is None or kept[0] is not words:
            kept = (words, Spelling(self._catalogue.words | words.known, self._catalogue.table.never))
            self._spelling = kept
        return kept[1]

    def _signals(self, text: str, words: Vocabulary, spelling: Spelling) -> set[str]:
        found = spelling.corrected(tokens(text))
        sentence = self._without_courtesy(f" {' '.join(found)} ")
        # What begins a clause begins a sentence: "we are short of them - make 25".
        clauses = [" ".join(spelling.corrected(tokens(clause))) for clause in _CLAUSE.split(text)[1:]]
        parts = [sentence, *(self._without_courtesy(f" {clause} ") for clause in clauses if clause)]
        signals = {name for name, pattern in self._catalogue.patterns.items() if any(map(pattern.search, parts))}
        signals |= {_FIELD_SIGNALS[named.field] for named in words.find(found) if named.field in _FIELD_SIGNALS}
        checks = {
            "topic": any(_tells_a_topic(stem(word), words) for word in found),
            "number": any(word.isdigit() or word in _NUMBERS for word in found),
            "question_mark": "?" in text,
            "short": len(found) < _SHORT,
            "foreign": _is_foreign(found),
            "make_number": any(map(_MAKE_NUMBER.search, parts)),
            "number_first": _NUMBER_FIRST.search(sentence) is not None,
            "not_make": _NOT_MAKE.search(sentence) is not None,
            "yes_or_no": bool(found) and _YES_OR_NO.issuperset(found),
        }
        return signals | {name for name, is_so in checks.items() if is_so}

    def _without_courtesy(self, sentence: str) -> str:
        while (found := self._catalogue.polite.match(sentence)) is not None:
            if len(sentence) <= found.end() + 1:
                break
            sentence = sentence[found.end() :]
        return sentence

    def _without_citations(self, text: str) -> tuple[str, set[str]]:
        """Return *text* with its citations masked, and what the grammar of citations says of it."""
        signals = {"case_name"} if _CASE_NAME.search(text) else set()
        found = self._citations.extract(text)
        if not found:
            found = self._citations.extract(_SMALL_SERIES.sub(lambda match: match[0].upper(), text))
        if not found:
            return text, signals
        cited = sum(not char.isspace() for citation in found for char in text[citation.start : citation.end])
        is_most = cited >= _LEAST_SHARE * sum(not char.isspace() for char in text)
        signals |= {"citation", "only_citation"} if is_most and _has_no_verb(text) else {"citation"}
        masked, end = [], 0
        for citation in found:
            masked += [text[end : citation.start], " §§ "]
            end = citation.end
        return "".join([*masked, text[end:]]), signals


def _tells_a_topic(word: str, words: Vocabulary) -> bool:
    return word in words.topic_words and word not in _NO_TOPIC


def _has_no_verb(text: str) -> bool:
    """Tell whether *text* neither asks nor orders, as a bare citation."""
    first = tokens(text)[:1]
    return not first or first[0] not in _ASKING


def _is_foreign(found: list[str]) -> bool:
    """Tell whether the words are those of another language."""
    foreign = [word for word in found if word in _FOREIGN]
    return len(foreign) * 3 >= len(found) and any(word not in _ENGLISH_TOO for word in foreign)


def _plain(word: str) -> str:
    return _ANY_CITATION if word == "§§" else _DIGITS.sub("0", stem(word))


def _with_kinds(stems: Sequence[str], words: Vocabulary) -> list[str]:
    """Return *stems*, names of the data set replaced by what they name: "sample on trust" says as much as "on tort"."""
    kinds = list(stems)
    for named in words.find(stems):
        kinds[named.start : named.end] = [_FIELD_SIGNALS.get(named.field, named.field).title()] * (
            named.end - named.start
        )
    for place, word in enumerate(stems):
        if kinds[place] == word and _tells_a_topic(word, words):
            kinds[place] = "Topic"
        elif kinds[place] == word and (word == "0" or word in _NUMBERS):
            kinds[place] = _ANY_NUMBER
    return [kind for place, kind in enumerate(kinds) if not (place and kind == kinds[place - 1] and kind.istitle())]


def _letters(typed: Iterable[str]) -> list[str]:
    return [f" {word} "[place : place + _LETTERS] for word in typed for place in range(max(1, len(word) - 1))]


def _vector(families: dict[str, Iterable[str]]) -> dict[str, float]:
    """Return the features of all families, each as long as `_LENGTHS` says, and one that every phrase has."""
    vector = {"always": 0.1**0.5}
    for family, values in families.items():
        distinct = dict.fromkeys(value for value in values if value)
        for value in distinct:
            vector[f"{family}:{value}"] = _LENGTHS[family] / len(distinct) ** 0.5
    return vector
