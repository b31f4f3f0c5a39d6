"""The checks by name, and the score."""

import itertools
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain import Job
from services.catalogue.rows import CheckName
from services.citations.checker import Checked
from services.drafts.draft import Draft, Wanted
from services.generation.prompts import PromptRenderer
from services.quality import checks
from services.quality.checks import CHECKS, examine, problems
from services.quality.score import WEIGHTS, score
from tests.fakes import CATALOGUE, CHECKER
from tests.vendors.writer import write_sample

KIND = CATALOGUE.sample_type("case_analysis")
SHORT = CATALOGUE.sample_type("simple_qa")
JOB = Job("Contract Law", "Formation of Contracts", "basic", "case_analysis", "uk", 7)
FIELDS = ("question", "answer", "case_citation", "reasoning")


def cited_by(draft: Draft) -> tuple[Checked, ...]:
    return tuple(CHECKER.check_sample({name: getattr(draft, name) for name in FIELDS}))


def verdict_on(draft: Draft, job: Job, tolerance: float = 0.8) -> str | None:
    """Return why *draft* is refused as a sample of *job*."""
    kind = CATALOGUE.sample_type(job.sample_type)
    limits = CATALOGUE.requirements(kind, CATALOGUE.difficulty(job.difficulty))
    return examine(draft, Wanted(kind, limits, job.jurisdiction, cited_by(draft), tolerance))


def asked(kind: Any = KIND, level: str = "basic", **fields: str) -> Wanted:
    draft = draft_with(**fields)
    return Wanted(kind, CATALOGUE.requirements(kind, CATALOGUE.difficulty(level)), "uk", cited_by(draft))


def draft_with(**changes: str) -> Draft:
    fields = write_sample(PromptRenderer(CATALOGUE).render(JOB).text)
    return Draft(**{**{name: fields[name] for name in FIELDS}, **changes})


GOOD = draft_with()


def reason_of(name: str, wanted: Wanted | None = None, /, **fields: str) -> str | None:
    """Return what one check says of a good draft with *fields* changed."""
    return CHECKS[name](draft_with(**fields), wanted or asked(**fields))


def test_every_check_has_a_name_that_sample_types_may_declare() -> None:
    assert set(get_args(CheckName)) == set(CHECKS)


def test_types_with_headings_check_sections_and_the_others_do_not() -> None:
    assert {kind.id for kind in CATALOGUE.sample_types if "sections" in kind.checks} == {
        kind.id for kind in CATALOGUE.sample_types if kind.headings
    }


def test_check_that_a_type_does_not_declare_is_not_made() -> None:
    kind = KIND.model_copy(update={"checks": ("fields",)})

    assert examine(draft_with(answer="short"), asked(kind)) is None
    assert problems(draft_with(answer="short", question=" "), asked(kind)) == {"fields": "empty fields: question"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({}, None, id="good"),
        pytest.param({"case_citation": " "}, "empty fields: case_citation", id="empty"),
        pytest.param({"reasoning": "Step 1: a\nStep 3: b"}, "reasoning steps: got the numbers", id="gap"),
        pytest.param({"reasoning": "Step 1: a"}, "reasoning steps: got 1, want 4 to 5", id="few-steps"),
        pytest.param(
            {"reasoning": "Step 1: a\nStep 2: b\nStep 3: c\nStep 4: d"}, "reasoning too short", id="short-reasoning"
        ),
        pytest.param({"answer": "ISSUE: x\nRULE: y\nAPPLICATION: z"}, "answer too short: got 6 words", id="short"),
        pytest.param(
            {"answer": "the issue, the rule and the application and the conclusion " * 40},
            "sections: got 0 of at least 3",
            id="words-are-no-headings",
        ),
        pytest.param(
            {"case_citation": "a case that I remember", "answer": "ISSUE: x\nRULE: y\nAPPLICATION: " + "word " * 300},
            "citations: got 0, want at least 2",
            id="no-citations",
        ),
    ],
)
def test_draft_is_judged_with_a_reason(change: dict[str, str], reason: str | None) -> None:
    got = examine(draft_with(**change), asked(**change))

    assert got == reason if reason is None else reason in (got or "")


def test_answer_of_a_short_type_may_be_too_long() -> None:
    assert "answer too long" in (reason_of("words", asked(SHORT)) or "")


@pytest.mark.parametrize("mark", ["Step 1: x", "**Step 1:** x", "step 1. x", "Step 1 - x", "- Step 1: x", "Step 1) x"])
def test_step_is_counted_in_the_form(mark: str) -> None:
    assert reason_of("steps", asked(SHORT), reasoning=mark) is None


@given(st.text(max_size=300), st.text(max_size=300))
def test_judging_any_text_gives_a_reason_or_none(answer: str, reasoning: str) -> None:
    reason = examine(draft_with(answer=answer, reasoning=reasoning), asked(answer=answer, reasoning=reasoning))

    assert reason is None or reason


ORDERED = "\n\n".join(
    f"{name}: {'the court of law held it to be so and ' * 9}."
    for name in ("ISSUE", "RULE", "APPLICATION", "CONCLUSION")
)
TURNED = "\n\n".join(reversed(ORDERED.split("\n\n")))


