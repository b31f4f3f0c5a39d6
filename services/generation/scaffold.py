"""Leads a small model through a sample: the law comes from the catalogue, the model writes prose.

A model of one or two billion parameters cannot choose law and cannot keep a form.
So authorities, rules and outcome are ours (closed world), names and facts are drawn
by the job's seed, every part of the answer and every step is a field of its own
schema, and the headings are put around them here. What is left to go wrong (loops,
cut sentences, borrowed party names, a contradicted outcome) is checked part by part
and written again.
"""

import json
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.domain import Job
from services.catalogue.catalogue import Authority, Catalogue, Part, Requirements, SampleType, Topic
from services.catalogue.rows import SlotValues
from services.drafts.text import count_words
from services.generation.casting import cast_for
from services.generation.prose import CHARS, Ask, fields_schema, loops, sentences_of, upper
from utils.errors import AnswerFormatError, InputError

_MIN_SENTENCE, _MAX_SENTENCE = 50, 230
_WORDS_A_SENTENCE = 20
_MAX_SENTENCES = 4
_MAX_CALLS_A_PART = 2
_TRIES = 4
_ISSUE = "The issue is whether "
_REASON = "This is so because "
_CASE = re.compile(r" v\.? |^Re |^Case |^Joined Cases|Prosecutor|WT/DS|ICSID|\bRep \d")
# Principles of the reasoning that hold in every field, after those of the authorities.
_FRAME = (
    "The rule is applied to each fact that matters",
    "The best argument of the other side must be met",
    "A small change of the facts tests the rule",
    "What can be claimed follows from the rule",
)
_COPIED = "copied what it was given"
_LEADS = ("Here ", "On these facts ", "In this case ")
_SYSTEM = (
    "You write parts of a training text about law in plain English. Use only the facts and the law given. "
    "Write complete, different sentences. Do not name any case, statute or court."
)


@dataclass(frozen=True, slots=True)
class _Brief:
    """Everything that is settled before the model writes a word."""

    kind: SampleType
    requirements: Requirements
    topic: Topic
    facts: str
    outcome: str
    authorities: tuple[Authority, ...]
    borrowed: frozenset[str]

    @property
    def text(self) -> str:
        """The brief as the model reads it; the same for every part, so that the model caches it."""
        law = "\n".join(f"- {authority.rule[0].upper()}{authority.rule[1:]}." for authority in self.authorities)
        return f"Topic: {self.topic.topic}.\nFacts: {self.facts}.\nLaw:\n{law}\nResult: {self.outcome}.\n\n"


class Scaffold:
    """Writes drafts with a small model. Stateless between calls."""

    def __init__(self, catalogue: Catalogue, slots: Mapping[str, SlotValues]) -> None:
        self._catalogue = catalogue
        self._slots = slots

    def draft(self, job: Job, ask: Ask, attempt: int = 0) -> str:
        """Return a draft of *job* as the JSON text that a large model would have sent.

        Args:
            job: What is wanted; its topic must be in the catalogue.
            ask: Asks the model for the fields of a schema.
            attempt: Number of the try; each draws other prose from the same facts.

        Raises:
            InputError: the catalogue has no facts or authorities for the topic.
            AnswerFormatError: a part stayed unusable.
        """
        brief = self._brief(job)
        writer = _Writer(brief, ask, job.seed + 1_000_003 * attempt)
        question = f"{brief.facts}. {writer.question()}"
        parts = [writer.part(part) for part in brief.kind.parts]
        answer = _assemble(brief.kind, parts)
        shortfall = brief.requirements.min_words - count_words(answer)
        if shortfall > 0:
            parts = writer.lengthen(parts, shortfall)
            answer = _assemble(brief.kind, parts)
        fields = {
            "question": question,
            "answer": answer,
            "case_citation": "; ".join(authority.cite for authority in brief.authorities),
            "reasoning": writer.steps(),
        }
        return json.dumps(fields, ensure_ascii=False)

    def _brief(self, job: Job) -> _Brief:
        kind = self._catalogue.sample_type(job.sample_type)
        required = self._catalogue.requirements(kind, self._catalogue.difficulty(job.difficulty))
        topic = self._catalogue.topic(job.practice_area, job.topic, job.jurisdiction)
        known = self._catalogue.authorities_of(topic)
        if not topic.facts or len(known) < required.min_citations:
            raise InputError(
                f"topic {job.topic_key!r} ({job.jurisdiction}): the embedded model knows only catalogue topics; "
                "choose one of GET /api/topics, or a provider with a key"
            )
        slots = self._slots.get(job.jurisdiction)
        if slots is None:
            raise InputError(
                f"jurisdiction {job.jurisdiction!r}: the embedded model has no names, sums and places for it; "
                f"add [{job.jurisdiction}] to prompts/slots.toml, or choose a provider with a key"
            )
        draw = random.Random(job.seed)
        values = cast_for(topic, slots, draw)
        authorities = known[: required.min_citations]
        facts, outcome = topic.facts.format(**values), topic.outcome.format(**values)
        return _Brief(kind, required, topic, facts, outcome, authorities, _party_names(authorities, facts))


