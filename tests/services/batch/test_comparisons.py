"""Several models on one plan: the same questions, what each made of them, and what can be told apart."""

import threading
from typing import Any

import pytest

from bootstrap import Service
from models.contract.answers.leaderboard import Comparison, PairedMeasure
from models.contract.comparison_bodies import ComparisonRequest
from models.fields import validated
from services.llm.adapters.base import CompletionRequest
from tests.fakes import Start, good_answer
from tests.patience import PATIENCE_S
from tests.vendors.inventor import scripted_model
from utils.errors import AuthenticationError, InputError, NotFoundError

GROQ, CEREBRAS = "groq/openai/gpt-oss-120b", "cerebras/gpt-oss-120b"
BOTH = (GROQ, CEREBRAS)


def wanted(*targets: str, name: str | None = None, **batch: Any) -> ComparisonRequest:
    asked = {"count": 20, "difficulty": "basic", **batch}
    return validated(ComparisonRequest, {"name": name, "targets": targets or BOTH, "batch": asked})


def compare(platform: Service, request: ComparisonRequest) -> Comparison:
    begun = platform.comparisons.start(request)
    for row in begun["results"]:
        assert platform.batches.wait(row["batch_id"], PATIENCE_S)
    return platform.comparisons.one(begun["id"])


def measure(comparison: Comparison, name: str) -> PairedMeasure:
    return next(row for row in comparison["paired"] if row["measure"] == name)


def jobs_of(platform: Service, comparison: Comparison) -> list[list[str]]:
    ids = [row["batch_id"] for row in comparison["results"]]
    items = platform.comparisons._kept.tallies.items(ids)
    return [[item.job for item in list(items[name].values())[: comparison["total"]]] for name in ids]


def test_both_are_asked_the_same_in_the_same_order_though_the_first_has_samples_already(start: Start) -> None:
    platform = start({"groq": [scripted_model()], "cerebras": [scripted_model(begins=5_000)]})

    found = compare(platform, wanted(sample_type="balance", difficulty=None, seed=7, name="first look"))

    one, other = jobs_of(platform, found)
    assert one == other
    assert len(set(one)) == 20
    assert (found["state"], found["name"], found["total"]) == ("ended", "first look", 20)
    assert found["targets"] == sorted(BOTH)
    assert [row["samples_generated"] for row in found["results"]] == [20, 20]
    facts = {key: value for key, value in found.items() if key not in ("results", "paired")}
    assert platform.comparisons.find() == [facts]


def test_model_that_invents_more_is_told_apart_item_by_item(start: Start) -> None:
    platform = start({"groq": [scripted_model()], "cerebras": [scripted_model(invents_each=2, begins=5_000)]})

    found = compare(platform, wanted())

    first = measure(found, "first_draft")
    assert first["best"] == GROQ
    difference = first["differences"][0]
    assert (difference["target"], difference["told_apart"]) == (CEREBRAS, True)
    assert difference["pairs"] >= 10
    assert difference["value"] is not None
    assert difference["high"] is not None
    assert difference["value"] < difference["high"] < 0
    assert first["finding"] == f"{GROQ} differs from {CEREBRAS}"
    rows = {row["target"]: row["row"] for row in found["results"]}
    good, bad = rows[GROQ], rows[CEREBRAS]
    assert good is not None
    assert bad is not None
    assert good["measures"]["invented"]["value"] == 0.0
    assert bad["measures"]["invented"]["value"] == pytest.approx(1 / 3, abs=0.2)


def test_models_that_are_alike_are_not_told_apart(start: Start) -> None:
    scripts: Any = {"groq": [scripted_model(begins=1_000)], "cerebras": [scripted_model(begins=5_000)]}
    platform = start(scripts, max_workers=1)

    found = compare(platform, wanted())

    for name in ("made", "first_draft", "verified", "quality"):
        row = measure(found, name)
        assert [one["told_apart"] for one in row["differences"]] == [False], row
        assert row["finding"].startswith("nothing can be told apart; not told apart from ")
    assert measure(found, "judge")["finding"] == "no target has a value yet"


def test_few_items_tell_nothing_and_say_so(start: Start) -> None:
    platform = start({"groq": [scripted_model()], "cerebras": [scripted_model(begins=5_000)]})

    found = compare(platform, wanted(count=4))

    made = measure(found, "made")
    assert [(row["pairs"], row["low"], row["told_apart"]) for row in made["differences"]] == [(4, None, None)]
    assert "nothing can be told apart; too few pairs, want 10" in made["finding"]


