"""Prompts, parser and the scaffold."""

import contextlib
import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain import Job
from services.catalogue.catalogue import load_catalogue
from services.drafts.draft import Draft
from services.drafts.parser import parse_answer, split_thinking
from services.drafts.text import count_words
from services.generation.prompts import PromptRenderer
from services.generation.scaffold import Scaffold
from tests.fakes import CATALOG, CATALOGUE
from tests.services.quality.test_validation import verdict_on
from tests.vendors.writer import write_json
from utils.errors import AnswerFormatError, ConfigurationError, InputError

RENDERER = PromptRenderer(CATALOGUE)


def job(**changes: object) -> Job:
    values: dict[str, object] = {
        "practice_area": "Contract Law",
        "topic": "Formation of Contracts",
        "difficulty": "intermediate",
        "sample_type": "case_analysis",
        "jurisdiction": "uk",
        "seed": 7,
    }
    return Job(**{**values, **changes})  # type: ignore[arg-type]


# --- prompts ---------------------------------------------------------------------------------


def test_every_combination_of_topic_type_and_difficulty_renders() -> None:
    hashes = set()
    for topic in CATALOGUE.topics:
        for kind in CATALOGUE.sample_types:
            for level in CATALOGUE.difficulties:
                wanted = job(
                    practice_area=topic.practice_area,
                    topic=topic.topic,
                    jurisdiction=topic.jurisdiction,
                    sample_type=kind.id,
                    difficulty=level.id,
                )
                rendered = RENDERER.render(wanted)
                assert topic.key in rendered.text
                hashes.add(rendered.sha256)

    assert len(hashes) == len(CATALOGUE.topics) * len(CATALOGUE.sample_types) * len(CATALOGUE.difficulties)


def test_prompt_depends_on_the_seed_and_on_nothing_else() -> None:
    assert RENDERER.render(job()) == RENDERER.render(job())
    assert len({RENDERER.render(job(seed=n)).sha256 for n in range(12)}) > 6


def test_jurisdiction_difficulty_instruction_and_feedback_reach_the_prompt() -> None:
    text = RENDERER.render(job(jurisdiction="eu", instruction="Mention costs."), feedback="citations: got 0").text

    assert "law of the European Union" in text
    assert "Intermediate level" in text
    assert "Mention costs." in text
    assert "citations: got 0" in text


def test_template_with_an_unknown_variable_names_its_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    catalogue = load_catalogue(CATALOG)
    kind = catalogue.sample_types[0].model_copy(update={"template": "{{ nonsense }}"})
    broken = PromptRenderer(type(catalogue)(**{**catalogue.__dict__, "sample_types": (kind,)}))

    with pytest.raises(ConfigurationError, match=r"case_analysis\.md"):
        broken.render(job())


def test_answer_that_does_what_the_prompt_asks_passes_for_every_type_and_level() -> None:
    for kind in CATALOGUE.sample_types:
        for level in CATALOGUE.difficulties:
            for place in CATALOGUE.jurisdictions:
                wanted = job(sample_type=kind.id, difficulty=level.id, jurisdiction=place.id)
                draft = parse_answer(write_json(RENDERER.render(wanted).text))

                assert verdict_on(draft, wanted, 1.0) is None, (kind.id, level.id, place.id)


# --- parser ----------------------------------------------------------------------------------

FIELDS = {"question": "q", "answer": "a", "case_citation": "c", "reasoning": "r"}
PLAIN = json.dumps(FIELDS)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(f"Here it is:\n```json\n{PLAIN}\n```\nHope that helps!", id="fence"),
        pytest.param(f"```json\n{PLAIN}", id="unclosed-fence"),
        pytest.param(f"Sure! {PLAIN} Anything else?", id="prose-around"),
        pytest.param(f"<think>let me {{see}}</think>{PLAIN}", id="thinking"),
        pytest.param(f"<think>a</think><reasoning>b</reasoning>{PLAIN}", id="two-blocks"),
        pytest.param(f"so I thought</think>{PLAIN}", id="orphaned-end"),
        pytest.param(f"<think>never closed {PLAIN}", id="unclosed-thinking"),
        pytest.param(json.dumps({"sample": FIELDS}), id="wrapped"),
        pytest.param(json.dumps({"samples": [FIELDS]}), id="wrapped-list"),
        pytest.param(PLAIN[:-1] + ",}", id="trailing-comma"),
        pytest.param(PLAIN.replace('"a"', '"a\n\tb"'), id="raw-control-characters"),
        pytest.param(PLAIN.replace('"', "'"), id="single-quotes"),
        pytest.param(f"[{PLAIN}]", id="list"),
    ],
)
def test_sample_is_read_out_of(text: str) -> None:
    draft = parse_answer(text)

    assert draft.question == "q"
    assert draft.answer.startswith("a")
    assert draft.reasoning == "r"