class _Writer:
    """Asks for the prose of one draft and remembers what was written."""

    def __init__(self, brief: _Brief, ask: Ask, seed: int) -> None:
        self._brief = brief
        self._ask = ask
        self._seed = seed
        self._seen: set[str] = set()

    def question(self) -> str:
        """Return the sentence that asks for the solution."""
        patterns = {"question": f"^[A-Z]{CHARS}{{20,{_MAX_SENTENCE}}}[?]$"}
        wish = "Write one question that asks how the law decides these facts."
        return self._fields(wish, patterns, 80)["question"]

    def part(self, part: Part) -> str:
        """Return the text of one part of the answer, without its heading."""
        given = self._given(part)
        prefix = {"issue": _ISSUE, "conclusion": _REASON}.get(part.role, "")
        sentences = self._sentences_for(part, count_words(given))
        written = self._prose(f"Part: {part.heading or 'text'}. {part.ask}.", sentences, prefix) if sentences else ""
        return " ".join(text for text in (given, written) if text)

    def lengthen(self, parts: list[str], shortfall_words: int) -> list[str]:
        """Add sentences to the parts of prose, in order, until *shortfall_words* are made up."""
        longer = list(parts)
        prose = [n for n, part in enumerate(self._brief.kind.parts) if part.role in ("prose", "rule")] or [0]
        for turn in range(_MAX_CALLS_A_PART * len(prose)):
            if shortfall_words <= 0:
                break
            number = prose[turn % len(prose)]
            heading = self._brief.kind.parts[number].heading or "text"
            wish = f"Part: {heading}. It reads so far: {longer[number][-300:]} Go on with new points about the facts."
            count = min(_MAX_SENTENCES, math.ceil(shortfall_words / _WORDS_A_SENTENCE))
            more = self._prose(wish, count, "")
            shortfall_words -= count_words(more)
            longer[number] = f"{longer[number]} {more}"
        return longer

    def steps(self) -> str:
        """Return the reasoning: principle by us, application and interim conclusion by the model."""
        count = self._brief.requirements.min_steps
        principles = self._principles(count)
        lines = []
        for number, principle in enumerate(principles, 1):
            last = number == count
            patterns = {"application": f"^[A-Z]{CHARS}{{40,{_MAX_SENTENCE}}}[.]$"}
            if not last:
                patterns["conclusion"] = f"^[A-Z]{CHARS}{{20,{_MAX_SENTENCE}}}[.]$"
            wish = f"Reasoning step {number} of {count}. Principle: {principle}. Apply it to the facts" + (
                "." if last else ", then state the interim conclusion in a few words."
            )
            fields = self._fields(wish, patterns, 160)
            interim = self._brief.outcome if last else fields["conclusion"]
            lines.append(
                f"Step {number}: {principle} → {fields['application']} → {upper(interim)}".replace(". →", " →")
            )
        return "\n".join(lines)

    def _principles(self, count: int) -> list[str]:
        rules = [upper(authority.rule) for authority in self._brief.authorities]
        if count == 1:
            return rules[:1]
        frame = [f"The facts raise a question of {self._brief.topic.topic}", *rules, *_FRAME]
        return [*frame[: count - 1], "The rules taken together decide the matter"]

    def _given(self, part: Part) -> str:
        """The sentences that we write: the law, and the outcome."""
        if part.role == "rule":
            return " ".join(_rule_sentence(authority) for authority in self._brief.authorities)
        if part.role == "conclusion":
            return f"Therefore {self._brief.outcome}."
        return ""

    def _sentences_for(self, part: Part, given_words: int) -> int:
        required, parts = self._brief.requirements, self._brief.kind.parts
        if required.max_words is not None:  # a short type: the law fills most of it
            return 0 if part.role == "rule" else 1
        share = required.min_words / len(parts)
        return max(1, math.ceil((share - given_words) / _WORDS_A_SENTENCE))

    def _prose(self, wish: str, sentences: int, prefix: str) -> str:
        texts: list[str] = []
        while sentences > 0 and len(texts) < _MAX_CALLS_A_PART:
            count = min(sentences, _MAX_SENTENCES)
            first = f"{prefix}{CHARS}{{30,180}}[.]" if prefix else _sentence()
            pattern = "^" + " ".join([first, *[_sentence()] * (count - 1)]) + "$"
            fields = self._fields(wish, {"text": pattern}, 110 * count)
            texts.append(fields["text"])
            sentences, prefix = sentences - count, ""
        return " ".join(texts)

    def _fields(self, wish: str, patterns: Mapping[str, str], max_tokens: int) -> dict[str, str]:
        """Ask until every field holds a usable sentence; each try has a seed of its own.

        What the model copies once it copies with any seed; another beginning leads it away from that.
        """
        fault, lead = "nothing was written", ""
        for turn in range(_TRIES):
            self._seed += 1
            try:
                schema = fields_schema(_led(patterns, lead))
                written = self._ask(_SYSTEM, self._brief.text + wish, schema, max_tokens, self._seed)
                fields = {name: self._usable(text, wish) for name, text in written.items()}
            except AnswerFormatError as error:
                fault = str(error)
                lead = _LEADS[turn % len(_LEADS)] if fault == _COPIED else lead
                continue
            self._seen.update(
                sentence.rstrip(".").casefold() for text in fields.values() for sentence in sentences_of(text)
            )
            return fields
        raise AnswerFormatError(f"a part of the sample stayed unusable: {fault}")

    def _usable(self, text: str, wish: str) -> str:
        """Return *text* without its faulty sentences; AnswerFormatError when none is left."""
        given = f"{self._brief.text} {wish}".casefold()
        kept: list[str] = []
        fault = "empty"
        for sentence in sentences_of(" ".join(text.split())):
            found = self._fault_of(sentence) or ("repeated a sentence" if sentence in kept else None)
            if sentence.rstrip(".?").casefold() in given:
                found = _COPIED
            if found is None:
                kept.append(sentence)
            fault = found or fault
        if not kept:
            raise AnswerFormatError(fault)
        return " ".join(kept)

    def _fault_of(self, sentence: str) -> str | None:
        """Return what is wrong with *sentence*, or None."""
        borrowed = set(re.findall(r"[A-Za-z]+", sentence)) & self._brief.borrowed
        if borrowed:
            return f"took the name {sorted(borrowed)[0]} from an authority"
        if sentence.rstrip(".").casefold() in self._seen:
            return "repeated a sentence"
        if loops(sentence):
            return "went round in a loop"
        if len(sentence) >= _MAX_SENTENCE:
            return "a sentence was cut at its longest"
        return "contradicted the outcome" if _contradicts(sentence, self._brief.outcome) else None


