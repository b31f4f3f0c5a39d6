"""The form of a batch: what the contract gets of it, and where its faults are told."""

import pytest

from models.contract.answers.catalogue import TopicRow
from models.contract.bodies import BatchRequest
from models.fields import validated
from utils.errors import InputError
from web.parts.batch_form import (
    Fault,
    Filled,
    body_of,
    faults_in,
    first_filled,
    topic_choices,
    usual_writer,
    writer_choices,
)

UK: TopicRow = {"practice_area": "Tort Law", "topic": "Nuisance", "difficulty": "basic", "jurisdiction": "uk"}
US: TopicRow = {**UK, "jurisdiction": "us"}


def filled(**fields: str | list[str]) -> Filled:
    given = {"count": "20", "counted": "new", "writer": "auto", "allow_failover": "true", **fields}
    return Filled({name.replace("__", "-"): [text] if isinstance(text, str) else text for name, text in given.items()})


def request_of(**fields: str | list[str]) -> BatchRequest:
    return validated(BatchRequest, body_of(filled(**fields)))


def test_form_as_it_is_first_shown_is_a_request_for_twenty_of_everybody() -> None:
    body = validated(BatchRequest, body_of(first_filled({}, "auto", [UK])))

    assert (body.count, body.target_count, body.provider, body.allow_failover) == (20, None, "auto", True)
    assert (body.topic, body.judge, body.mix, body.max_cost_usd, body.use_rag) == (None, None, None, None, False)


def test_every_field_reaches_the_contract() -> None:
    body = request_of(
        jurisdiction="uk",
        topic="uk:Tort Law - Nuisance",
        difficulty="basic",
        sample_type="simple_qa",
        writer="groq/openai/gpt-oss-120b",
        judge="cerebras/gpt-oss-120b",
        judge_min_score="0.7",
        reasoning_instruction="Mind <b>limitation</b>",
        use_rag="true",
        file_ids=["d1", "d2"],
        fill_gaps="true",
        smart_mode="true",
        max_cost_usd="1.5",
        max_tokens_total="1000",
        max_minutes="3",
        seed="7",
        providers=["groq", "cerebras"],
        models=["m"],
        weight__groq="2",
        mix__level__basic="1",
        mix__kind__simple_qa="3",
    )

    assert (body.jurisdiction, body.topic) == ("uk", "Tort Law - Nuisance")
    assert (body.provider, body.model) == ("groq", "openai/gpt-oss-120b")
    assert body.judge is not None
    assert (body.judge.provider, body.judge.model, body.judge.min_score) == ("cerebras", "gpt-oss-120b", 0.7)
    assert (body.use_rag, body.file_ids, body.fill_gaps, body.smart_mode) == (True, ("d1", "d2"), True, True)
    assert (body.max_cost_usd, body.max_tokens_total, body.max_minutes, body.seed) == (1.5, 1000, 3.0, 7)
    assert (body.providers, body.models, body.weights) == (("groq", "cerebras"), ("m",), {"groq": 2.0})
    assert body.mix is not None
    assert (body.mix.difficulties, body.mix.sample_types) == ({"basic": 1.0}, {"simple_qa": 3.0})


def test_box_that_is_not_ticked_is_off() -> None:
    assert request_of(allow_failover="").allow_failover is False


def test_size_of_the_data_set_may_be_asked_for_instead_of_new_samples() -> None:
    body = request_of(counted="total", count="500")

    assert (body.count, body.target_count) == (None, 500)


def test_empty_number_of_samples_is_a_fault_and_not_the_services_own() -> None:
    with pytest.raises(InputError, match="count: got '', want a whole number"):
        request_of(count=" ")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        pytest.param(
            {"jurisdiction": "us", "topic": "uk:Tort Law - Nuisance"}, "another jurisdiction", id="of another"
        ),
        pytest.param({"topic": "uk:Tort Law - Nuisance", "own_topic": "A - B"}, "chosen and written", id="two topics"),
    ],
)
def test_contradiction_is_told(fields: dict[str, str | list[str]], told: str) -> None:
    with pytest.raises(InputError, match=told):
        request_of(**fields)


def test_own_topic_is_taken_as_it_is_written() -> None:
    assert request_of(own_topic="Space Law - Debris: whose?").topic == "Space Law - Debris: whose?"


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        pytest.param({"topic": ["Tort Law - Nuisance"]}, "uk:Tort Law - Nuisance", id="first of the name"),
        pytest.param(
            {"topic": ["Tort Law - Nuisance"], "jurisdiction": ["us"]}, "us:Tort Law - Nuisance", id="of a jurisdiction"
        ),
        pytest.param({"topic": ["us:Tort Law - Nuisance"]}, "us:Tort Law - Nuisance", id="as the chooser has it"),
        pytest.param({"topic": ["No - Such"]}, "No - Such", id="unknown"),
    ],
)
def test_address_may_name_a_topic(asked: dict[str, list[str]], chosen: str) -> None:
    assert first_filled(asked, "auto", [UK, US]).one("topic") == chosen


def test_faults_are_told_at_their_controls() -> None:
    with pytest.raises(InputError) as raised:
        request_of(count="x", max_cost_usd="0", judge="groq", judge_min_score="2")

    found = faults_in(str(raised.value))

    assert [fault.control for fault in found] == ["count", "judge_min_score", "max_cost_usd"]
    assert found[0] == Fault("count", "How many samples", "got 'x', want a whole number")


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        pytest.param(
            "use_rag: no document is ready; upload one (POST /api/files/upload) or wait until it is read",
            Fault("use_rag", "Use documents", "no document is ready; upload one or wait until it is read"),
            id="words for callers of the API are left out",
        ),
        pytest.param(
            "4 batch generations are already running; model: wait",
            Fault("", "", "4 batch generations are already running; model: wait"),
            id="of no field",
        ),
        pytest.param(
            "Target count (5) must be greater than current samples (7)",
            Fault("count", "How many samples", "(5) must be greater than current samples (7)"),
            id="target",
        ),
    ],
)
def test_message_of_a_service_is_told_where_it_belongs(message: str, fault: Fault) -> None:
    assert faults_in(message)[0] == fault


def test_choosers_are_grouped() -> None:
    provider = {"id": "groq", "name": "Groq"}
    model = {"id": "openai/x", "name": "openai/x", "provider": "groq"}

    topics = topic_choices([UK, US], [{"id": "uk", "name": "United Kingdom"}])  # type: ignore[typeddict-item]  # no more is read
    writers = writer_choices([provider], [model])  # type: ignore[list-item]  # no more is read

    assert [group.label for group in topics] == ["United Kingdom: Tort Law", "us: Tort Law"]
    assert [value for value, _ in writers[0].options] == ["groq", "groq/openai/x"]


@pytest.mark.parametrize(("ids", "writer"), [(["local"], "local"), (["local", "groq"], "auto"), (["groq"], "auto")])
def test_embedded_model_writes_where_no_provider_is_set_up(ids: list[str], writer: str) -> None:
    rows = [{"id": name} for name in ids]

    assert usual_writer(rows) == writer  # type: ignore[arg-type]  # no more is read


def test_rare_fields_are_shown_once_one_of_them_is_filled_in() -> None:
    assert not filled().has_more
    assert filled(allow_failover="").has_more
    assert filled(mix__level__basic="2").has_more
