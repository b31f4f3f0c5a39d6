"""The catalogue as shipped, and what is said about a broken one."""

import re
import shutil
from pathlib import Path

import pytest
from pydantic import BaseModel

from services.catalogue.catalogue import load_catalogue
from services.catalogue.files import read_tables
from services.catalogue.rows import ChatPrompt, ModelInfo, SlotValues
from services.drafts.text import headings
from tests.fakes import CATALOG, CATALOGUE, CHECKER
from utils.errors import ConfigurationError, InputError


def test_catalogue_holds_what_the_contract_lists() -> None:
    by_jurisdiction = {row.id: len(CATALOGUE.topics_of(row.id)) for row in CATALOGUE.jurisdictions}

    assert set(by_jurisdiction) == {"uk", "us", "eu", "international"}
    assert min(by_jurisdiction.values()) > 0
    assert len(CATALOGUE.topics_of(None)) == sum(by_jurisdiction.values())
    assert {"case_analysis", "educational", "client_interaction", "statutory_interpretation"} <= {
        kind.id for kind in CATALOGUE.sample_types
    }
    assert [level.id for level in CATALOGUE.difficulties] == [
        "foundational",
        "basic",
        "intermediate",
        "advanced",
        "expert",
    ]
    assert {kind.id: kind.mix_percent for kind in CATALOGUE.core_types} == {
        "case_analysis": 40,
        "educational": 30,
        "client_interaction": 20,
        "statutory_interpretation": 10,
    }


def test_every_topic_has_three_authorities_that_read_as_citations() -> None:
    for topic in CATALOGUE.topics:
        authorities = CATALOGUE.authorities_of(topic)

        assert len(authorities) >= 3, topic.key
        assert all(len(CHECKER.extractor.extract(authority.cite)) == 1 for authority in authorities), topic.key


def test_facts_of_every_topic_name_both_parties() -> None:
    for topic in CATALOGUE.topics:
        assert "{a}" in topic.facts, topic.key
        assert "{b}" in topic.facts, topic.key
        topic.facts.format(a="A", b="B", sum="1", place="C")
        topic.outcome.format(a="A", b="B", sum="1", place="C")


def test_keywords_that_the_validator_counts_stand_in_the_headings_that_the_prompt_asks_for() -> None:
    for kind in CATALOGUE.sample_types:
        written = headings("\n\n".join(f"{part.heading}: text" for part in kind.parts))
        titles = " ".join(written).casefold()
        found = [key for key in kind.counted if key.rstrip(":").casefold() in titles]

        assert len(found) >= kind.min_counted, kind.id


def test_default_model_of_every_provider_is_alive() -> None:
    for provider in CATALOGUE.providers:
        models = {model.id: model for model in CATALOGUE.models_of(provider.id)}

        assert not models[provider.default_model].retired


def test_replacements_of_dead_models_are_not_dead_themselves() -> None:
    dead = {(model.provider, model.id) for model in CATALOGUE.models if model.retired}

    assert all((model.provider, model.replacement) not in dead for model in CATALOGUE.models if model.replacement)


# Names that say that a model sees.
_SEES = re.compile(r"vision|(?:^|[-/])vl(?:[-:]|$)|gpt-4o|gpt-4\.1|gemini|claude|pixtral|llava|llama-4|qwen-?3\.\d")


def test_every_model_says_where_it_is_known_from_what_it_can_do() -> None:
    for model in CATALOGUE.models:
        told = (model.supports_cot, model.supports_vision)

        assert len(model.evidence) > 20, model.id
        assert None not in told or "not known" in model.evidence, model.id


@pytest.mark.parametrize("model", [row for row in CATALOGUE.models if _SEES.search(row.id)], ids=lambda row: row.id)
def test_model_whose_name_says_that_it_sees_does_or_says_why_not(model: ModelInfo) -> None:
    assert model.supports_vision or "images is not known" in model.evidence


@pytest.mark.parametrize(
    ("method", "name"), [("difficulty", "hard"), ("sample_type", "poem"), ("jurisdiction", "moon")]
)
def test_unknown_name_lists_the_known_ones(method: str, name: str) -> None:
    with pytest.raises(InputError, match=f"got '{name}', want one of "):
        getattr(CATALOGUE, method)(name)


def test_topic_of_the_callers_own_is_made_up_without_facts() -> None:
    topic = CATALOGUE.topic("Space Law", "Moon Mining", "international")

    assert (topic.key, topic.facts) == ("Space Law - Moon Mining", "")