@pytest.mark.parametrize(
    "text", ["", "   ", "I cannot do that.", "{", "[]", "{}", '{"x": 1}', "null", "<think>only</think>"]
)
def test_answer_without_a_sample_is_refused(text: str) -> None:
    with pytest.raises(AnswerFormatError):
        parse_answer(text)


def test_thinking_is_kept_apart() -> None:
    draft = parse_answer(f"<think>first</think>{PLAIN}", thinking="sent apart")

    assert draft.thinking == "sent apart\n\nfirst"
    assert split_thinking("no thinking") == ("no thinking", "")
    assert split_thinking("<think>open end") == ("", "open end")


def test_lists_objects_and_numbers_become_text() -> None:
    draft = parse_answer(
        json.dumps(
            {**FIELDS, "reasoning": ["Step 1: a", "Step 2: b"], "answer": {"ISSUE": "x", "RULE": 3}, "question": None}
        )
    )

    assert draft.reasoning == "Step 1: a\nStep 2: b"
    assert draft.answer == "ISSUE: x\nRULE: 3"
    assert draft.question == ""


@given(st.text(max_size=400))
def test_any_text_gives_a_draft_or_a_clear_refusal(text: str) -> None:
    with contextlib.suppress(AnswerFormatError):
        assert isinstance(parse_answer(text), Draft)


