"""GenerationService: one sample from target to target, within its budget."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from models.contract.bodies import GenerateRequest
from models.domain import CallUsage, Job, RawAnswer
from models.schemas import Sample
from services.catalogue.catalogue import Catalogue
from services.catalogue.rows import SlotValues
from services.generation.examination import Candidate
from services.generation.guided import Guide
from services.generation.judge import Judge
from services.generation.making import Maker
from services.generation.provision.lead import ProvisionScaffold
from services.generation.scaffold import Scaffold
from services.generation_service import GenerationService, GenerationSettings, Making, Recorder, UsageRecorder
from services.llm.adapters.base import Completion, CompletionRequest
from services.llm.adapters.scripted import ScriptedProvider, Step
from services.llm.attempts import Attempts
from services.llm.single_calls import SingleCalls
from services.llm_service import Outcome, Permit, Preference, Terms
from tests.fakes import CATALOG, CATALOGUE, examiner, good_answer, scripted_llm, without_limits
from utils.cancellation import CancelToken
from utils.clock import ManualClock
from utils.errors import (
    AnswerFormatError,
    AuthenticationError,
    BadRequestError,
    CancelledError,
    GenerationError,
    InputError,
    ModelUnavailableError,
    NoTargetError,
    ProviderServerError,
    QualityError,
    RateLimitError,
)

JOB = Job("Contract Law", "Misrepresentation", "basic", "case_analysis", "uk", 5)
GROQ_ONLY = Preference("groq", allow_failover=False)
SLOTS = {
    "uk": SlotValues(men=("Abe Moss",), women=("Ada Moss",), firms=("Bell Works",), sums=("£5",), places=("Hull",))
}


def service(
    catalogue: Catalogue = CATALOGUE, **scripts: list[Step]
) -> tuple[GenerationService, dict[str, ScriptedProvider]]:
    clock = ManualClock()
    llm, made = scripted_llm(scripts, clock, catalogue=without_limits(catalogue))
    limits = GenerationSettings(wait_cap_s=0.01)
    guide = Guide(llm, Scaffold(catalogue, SLOTS), ProvisionScaffold(SLOTS), clock)
    maker = Maker(catalogue, llm, guide, examiner(), Judge(llm, CATALOG / "prompts"), clock)
    return GenerationService(catalogue, llm, maker, clock, limits, NoLog()), made


class NoLog:
    def open_call(self, target: str) -> int:
        return 1

    def used(self, usage: CallUsage, call: int) -> None:
        """Keep nothing."""

    def lose_call(self, call: int, sent: bool) -> None:
        """Keep nothing."""


class Kept:
    """Keeps the answers, and None for each that was refused."""

    def __init__(self, answers: list[RawAnswer | None]) -> None:
        self.answers = answers

    def sending(self, permit: Permit) -> None:
        """Keep nothing."""

    def answered(self, answer: RawAnswer, outcome: Outcome) -> None:
        self.answers.append(answer)

    def failed(self, error: GenerationError, outcome: Outcome) -> None:
        """Keep nothing."""

    def spent(self, outcome: Outcome) -> None:
        """Keep nothing."""

    def refused(self, answer: RawAnswer, error: GenerationError) -> None:
        self.answers.append(None)


def generate(
    generation: GenerationService,
    preference: Preference,
    tried: Attempts,
    recorder: Recorder | None = None,
    answer: RawAnswer | None = None,
) -> Sample:
    terms = Terms(max_wait_s=0.01)
    kept = recorder or UsageRecorder(SingleCalls(NoLog()))
    return generation.maker.make(Making(JOB, preference, None, terms, kept, tried, answer))


def test_sample_names_who_wrote_it_and_how_it_came_about() -> None:
    generation, made = service(groq=[ModelUnavailableError("gone", status=404), good_answer])
    tried = Attempts(3)

    sample = generate(generation, Preference(), tried)

    assert (sample.provider, sample.model) == ("groq", "openai/gpt-oss-20b")
    assert sample.id.startswith("groq_")
    assert (sample.topic, sample.difficulty, sample.sample_type) == (JOB.topic_key, "basic", "case_analysis")
    assert json.loads(sample.failover_chain or "") == [
        "groq/openai/gpt-oss-120b: model_unavailable",
        "groq/openai/gpt-oss-20b: answered",
    ]
    assert (tried.calls, len(tried.failures)) == (2, 1)
    assert len(sample.prompt_hash or "") == 64
    assert made["groq"].requests[1].schema


@pytest.mark.parametrize(
    ("thinking", "tokens", "thought_s", "source"),
    [
        ("I weigh.", 40, 1.2344, {"reasoning_tokens": 40, "duration_ms": 1234}),
        ("I weigh.", None, None, {"reasoning_tokens": None, "duration_ms": None}),
        ("", 40, None, {"reasoning_tokens": 40, "duration_ms": None}),
        ("", None, None, None),
    ],
)
def test_sample_says_whose_thinking_it_keeps(
    thinking: str, tokens: int | None, thought_s: float | None, source: dict[str, object] | None
) -> None:
    text = good_answer(CompletionRequest("m", service(groq=[])[0].maker.prompt(JOB)[0].messages))
    answer = Completion(text, thinking, "m", 1, 2, "stop", {}, reasoning_tokens=tokens, thought_s=thought_s)
    generation, _ = service(groq=[answer])

    sample = generate(generation, Preference(), Attempts(1))

    told = json.loads(sample.thinking_source) if sample.thinking_source else None
    assert told == (source and {"provider": "groq", "model": sample.model, **source})
    assert sample.thinking == (thinking or None)


@pytest.mark.parametrize(("asked", "made_for"), [(None, "us"), ("uk", "uk")])
def test_sample_is_for_the_default_jurisdiction_unless_another_is_asked_for(asked: str | None, made_for: str) -> None:
    generation, _ = service(CATALOGUE.with_default_jurisdiction("us"), groq=[good_answer])

    sample, _, _, failure = generation.generate_single_sample(
        "Contract Law", "Formation", "basic", provider="groq", jurisdiction=asked
    )

    assert failure is None
    assert sample is not None
    assert sample["jurisdiction"] == made_for


def test_refused_draft_is_written_again_with_the_reason() -> None:
    generation, made = service(
        groq=[json.dumps({"question": "q", "answer": "a", "case_citation": "c", "reasoning": "r"}), good_answer]
    )

    generate(generation, Preference(), Attempts(3))

    assert "reasoning steps: got 0" in made["groq"].requests[1].messages[0]["content"]


def test_budget_of_three_tries_ends_with_the_last_reason() -> None:
    generation, made = service(groq=["no json at all"])
    tried = Attempts(3)

    with pytest.raises(AnswerFormatError, match="no JSON object"):
        generate(generation, Preference(), tried)

    assert len(made["groq"].requests) == tried.calls == 3
    assert tried.tokens > 0


def test_answer_is_kept_before_it_is_read_and_a_kept_one_is_not_asked_for_again() -> None:
    generation, made = service(groq=[good_answer])
    kept: list[RawAnswer | None] = []
    generate(generation, Preference(), Attempts(3), Kept(kept))

    again = generate(generation, Preference(), Attempts(3), answer=kept[0])

    assert again.answer
    assert len(made["groq"].requests) == 1


def test_refused_draft_before_a_closed_provider_ends_the_try_instead_of_looping() -> None:
    generation, made = service(groq=["no json", RateLimitError("slow", retry_after_s=600, status=429)])
    tried = Attempts(3)
    kept: list[RawAnswer | None] = []

    with pytest.raises(RateLimitError):
        generate(generation, Preference("groq", allow_failover=False), tried, Kept(kept))
    with pytest.raises(NoTargetError):
        generate(generation, Preference("groq", allow_failover=False), Attempts(3))

    assert len(made["groq"].requests) == 2
    assert kept[-1] is None


def test_odd_characters_and_depth_of_an_answer_are_refused_or_mended() -> None:
    generation, _ = service(groq=["x"])
    deep = '{"question": ' + "[" * 2000 + "]" * 2000 + ', "answer": "a"}'

    with pytest.raises((AnswerFormatError, QualityError)):
        generation.maker.examine(JOB, RawAnswer(deep, "groq", "m", 1))
    with pytest.raises(QualityError):
        generation.maker.examine(JOB, RawAnswer('{"question": "\\ud83d", "answer": "a"}', "groq", "m", 1))


def test_bad_request_never_goes_to_the_same_model_twice() -> None:
    generation, made = service(groq=[BadRequestError("context length", status=400)])

    with pytest.raises(BadRequestError):
        generate(generation, Preference("groq", allow_failover=False), Attempts(3))

    assert len(made["groq"].requests) == 1


def test_passing_fault_of_the_only_target_is_tried_again() -> None:
    generation, made = service(groq=[ProviderServerError("500", status=500), good_answer])

    sample = generate(generation, Preference("groq", allow_failover=False), Attempts(3))

    assert sample.provider == "groq"
    assert len(made["groq"].requests) == 2


def test_refused_key_everywhere_says_why() -> None:
    generation, _ = service(groq=[AuthenticationError("bad key", status=401)])

    with pytest.raises(AuthenticationError, match="bad key"):
        generate(generation, Preference(), Attempts(3))
    with pytest.raises(NoTargetError, match="authentication"):
        generate(generation, Preference(), Attempts(3))


def test_cancelled_wait_ends_the_sample() -> None:
    generation, _ = service(groq=[good_answer])
    generation._llm.router.record_failure(generation._llm.targets(GROQ_ONLY)[0], RateLimitError("x", retry_after_s=60))
    cancel = CancelToken()
    cancel.cancel()

    with pytest.raises(CancelledError):
        generation.maker.make(Making(JOB, GROQ_ONLY, None, Terms(waiting=cancel), Kept([]), Attempts(3)))


def test_small_model_is_led_and_its_calls_are_one_try() -> None:
    def part(request: CompletionRequest) -> str:
        assert request.schema
        number = part.calls = getattr(part, "calls", 0) + 1  # type: ignore[attr-defined]
        fields = {}
        for name, field in request.schema["properties"].items():  # type: ignore[attr-defined]  # JSON
            end = "?" if field["pattern"].endswith("\\?$") else "."
            count = max(1, field["pattern"].count("\\."))
            words = "the party that gave its word had every reason to keep it in view of what was said"
            fields[name] = " ".join(f"In point {number} {name} {n} {words}{end}" for n in range(count))
        return json.dumps(fields)

    generation, made = service(local=[part])
    tried = Attempts(3)

    sample = generate(generation, Preference("local"), tried)

    assert (sample.provider, sample.model, tried.calls) == ("local", "qwen2.5-coder-1.5b-instruct", 1)
    assert len(made["local"].requests) > 5
    assert "Misrepresentation Act 1967" in sample.case_citation
    assert sample.tokens_used == tried.tokens


def test_broken_answer_of_the_engine_is_asked_for_again_until_the_part_fails() -> None:
    generation, _ = service(local=["no json"])

    with pytest.raises(AnswerFormatError, match="stayed unusable"):
        generate(generation, Preference("local"), Attempts(3))


def test_single_sample_comes_as_a_tuple() -> None:
    generation, _ = service(groq=[good_answer])

    sample, tokens, elapsed_s, error = generation.generate_single_sample(
        "Tort Law", "Nuisance", "basic", batch_id="b", sample_type="balance", counter=1
    )

    assert sample
    assert (sample["batch_id"], sample["sample_type"], error) == ("b", "educational", None)
    assert tokens > 0
    assert elapsed_s >= 0


def test_single_sample_that_fails_says_so_in_the_tuple() -> None:
    generation, _ = service(groq=["nothing"])

    sample, _, _, error = generation.generate_single_sample("Tort Law", "Nuisance", "basic")

    assert sample is None
    assert error
    assert error.startswith("[json_error] ")


def test_unknown_names_are_refused_before_anything_is_asked() -> None:
    generation, made = service(groq=[good_answer])

    for change in ({"difficulty": "hard"}, {"sample_type": "poem"}, {"jurisdiction": "moon"}, {"provider": "acme"}):
        with pytest.raises(InputError):
            generation.make(GenerateRequest(**change))

    assert made["groq"].requests == []


def test_next_model_and_provider_follow_the_order_and_skip_the_failed() -> None:
    generation, _ = service(groq=["x"], cerebras=["x"])

    assert generation.get_next_model("openai/gpt-oss-120b", [], "groq") == "openai/gpt-oss-20b"
    assert generation.get_next_model("unknown", ["openai/gpt-oss-120b"], "groq") == "openai/gpt-oss-20b"
    assert generation.get_next_model("x", [], "nobody") is None
    assert generation.get_next_provider_and_model("groq", "openai/gpt-oss-120b", {}) == ("groq", "openai/gpt-oss-20b")
    failed = {"groq": ["openai/gpt-oss-20b", "qwen/qwen3.8-27b"]}
    assert generation.get_next_provider_and_model("groq", "openai/gpt-oss-120b", failed) == ("cerebras", "gpt-oss-120b")
    gone = {**failed, "cerebras": ["gpt-oss-120b", "qwen-3.8-27b"]}
    assert generation.get_next_provider_and_model("groq", "openai/gpt-oss-120b", gone) == (None, None)


def test_quality_error_carries_who_wrote_the_draft() -> None:
    generation, _ = service(groq=["x"])
    answer = RawAnswer(
        json.dumps({"question": "q", "answer": "", "case_citation": "c", "reasoning": "r"}), "groq", "m", 1
    )

    with pytest.raises(QualityError) as caught:
        generation.maker.examine(JOB, answer)

    assert (caught.value.provider, caught.value.model, caught.value.labelled()) == (
        "groq",
        "m",
        "[quality_error] empty fields: answer",
    )


def test_few_answers_are_examined_at_a_time_and_all_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    generation, _ = service(groq=[])
    answer = RawAnswer(good_answer(CompletionRequest("m", generation.maker.prompt(JOB)[0].messages)), "groq", "m", 1)
    counting = threading.Lock()
    full = threading.Barrier(2)
    inside, most = 0, 0
    examination = generation.maker._examination
    real = examination._examined

    def slowly(job: Job, raw: RawAnswer, is_judged: bool) -> Candidate:
        nonlocal inside, most
        with counting:
            inside += 1
            most = max(most, inside)
        full.wait()  # nobody leaves before a second one came
        try:
            return real(job, raw, is_judged)
        finally:
            with counting:
                inside -= 1

    monkeypatch.setattr(examination, "_examined", slowly)
    with ThreadPoolExecutor(8) as crowd:
        made = list(crowd.map(lambda _: generation.maker.examine(JOB, answer), range(8)))

    assert most == 2
    assert len(made) == 8