@pytest.mark.parametrize(
    ("check", "fields", "reason"),
    [
        pytest.param("sections", {"answer": ORDERED}, None, id="in-order"),
        pytest.param("sections", {"answer": TURNED}, "RULE stands before ISSUE", id="turned"),
        pytest.param("substance", {"reasoning": "Step 1: so it is"}, "step 1: got 3 words", id="empty-step"),
        pytest.param(
            "substance",
            {"reasoning": "Step 1: the rule applies to these facts here\nStep 2: The rule applies, to these facts here!"},
            "step 2: repeats another step",
            id="repeated-step",
        ),
        pytest.param("substance", {}, None, id="steps-that-say-something"),
        pytest.param("language", {"answer": "Der Vertrag kommt durch Angebot und Annahme zustande. " * 9}, "answer is not English", id="german"),
        pytest.param("language", {"answer": "Kurz."}, None, id="too-short-to-tell"),
        pytest.param("leftovers", {"answer": "<think>hm</think> It is so."}, "a thinking tag in the answer", id="tag"),
        pytest.param("leftovers", {"answer": "As an AI language model I say so."}, "words of the model", id="ai"),
        pytest.param("leftovers", {"question": "What of [insert name]?"}, "a placeholder in the question", id="placeholder"),
        pytest.param("leftovers", {"answer": "It is so.\n```"}, "a code fence", id="fence"),
        pytest.param("leftovers", {"reasoning": "Step 1: Each step builds on the one before."}, "words of the prompt", id="prompt"),
        pytest.param("leftovers", {"answer": 'It holds.\n"answer": "x."'}, "a piece of the answer's JSON", id="json"),
        pytest.param("leftovers", {"answer": "The court held that the"}, "in the middle of a sentence", id="cut"),
        pytest.param("leftovers", {}, None, id="clean"),
        pytest.param("distinct", {"question": GOOD.answer}, "the answer repeats the question", id="same"),
        pytest.param("distinct", {}, None, id="different"),
        pytest.param("distinct", {"question": "Why?"}, None, id="too-short-to-compare"),
        pytest.param("jurisdiction", {"case_citation": "Roe v. Wade, 410 U.S. 113 (1973); 17 U.S.C. § 107"}, "got 0 of 2 authorities of uk", id="foreign"),
        pytest.param("jurisdiction", {"case_citation": "Fisher v Bell [1961] 1 QB 394; 17 U.S.C. § 107"}, None, id="half"),
        pytest.param("jurisdiction", {"case_citation": "nothing"}, None, id="none-cited"),
    ],
)  # fmt: skip
def test_check_gives_its_own_reason(check: str, fields: dict[str, str], reason: str | None) -> None:
    got = reason_of(check, None, **fields)

    assert got is None if reason is None else reason in (got or "")


def test_sections_that_recur_have_no_order() -> None:
    talk = CATALOGUE.sample_type("legal_dialogue")
    turns = "\n\n".join(
        f"{who}: {'it is the law of the land and so it is ' * 8}." for who in ("LAWYER", "CLIENT", "LAWYER")
    )

    assert reason_of("sections", asked(talk), answer=turns) is None


def test_type_without_sections_passes_the_check_of_sections() -> None:
    assert reason_of("sections", asked(SHORT)) is None


def test_words_of_the_prompt_that_are_looked_for_stand_in_the_prompt() -> None:
    template = (CATALOGUE.folder / "prompts" / "_shared" / "base.md").read_text()

    assert all(phrase in template for phrase in checks._PROMPT)


_PIECES = (
    "<think>", "</Reasoning>", "AS AN AI", "as a large language model", "I'm an Aı", "ſ", "I cannot provide legal advice",
    "\u212a", "[Insert", "[case name", "<placeholder", "todo", "T\u0130D", "TBD", "Lorem ipsum", "XXXX", "```", '{"answer":', '"Question" :',
    '"reasoning":', "Never invent an authority", "\n", " ", "]", ">", "the law", "é",
)  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=6).map("".join))
def test_leftover_is_found_wherever_its_pattern_finds_it(text: str) -> None:
    answer = f"{text} It is so."

    found = reason_of("leftovers", asked(), answer=answer)

    by_pattern = next((what for what, pattern, _ in checks._LEFTOVERS if pattern.search(answer)), None)
    assert (found is None) == (by_pattern is None)
    assert (found or "").startswith(f"leftovers: {by_pattern} in the answer" if by_pattern else "")


def test_score_is_one_for_a_draft_that_has_everything_and_says_what_is_lacking() -> None:
    value, lost = score(GOOD, asked())
    poor, missing = score(
        draft_with(answer="Short.", case_citation="nothing", reasoning=""), Wanted(KIND, asked().requirements, "uk")
    )

    assert 0.8 < value <= 1.0
    assert not [line for line in lost if line.startswith("citations")]
    assert poor < 0.1
    assert {line.split()[0] for line in missing} == set(WEIGHTS)


@given(st.text(max_size=200), st.text(max_size=200))
def test_score_of_any_draft_lies_between_nought_and_one(answer: str, reasoning: str) -> None:
    for kind in (KIND, SHORT):
        value, _ = score(draft_with(answer=answer, reasoning=reasoning), Wanted(kind, asked(kind).requirements, "uk"))

        assert 0 <= value <= 1


def test_answers_of_all_types_pass_their_checks_in_any_two_draws() -> None:
    for kind, seed in itertools.product(CATALOGUE.sample_types, (1, 2)):
        job = Job("Contract Law", "Formation of Contracts", "basic", kind.id, "uk", seed)
        fields = write_sample(PromptRenderer(CATALOGUE).render(job).text, seed)

        assert verdict_on(Draft(**{name: fields[name] for name in FIELDS}), job, 1.0) is None, kind.id
