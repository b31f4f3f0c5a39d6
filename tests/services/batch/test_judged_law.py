"""A judge of what grounded drafts say of the law: both ways, its money, its silence, and restarts."""

import io
import itertools
import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from bootstrap import Service
from models.contract.answers.base import StoredSample
from models.contract.arguments import DocumentsArguments
from models.contract.bodies import BatchRequest, GenerateRequest
from models.samples.sample_query import SampleQuery
from services.grounding.document_service import Told
from services.llm.adapters.base import CompletionRequest
from tests.fakes import Start, judgement_for, run
from tests.patience import PATIENCE_S
from tests.vendors.moorings import ACT, CONTRADICTED, DOUBTED, MISQUOTED, MISSED, REFUSED, SOUND, TITLE, Drafts
from tests.vendors.writer import NO_VERDICTS, claims_in
from utils.errors import ConfigurationError, InputError, StorageError

WANTED: dict[str, Any] = {
    "provider": "groq",
    "jurisdiction": "uk",
    "use_rag": True,
    "difficulty": "basic",
    "topic": "Administrative Law - Licence of a Harbour Master",
    "sample_type": "simple_qa",
    "allow_failover": False,
    "judge": {"provider": "cerebras"},
}
OF_PARTY = {
    "verdict": "contradicted",
    "reason": "party",
    "words": "owner of a vessel must pay",
    "why": "The owner pays.",
}


class JudgeOfLaw:
    """Gives *verdicts* on claims by words in them, and remembers which claims it was asked about."""

    def __init__(self, verdicts: Mapping[str, Mapping[str, str]] = NO_VERDICTS) -> None:
        self._verdicts = verdicts
        self.asked: list[list[str]] = []

    def __call__(self, request: CompletionRequest) -> str:
        self.asked.append([one["claim"] for one in claims_in(request.messages[-1]["content"])])
        return judgement_for(request, 4, self._verdicts)


def silent(_request: CompletionRequest) -> str:
    return "I would rather not say."


def service(start: Start, drafts: Drafts, judge: Any, act: str = ACT) -> Service:
    def author(request: CompletionRequest) -> str:
        return drafts(request.messages[-1]["content"], 0)

    platform = start({"groq": [author], "cerebras": [judge]}, max_workers=1, retry_after_cap_s=0)
    if not platform.documents.some(DocumentsArguments())[1]:
        made = platform.documents.upload(io.BytesIO(act.encode()), Told("act.txt", "own", "uk", TITLE))
        platform.documents.wait(made.id, PATIENCE_S)
    return platform


def stored(platform: Service) -> list[StoredSample]:
    return list(platform.dataset.find(SampleQuery())[1])


def calls(platform: Service, batch_id: str | None) -> dict[str, int]:
    return {row["provider"]: row["calls"] for row in platform.stores.tables.usage.summary(["provider"], "", batch_id)}


def doubts(row: StoredSample) -> list[str]:
    return [issue for issue in json.loads(row["quality_issues"] or "[]") if issue.startswith("grounding ")]


@pytest.mark.parametrize("sentence", [DOUBTED, REFUSED], ids=["doubted", "refused"])
def test_what_the_judge_finds_supported_is_neither_doubted_nor_refused(start: Start, sentence: str) -> None:
    judge = JudgeOfLaw()
    platform = service(start, Drafts(sentence), judge)

    batch = run(platform, count=1, **WANTED)

    row = stored(platform)[0]
    judgement = json.loads(row["judgement"] or "")
    assert (batch["progress"], doubts(row), row["grounding"], row["judge_score"]) == (1, [], "grounded", 0.75)
    assert [source["number"] for source in json.loads(row["sources"] or "")] == ["3"]
    assert [one["verdict"] for one in judgement["claims"]] == ["supported"]
    assert judgement["claims"][0]["provisions"] == [f"{TITLE}, s 3 (Fees)"]
    assert judgement["judge"] == "cerebras/gpt-oss-120b"
    assert calls(platform, batch["batch_id"]) == {"groq": 1, "cerebras": 1}


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        pytest.param(CONTRADICTED, "master must bear", id="doubted"),
        pytest.param(MISSED, "court may order", id="missed"),
        pytest.param(REFUSED, "900 pounds", id="refused"),
    ],
)
def test_what_the_judge_finds_false_is_refused_and_told_to_the_next_draft(
    start: Start, sentence: str, words: str
) -> None:
    drafts, judge = Drafts(sentence, SOUND), JudgeOfLaw({words: OF_PARTY})
    platform = service(start, drafts, judge)

    batch = run(platform, count=1, **WANTED)

    assert [row["judge_score"] for row in stored(platform)] == [0.75]
    assert drafts.told[0].startswith("grounding party: The owner pays")
    assert "(judge cerebras/gpt-oss-120b)" in drafts.told[0]
    assert ('; the provision says "owner of a vessel must pay"' in drafts.told[0]) == (", s 3," in sentence)
    assert "How does the law decide the matter of lot 1?" in drafts.told[0]
    assert calls(platform, batch["batch_id"]) == {"groq": 2, "cerebras": 2}
    assert platform.quality.report()["grounding"]["misgrounding"]["refused"] == {"party": 1}