PLAIN_TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00<`"), max_size=60)


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, PLAIN_TEXT)), st.text("abc .,:\n", max_size=30))
def test_what_is_written_as_json_is_read_back_whatever_stands_before_it(fields: dict[str, str], before: str) -> None:
    draft = parse_answer(before + json.dumps(fields))

    assert {name: getattr(draft, name) for name in FIELDS} == {name: value.strip() for name, value in fields.items()}


# --- scaffold --------------------------------------------------------------------------------

SLOTS = {
    place: {"people": ["Ada Moss"], "others": ["Bell Works"], "sums": ["100 euro"], "places": ["Lodz"]}
    for place in ("uk", "us", "eu", "international")
}
WORDS = [
    "court",
    "party",
    "duty",
    "price",
    "offer",
    "claim",
    "notice",
    "term",
    "loss",
    "risk",
    "reason",
    "fact",
    "rule",
    "time",
    "care",
]


def prose(seed: int, words: int) -> str:
    draw = random.Random(seed)
    return "The " + " of the ".join(draw.choice(WORDS) for _ in range(words // 2)) + f" number {seed}"


def obedient(system: str, question: str, schema: dict[str, object], max_tokens: int, seed: int) -> dict[str, str]:
    """Write what the schema asks for, as the engine's grammar would force it."""
    properties = schema["properties"]
    assert isinstance(properties, dict)
    fields = {}
    for place, (name, field) in enumerate(properties.items()):
        count = max(1, field["pattern"].count("\\."))
        end = "?" if field["pattern"].endswith("\\?$") else "."
        fields[name] = " ".join(f"{prose(seed * 100 + place * 10 + n, 16)}{end}" for n in range(count))
    return fields


def test_scaffold_gives_a_valid_sample_for_every_topic_type_and_level() -> None:
    scaffold = Scaffold(CATALOGUE, SLOTS)
    kinds = CATALOGUE.sample_types
    levels = CATALOGUE.difficulties
    for number, topic in enumerate(CATALOGUE.topics):
        for kind in kinds:
            level = levels[number % len(levels)]
            wanted = job(
                practice_area=topic.practice_area,
                topic=topic.topic,
                jurisdiction=topic.jurisdiction,
                sample_type=kind.id,
                difficulty=level.id,
            )
            draft = parse_answer(scaffold.draft(wanted, obedient))

            assert verdict_on(draft, wanted) is None, (topic.key, kind.id, level.id)
            cited = {authority.cite for authority in CATALOGUE.authorities_of(topic)}
            assert set(draft.case_citation.split("; ")) <= cited or "McFarlane" in draft.case_citation
            assert "Ada Moss" in draft.question


def test_scaffold_refuses_topics_that_the_catalogue_does_not_know() -> None:
    with pytest.raises(InputError, match="knows only catalogue topics"):
        Scaffold(CATALOGUE, SLOTS).draft(job(topic="Moon Mining"), obedient)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(
            "The Carlill company promised to pay the sum that it had named in public.",
            "took the name Carlill",
            id="borrowed-party",
        ),
        pytest.param("The sum is due and the sum is due and the sum is due and the sum is due.", "loop", id="loop"),
        pytest.param("A" + "b" * 240 + ".", "cut at its longest", id="cut"),
        pytest.param(
            "So the promise was made and Bell Works must not pay anything at all now.",
            "contradicted",
            id="contradiction",
        ),
        pytest.param(
            "An advertisement that shows a clear intention to be bound can be an offer to the world.",
            "copied",
            id="copied-rule",
        ),
    ],
)
def test_scaffold_refuses_usual_nonsense(text: str, fault: str) -> None:
    def stubborn(*arguments: object) -> dict[str, str]:
        fields = obedient(*arguments)  # type: ignore[arg-type]
        return dict.fromkeys(fields, text)

    with pytest.raises(AnswerFormatError, match=fault):
        Scaffold(CATALOGUE, SLOTS).draft(job(), stubborn)


def test_scaffold_writes_a_bad_part_again_and_drops_a_bad_sentence() -> None:
    calls: list[int] = []

    def careless(*arguments: object) -> dict[str, str]:
        calls.append(1)
        fields = obedient(*arguments)  # type: ignore[arg-type]
        if len(calls) == 1:
            raise AnswerFormatError("cut off")
        return {name: f"{value} {value}" for name, value in fields.items()}

    draft = parse_answer(Scaffold(CATALOGUE, SLOTS).draft(job(), careless))

    sentences = [part for part in draft.answer.replace("\n\n", " ").split(". ") if part.startswith("The ")]
    assert len(sentences) == len(set(sentences))
    assert count_words(draft.answer) >= 280


def test_scaffold_leads_a_model_that_copies_away_from_it_by_another_beginning() -> None:
    rule = "An advertisement that shows a clear intention to be bound can be an offer to the world."
    led: list[str] = []

    def copies(system: str, question: str, schema: dict[str, object], max_tokens: int, seed: int) -> dict[str, str]:
        fields = obedient(system, question, schema, max_tokens, seed)
        properties = schema["properties"]
        assert isinstance(properties, dict)
        for name, field in properties.items():
            beginning = re.match(r"\^(\w[\w ]+)\[A-Za-z\]", field["pattern"])
            if beginning:
                led.append(beginning[1])
                fields[name] = beginning[1] + fields[name]
            elif field["pattern"].startswith("^[A-Z]") and not field["pattern"].endswith("?$"):
                fields[name] = rule  # with any seed
        return fields

    draft = parse_answer(Scaffold(CATALOGUE, SLOTS).draft(job(), copies))

    assert set(led) == {"Here "}
    assert "→ Here The " in draft.reasoning
    assert count_words(draft.answer) >= 280


def test_scaffold_repeats_itself_for_the_same_seed_and_differs_by_attempt() -> None:
    scaffold = Scaffold(CATALOGUE, SLOTS)

    assert scaffold.draft(job(), obedient) == scaffold.draft(job(), obedient)
    assert scaffold.draft(job(), obedient, attempt=1) != scaffold.draft(job(), obedient)
