"""Prompts and the scaffold."""

import random
import re

import pytest

from models.domain import Job
from services.catalogue.catalogue import load_catalogue
from services.catalogue.rows import SlotValues
from services.drafts.parser import parse_answer
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


# --- scaffold --------------------------------------------------------------------------------

SLOTS = {
    place: SlotValues(
        men=("Abe Moss",), women=("Ada Moss",), firms=("Bell Works",), sums=("100 euro",), places=("Lodz",)
    )
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
        assert "\\" not in field["pattern"]  # llama-cpp-python's server would end
        count = max(1, field["pattern"].count("[.]"))
        end = "?" if field["pattern"].endswith("[?]$") else "."
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
            assert "Moss" in draft.question


def test_scaffold_refuses_topics_that_the_catalogue_does_not_know() -> None:
    with pytest.raises(InputError, match="knows only catalogue topics"):
        Scaffold(CATALOGUE, SLOTS).draft(job(topic="Moon Mining"), obedient)


def test_scaffold_says_what_a_jurisdiction_without_names_lacks() -> None:
    with pytest.raises(InputError, match=r"add \[uk\] to prompts/slots\.toml"):
        Scaffold(CATALOGUE, {}).draft(job(), obedient)


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
            elif field["pattern"].startswith("^[A-Z]") and not field["pattern"].endswith("[?]$"):
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