def test_a_fact_refuses_a_draft_before_anybody_is_paid_to_judge_it(start: Start) -> None:
    drafts, judge = Drafts(MISQUOTED, SOUND), JudgeOfLaw()
    platform = service(start, drafts, judge)

    run(platform, count=1, **WANTED)

    assert drafts.told[0].startswith("grounding quotation: ")
    assert len(judge.asked) == 1


def test_a_claim_that_the_judge_leaves_undecided_is_left_to_the_rules(start: Start) -> None:
    judge = JudgeOfLaw({"whoever owns": {"verdict": "undecided"}})
    platform = service(start, Drafts(f"{SOUND} {DOUBTED}"), judge)

    run(platform, count=1, **WANTED)

    row = stored(platform)[0]
    assert (len(doubts(row)), row["grounding"], row["judge_score"]) == (1, "partly", 0.75)


def test_by_a_judge_that_cannot_be_read_the_rules_decide_and_the_sample_says_so(start: Start) -> None:
    drafts = Drafts(REFUSED, f"{SOUND} {DOUBTED}")
    platform = service(start, drafts, silent)

    batch = run(platform, count=1, **WANTED)

    row = stored(platform)[0]
    assert drafts.told[0].startswith("grounding number: ")
    assert "(not judged: [json_error] " in drafts.told[0]
    assert (len(doubts(row)), row["grounding"], row["judgement"]) == (1, "partly", None)
    assert "not judged: [json_error] " in str(row["quality_issues"])
    assert calls(platform, batch["batch_id"]) == {"groq": 2, "cerebras": 6}


def test_answer_without_a_verdict_on_each_claim_is_asked_for_again(start: Start) -> None:
    tries = itertools.count()

    def forgetful(request: CompletionRequest) -> str:
        said = json.loads(judgement_for(request, 4))
        return json.dumps({**said, "claims": []} if next(tries) == 0 else said)

    platform = service(start, Drafts(DOUBTED), forgetful)

    batch = run(platform, count=1, **WANTED)

    assert (stored(platform)[0]["judge_score"], doubts(stored(platform)[0])) == (0.75, [])
    assert calls(platform, batch["batch_id"]) == {"groq": 1, "cerebras": 2}


def test_judge_whose_call_the_budget_has_no_room_for_is_not_asked(start: Start) -> None:
    judge = JudgeOfLaw()
    berths = "\n".join(
        f"({number}) Berth {number} lies between the piers {number} and {number + 1}." for number in range(2, 500)
    )
    # The judge is shown more of a long provision than the writer.
    platform = service(start, Drafts(f"{SOUND} {DOUBTED}"), judge, act=f"{ACT}\n{berths}\n")

    batch = run(platform, count=1, max_tokens_total=6_500, **WANTED)

    row = stored(platform)[0]
    assert (batch["status"], batch["total_tokens"] <= 6_500, judge.asked) == ("completed", True, [])
    assert "not judged: [budget_spent] budget of the batch reached" in str(row["quality_issues"])
    assert (len(doubts(row)), row["grounding"], row["judgement"]) == (1, "partly", None)


def test_calls_to_the_judge_count_for_the_budget_of_the_batch(start: Start) -> None:
    platform = service(start, Drafts(f"{SOUND} {DOUBTED}"), JudgeOfLaw())

    batch = run(platform, count=200, max_tokens_total=12_000, max_cost_usd=1, **WANTED)

    used = platform.stores.tables.usage.summary(["provider"], "", str(batch["batch_id"]))
    assert batch["status"] == "stopped"
    assert "budget of the batch reached" in str(batch["reason"])
    assert {row["provider"] for row in used} == {"groq", "cerebras"}
    assert batch["total_tokens"] == sum(row["total_tokens"] for row in used) <= 12_000
    assert batch["cost_usd"] == pytest.approx(sum(row["priced_usd"] for row in used))
    assert all(row["priced_usd"] > 0 for row in used)