def test_short_types_set_limits_of_their_own() -> None:
    limits = CATALOGUE.requirements(CATALOGUE.sample_type("simple_qa"), CATALOGUE.difficulty("expert"))

    assert (limits.min_words, limits.max_words, limits.min_citations) == (50, 100, 1)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CATALOG, tmp_path / "catalog"))


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        pytest.param(
            "topics/uk.toml", 'difficulty = "intermediate"', "difficulty = 3", r"uk\.toml:8: difficulty", id="type"
        ),
        pytest.param(
            "topics/uk.toml", 'practice_area = "Contract Law"', "practice_area = ", r"uk\.toml:6", id="syntax"
        ),
        pytest.param(
            "topics/uk.toml", 'difficulty = "basic"', 'difficulty = "easy"', "unknown difficulty easy", id="level"
        ),
        pytest.param("topics/us.toml", 'jurisdiction = "us"', "", r"us\.toml:1: no jurisdiction", id="no-jurisdiction"),
        pytest.param(
            "difficulties.toml",
            "[[difficulty]]",
            "[[level]]",
            r"difficulties\.toml:1: no \[\[difficulty\]\]",
            id="no-table",
        ),
        pytest.param("models.toml", 'provider = "groq"', 'provider = "grok"', "unknown provider grok", id="provider"),
        pytest.param(
            "providers.toml",
            'default_model = "gpt-oss-120b"',
            'default_model = "x"',
            "default_model x is not in",
            id="model",
        ),
        pytest.param(
            "authorities/uk.toml",
            "Contract Law - Formation of Contracts",
            "No - Such",
            "unknown topic No - Such",
            id="authority",
        ),
        pytest.param(
            "sample_types/case_analysis.md",
            "order = 1",
            'order = "x"',
            r"case_analysis\.md:2: order",
            id="front-matter",
        ),
        pytest.param(
            "sample_types/case_analysis.md",
            "+++\norder",
            "order",
            r"case_analysis\.md:1: no front matter",
            id="no-front-matter",
        ),
        pytest.param(
            "sample_types/case_analysis.md", "min_counted = 3", "min_counted = 9", "want at most 4", id="counted"
        ),
        pytest.param(
            "sample_types/case_analysis.md", 'heading = "RULE"\n', "", "every part needs a heading", id="heading"
        ),
        pytest.param("jurisdictions.toml", 'id = "us"', 'id = "usa"', "unknown jurisdiction", id="jurisdiction"),
    ],
)
def test_fault_is_reported_with_file_and_line(broken: Path, file: str, old: str, new: str, says: str) -> None:
    path = broken / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))

    with pytest.raises(ConfigurationError, match=says):
        load_catalogue(broken)


@pytest.mark.parametrize(
    ("file", "model", "old", "new", "says"),
    [
        pytest.param(
            "chat.toml", ChatPrompt, 'name = "Tort law expert"', "", r"\d+: name: Field required", id="no-name"
        ),
        pytest.param("chat.toml", ChatPrompt, 'name = "Tort law expert"', "name = 7", r"\d+: name: ", id="no-text"),
        pytest.param("chat.toml", ChatPrompt, "[legal_assistant]", "x = 1\n[a]", r"chat\.toml:1: ", id="no-table"),
        pytest.param("slots.toml", SlotValues, "sums = [", "amounts = [", r"slots\.toml:\d+: sums: ", id="no-sums"),
        pytest.param("slots.toml", SlotValues, "[uk]", "[uk", r"slots\.toml:3: ", id="syntax"),
    ],
)
def test_fault_of_a_named_table_is_reported_with_file_and_line(
    broken: Path, file: str, model: type[BaseModel], old: str, new: str, says: str
) -> None:
    path = broken / "prompts" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))

    with pytest.raises(ConfigurationError, match=says):
        read_tables(path, model)


def test_line_of_a_fault_is_that_of_its_own_table(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text('[one]\nname = "One"\nprompt = "x"\n\n[two]\nname = 2\nprompt = "y"\n\n[three]\nprompt = "z"\n')
    with pytest.raises(ConfigurationError, match=r"chat\.toml:6: name: "):
        read_tables(path, ChatPrompt)

    path.write_text(path.read_text().replace("= 2", '= "Two"'))
    with pytest.raises(ConfigurationError, match=r"chat\.toml:9: name: Field required"):
        read_tables(path, ChatPrompt)


def test_missing_files_and_doubled_topics_are_reported(broken: Path) -> None:
    text = (broken / "topics" / "eu.toml").read_text()
    block = text[text.index("[[topic]]") : text.index("[[topic]]", text.index("[[topic]]") + 5)]
    (broken / "topics" / "eu.toml").write_text(text + "\n" + block)
    with pytest.raises(ConfigurationError, match="stands twice"):
        load_catalogue(broken)

    (broken / "providers.toml").unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_catalogue(broken)
    with pytest.raises(ConfigurationError, match="check CATALOG_DIR"):
        load_catalogue_without_topics(broken)


def load_catalogue_without_topics(folder: Path) -> None:
    shutil.copy(CATALOG / "providers.toml", folder)
    shutil.rmtree(folder / "topics")
    load_catalogue(folder)


def test_embedded_provider_serves_the_model_that_was_chosen() -> None:
    changed = CATALOGUE.with_local_model("my-model")
    provider = changed.provider("local")

    assert provider
    assert provider.default_model == "my-model"
    assert [model.id for model in changed.models_of("local")] == ["my-model"]
    assert CATALOGUE.with_local_model("qwen2.5-coder-1.5b-instruct") is CATALOGUE