def test_target_without_a_key_says_so_and_does_not_hold_the_other(start: Start) -> None:
    platform = start({"groq": [scripted_model()]}, cerebras_api_key="")

    found = compare(platform, wanted(count=3))

    dead, alive = found["results"]
    assert (dead["target"], dead["status"], dead["samples_generated"], dead["row"]) == (CEREBRAS, "failed", 0, None)
    assert "cerebras" in (dead["reason"] or "").lower()
    assert (alive["status"], alive["samples_generated"]) == ("completed", 3)
    assert found["state"] == "ended"


def test_target_whose_key_is_refused_ends_by_itself(start: Start) -> None:
    platform = start({"groq": [scripted_model()], "cerebras": [AuthenticationError("Invalid API Key")]})

    found = compare(platform, wanted(count=3))

    dead, alive = found["results"]
    assert (dead["status"], dead["samples_generated"], alive["samples_generated"]) == ("failed", 0, 3)
    assert "authentication" in (dead["reason"] or "")
    assert measure(found, "quality")["best"] == GROQ


def test_nothing_is_kept_where_nobody_can_be_asked(start: Start) -> None:
    platform = start({"groq": [good_answer]})

    with pytest.raises(InputError, match="targets: none can be asked"):
        platform.comparisons.start(wanted("nobody/a", "none/b"))

    assert platform.comparisons.find() == []
    assert platform.monitor.count() == 0


def test_budget_that_no_call_fits_is_refused_before_anything_is_spent(start: Start) -> None:
    platform = start({"groq": [good_answer], "cerebras": [good_answer]})

    with pytest.raises(InputError, match=r"^(groq|cerebras)/.+: budget: a single call may take"):
        platform.comparisons.start(wanted(max_tokens_total=10))

    assert platform.monitor.count() == 0


def test_plan_sums_what_all_would_take_and_starts_nothing(start: Start) -> None:
    platform = start({"groq": [good_answer], "cerebras": [good_answer]})

    plan = platform.comparisons.plan(wanted(GROQ, CEREBRAS, "nobody/a", count=5))

    one, other, dead = plan["targets"]
    assert one["plan"] is not None
    assert other["plan"] is not None
    assert one["plan"]["counts"] == other["plan"]["counts"]
    assert plan["expected_tokens"] == one["plan"]["expected_tokens"] + other["plan"]["expected_tokens"]
    assert (dead["plan"], plan["total"]) == (None, 5)
    assert dead["reason"]
    assert platform.monitor.count() == 0


def test_more_targets_than_places_start_none_of_them(start: Start) -> None:
    platform = start({"groq": [good_answer], "cerebras": [good_answer]}, max_concurrent_batches=1)

    with pytest.raises(InputError, match="MAX_CONCURRENT_BATCHES"):
        platform.comparisons.start(wanted())

    assert platform.monitor.count() == 0
    assert platform.batches.running_count() == 0


def test_comparison_under_way_shows_what_there_is(start: Start) -> None:
    hold = threading.Event()

    def slow(request: CompletionRequest) -> str:
        assert hold.wait(PATIENCE_S)
        return good_answer(request)

    platform = start({"groq": [slow], "cerebras": [scripted_model(begins=5_000)]})
    begun = platform.comparisons.start(wanted(count=2))
    fast, waiting = begun["results"]
    assert platform.batches.wait(fast["batch_id"], PATIENCE_S)

    found = platform.comparisons.one(begun["id"])

    assert found["state"] == "running"
    assert [row["status"] for row in found["results"]] == ["completed", "running"]
    assert measure(found, "made")["differences"][0]["pairs"] == 0
    hold.set()
    assert platform.batches.wait(waiting["batch_id"], PATIENCE_S)


def test_comparisons_are_there_after_a_restart(start: Start) -> None:
    scripts: Any = {"groq": [scripted_model()], "cerebras": [scripted_model(begins=5_000)]}
    first = start(scripts)
    before = compare(first, wanted(count=3))
    first.close()

    assert start(scripts).comparisons.one(before["id"]) == before


def test_what_is_no_comparison_is_not_found(start: Start) -> None:
    platform = start({"groq": [good_answer]})
    platform.batches.start_batch(count=1, provider="groq", origin="comparison")

    with pytest.raises(NotFoundError, match="list them with GET /api/comparisons"):
        platform.comparisons.one("comparison_1_a")
    assert platform.comparisons.find() == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"targets": ["groq/a"]}, "targets"),
        ({"targets": ["groq/a", "groq/a"]}, "names a target twice"),
        ({"targets": ["groq", "groq/a"]}, "want provider/model"),
        ({"batch": {"count": 1, "model": "a"}}, "model: is set by the comparison"),
        ({"batch": {"count": 1, "colour": "red"}}, "batch.colour: unknown"),
    ],
)
def test_what_a_comparison_cannot_be_of_is_refused(body: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        validated(ComparisonRequest, {"targets": BOTH, "batch": {"count": 1}, **body})