def test_its_verdict_is_not_paid_for_twice_over_an_end_of_the_process(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts, judge, ruled = Drafts(REFUSED), JudgeOfLaw(), threading.Event()
    first = service(start, drafts, judge)

    def refused(*_arguments: Any) -> int:
        ruled.set()
        raise StorageError("the disk is full")

    monkeypatch.setattr(first.stores.ledger, "finish", refused)
    name = first.batches.start(BatchRequest.model_validate({"count": 1, **WANTED}))["batch_id"]
    assert ruled.wait(PATIENCE_S)
    first.close()
    second = service(start, drafts, judge)
    assert second.batches.wait(name, PATIENCE_S)

    assert [(row["grounding"], row["judge_score"]) for row in stored(second)] == [("grounded", 0.75)]
    assert (len(drafts.prompts), len(judge.asked)) == (1, 1)


def test_judge_does_not_rule_on_what_it_wrote_itself(start: Start) -> None:
    judge = JudgeOfLaw()
    platform = service(start, Drafts(f"{SOUND} {DOUBTED}"), judge)

    run(platform, count=1, **{**WANTED, "judge": {"provider": "groq"}, "allow_failover": True})

    row = stored(platform)[0]
    assert "not judged: the judge wrote it itself" in str(row["quality_issues"])
    assert (row["provider"], len(doubts(row)), judge.asked) == ("groq", 1, [])


@pytest.mark.parametrize(("sentence", "kept"), [(f"{SOUND} {DOUBTED}", 1), (REFUSED, 0)], ids=["doubted", "refused"])
def test_draft_whose_batch_ended_before_it_was_judged_is_kept_by_the_rules(
    start: Start, sentence: str, kept: int
) -> None:
    asked, released = threading.Event(), threading.Event()

    def slow(request: CompletionRequest) -> str:
        asked.set()
        released.wait(PATIENCE_S)
        return judgement_for(request, 4)

    platform = service(start, Drafts(sentence), slow)
    name = platform.batches.start(BatchRequest.model_validate({"count": 1, **WANTED}))["batch_id"]
    assert asked.wait(PATIENCE_S)

    platform.batches.stop_batch(name)
    assert platform.batches.wait(name, PATIENCE_S)
    released.set()

    rows = stored(platform)
    assert [len(doubts(row)) for row in rows] == [1] * kept
    assert all("not judged: the batch ended first" in str(row["quality_issues"]) for row in rows)


def test_one_sample_on_request_is_judged_as_those_of_batches_are(start: Start) -> None:
    drafts, judge = Drafts(CONTRADICTED, DOUBTED), JudgeOfLaw({"must bear": OF_PARTY})
    platform = service(start, drafts, judge)
    area, _, topic = WANTED["topic"].partition(" - ")
    one = {name: WANTED[name] for name in ("provider", "jurisdiction", "use_rag", "difficulty", "sample_type", "judge")}

    made = platform.generate(GenerateRequest.model_validate({**one, "practice_area": area, "topic": topic}))

    assert (made.sample["judge_score"], made.sample["grounding"], doubts(made.sample)) == (0.75, "grounded", [])
    assert len(drafts.told) == 1
    assert calls(platform, None) == {"groq": 2, "cerebras": 2}
    used = platform.stores.tables.usage.summary(["provider"], "", None)
    assert made.tokens == sum(row["total_tokens"] for row in used)


def test_judge_of_one_sample_that_cannot_be_is_refused(start: Start) -> None:
    platform = service(start, Drafts(SOUND), JudgeOfLaw())

    with pytest.raises(InputError, match="nobody"):
        platform.generate(GenerateRequest.model_validate({"judge": {"provider": "nobody"}}))
    with pytest.raises(ConfigurationError, match="would judge its own samples"):
        platform.generate(
            GenerateRequest.model_validate(
                {"provider": "groq", "model": "openai/gpt-oss-120b", "judge": {"provider": "groq"}}
            )
        )


def test_without_a_judge_the_same_drafts_are_left_to_the_rules(start: Start) -> None:
    drafts = Drafts(f"{SOUND} {CONTRADICTED}", f"{SOUND} {MISSED}", REFUSED, SOUND)
    platform = service(start, drafts, JudgeOfLaw())

    run(platform, count=3, **{**WANTED, "judge": None})

    assert [len(doubts(row)) for row in sorted(stored(platform), key=lambda row: row["question"])] == [1, 0, 0]
    assert len(drafts.told) == 1
