"""What words of a question may name: topics, levels, types, jurisdictions, providers and models.

They are those of the catalogue and of the data set, so that a topic that a lawyer adds is understood at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from models.contract.answers.dataset import FilterName
from services.assistant.words import stem, stems
from services.catalogue.catalogue import Catalogue

Naming: TypeAlias = Literal[FilterName, "practice_area"]
# Words of names that name nothing by themselves: "law" is in most of them.
_EMPTY = frozenset(
    "law and of the in to for by from a an vs right rights article rule rules regulation regulations"
    " public case proceeding proceedings first basic un two 2 101 102 be act".split()
)
_LAW = "law"
# "give us": a pronoun, no jurisdiction.
_BEFORE_PRONOUN = frozenset("give tell show let send make for to of help by with from get".split())
_PRONOUN = "us"


@dataclass(frozen=True, slots=True)
class Named:
    """What some words of a question name.

    Attributes:
        start: The first of the words.
        end: Behind the last of them.
        values: The values of the field: several where the words do not decide.
    """

    start: int
    end: int
    field: Naming
    values: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The names.

    Attributes:
        names: For each field, what each value may be called.
        topics: The topics, as samples have them: "Area - Topic".
    """

    names: Mapping[Naming, Mapping[str, Sequence[str]]]
    topics: tuple[str, ...]

    @cached_property
    def phrases(self) -> dict[tuple[str, ...], dict[Naming, tuple[str, ...]]]:
        """Every name as its stems, with what it names."""
        found: dict[tuple[str, ...], dict[Naming, tuple[str, ...]]] = {}
        for field, values in self.names.items():
            for value, called in values.items():
                for phrase in dict.fromkeys(stems(name) for name in called):
                    if phrase:
                        fields = found.setdefault(phrase, {})
                        fields[field] = tuple(dict.fromkeys((*fields.get(field, ()), value)))
        return found

    @cached_property
    def topic_words(self) -> frozenset[str]:
        """The stems of topics' names that tell topics apart."""
        return frozenset(word for topic in self.topics for word in stems(topic) if word not in _EMPTY)

    @cached_property
    def known(self) -> frozenset[str]:
        """All words of names, for correcting what is misspelt."""
        words = {word for phrase in self.phrases for word in phrase} | self.topic_words
        return frozenset(words | {f"{word}s" for word in words})

    @cached_property
    def _longest(self) -> int:
        return max((len(phrase) for phrase in self.phrases), default=0)

    def find(self, words: Sequence[str]) -> list[Named]:
        """Return what *words* name, the longest names first in each place; they do not overlap."""
        bare, found, place = [stem(word) for word in words], list[Named](), 0
        while place < len(bare):
            named = self._at(bare, place)
            if named is not None:
                found.append(named)
            place = named.end if named is not None else place + 1
        return found

    def _at(self, bare: Sequence[str], place: int) -> Named | None:
        for size in range(min(self._longest, len(bare) - place), 0, -1):
            fields = self.phrases.get(tuple(bare[place : place + size]))
            if fields and not (size == 1 and bare[place] == _PRONOUN and _is_pronoun(bare, place)):
                field = next(iter(fields))
                return Named(place, place + size, field, fields[field])
        return None

    def topics_about(self, phrase: str) -> list[str]:
        """Return the topics that have all words of *phrase* in their names."""
        wanted = [word for word in stems(phrase) if word]
        return [topic for topic in self.topics if wanted and all(_begins(word, topic) for word in wanted)]


def _is_pronoun(bare: Sequence[str], place: int) -> bool:
    return (place > 0 and bare[place - 1] in _BEFORE_PRONOUN - {"from", "of", "for"}) or place + 1 == len(bare) == 1


def _begins(word: str, topic: str) -> bool:
    return any(other.startswith(word) for other in stems(topic))


# What people call the values beside their names in the catalogue.
_CALLED: Mapping[Naming, Mapping[str, tuple[str, ...]]] = {
    "jurisdiction": {
        "uk": ("uk", "u.k", "british", "britain", "english", "england", "english law", "united kingdom", "uk law"),
        "us": ("us", "u.s", "usa", "american", "america", "united states", "us law", "federal"),
        "eu": ("eu", "e.u", "european", "europe", "european union", "eu law"),
        "international": ("international", "international law"),
    },
    "difficulty": {
        "foundational": ("foundational", "foundation"),
        "basic": ("basic", "easy", "beginner", "simple", "beginners"),
        "intermediate": ("intermediate", "medium"),
        "advanced": ("advanced", "hard", "difficult"),
        "expert": ("expert", "hardest"),
    },
    "sample_type": {
        "case_analysis": ("case analysis", "case analyses", "irac", "case analysi"),
        "simple_qa": ("simple qa", "simple q a", "question and answer", "q and a"),
        "educational": ("educational", "explanation"),
        "pure_conceptual": ("conceptual", "pure conceptual"),
        "comparative_analysis": ("comparative analysis", "comparative analyses", "comparison type"),
        "legal_news_analysis": ("legal news", "news analysis", "news analyses", "legal news analysis"),
        "statutory_interpretation": ("statutory interpretation",),
        "legal_dialogue": ("legal dialogue", "dialogue"),
        "client_interaction": ("client interaction", "client advice"),
        "provision": ("provision sample", "provision type"),
        "case_study": ("case study", "case studies"),
        "practical_application": ("practical application",),
        "procedural_guide": ("procedural guide",),
        "ethical_reasoning": ("ethical reasoning",),
        "general_reasoning": ("general reasoning",),
        "hypothetical": ("hypothetical",),
        "conversational": ("conversational", "conversation"),
    },
}


def vocabulary_of(catalogue: Catalogue, present: Mapping[FilterName, Iterable[str]] | None = None) -> Vocabulary:
    """Return the names of *catalogue*, and the values that are *present* in the data set."""
    here = {name: tuple(values) for name, values in (present or {}).items()}
    topics = tuple(dict.fromkeys([*(topic.key for topic in catalogue.topics), *here.get("topic", ())]))
    values: dict[Naming, Iterable[str]] = {
        "jurisdiction": [row.id for row in catalogue.jurisdictions],
        "difficulty": [row.id for row in catalogue.difficulties],
        "sample_type": [row.id for row in catalogue.sample_types],
        "provider": [row.id for row in catalogue.providers],
        "model": [row.id for row in catalogue.models],
    }
    names: dict[Naming, dict[str, Sequence[str]]] = {}
    for field, known in values.items():
        called = _CALLED.get(field, {})
        more = here.get(field, ()) if field != "practice_area" else ()
        # "local" and "provision" are words of their own before they are names.
        names[field] = {
            value: called.get(value, (value,) if value not in {"local"} else ())
            for value in dict.fromkeys([*known, *more])
        }
    areas = dict.fromkeys(topic.split(" - ")[0] for topic in topics)
    names["practice_area"] = {area: (area, *_shorter(area)) for area in areas}
    names["topic"] = {topic: (topic, *([topic.split(" - ", 1)[1]] if " - " in topic else [])) for topic in topics}
    return Vocabulary(names, topics)


def _shorter(area: str) -> list[str]:
    """Return what an area is called without its "Law", or with it."""
    words = stems(area)
    if words[-1:] != (_LAW,):
        return [f"{area} {_LAW}"]
    bare = " ".join(words[:-1])
    return [bare] if bare and words[:-1] not in {("international",), ("eu",)} else []