def _assemble(kind: SampleType, texts: Sequence[str]) -> str:
    if not kind.headings:
        return " ".join(texts)
    return "\n\n".join(f"{part.heading}: {text}" for part, text in zip(kind.parts, texts, strict=True))


def _rule_sentence(authority: Authority) -> str:
    if _CASE.search(authority.cite):
        return f"In {authority.cite} it was held that {authority.rule}."
    return f"Under {authority.cite}, {authority.rule}."


def _party_names(authorities: Sequence[Authority], facts: str) -> frozenset[str]:
    """The first name of each party that does not stand in the facts: it has no place in new prose."""
    names: set[str] = set()
    for authority in authorities:
        parties = re.split(r" v\.? ", authority.cite)
        if len(parties) == 2:
            names.update(first.group(0) for party in parties if (first := re.match(r"[A-Z][a-z]{3,}\b", party)))
    return frozenset(names - set(re.findall(r"[A-Za-z]+", facts)) - {"United", "State", "Prosecutor", "Commission"})


def _contradicts(text: str, outcome: str) -> bool:
    """True when *text* denies a verb on which *outcome* turns."""
    for verb in re.finditer(r"\b(?:is|are|was|were|may|must|has|have|can|will)\b(?! not| neither)", outcome):
        following = outcome[verb.end() :].split()[:1]
        if following and f"{verb.group(0)} not {following[0]}" in text:
            return True
    return False


def _sentence() -> str:
    # No pattern holds a backslash: llama-cpp-python makes a grammar of it that ends its server.
    return f"[A-Z]{CHARS}{{{_MIN_SENTENCE},{_MAX_SENTENCE}}}[.]"


def _led(patterns: Mapping[str, str], lead: str) -> dict[str, str]:
    """Return *patterns*, statements among them beginning with *lead*; those with a beginning of their own keep it."""
    return {
        name: re.sub(r"^\^\[A-Z\]", f"^{lead}[A-Za-z]", pattern) if lead and not pattern.endswith("[?]$") else pattern
        for name, pattern in patterns.items()
    }
