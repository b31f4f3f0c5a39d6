"""Batches in words, and what they are compared by."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from models.contract.answers.batch_events import BatchEvent
from models.contract.answers.batch_reports import BatchMade, BatchPlan, BatchReport
from models.contract.answers.batches import Batch
from models.contract.answers.monitoring import TargetState
from models.contract.bodies import BatchRequest
from services.batch.live import LiveBatch
from services.batch.objects import new_row
from utils.clock import ManualClock
from web.parts import batch_plan, batch_words, comparison

AT = "2026-11-29T14:05:09+00:00"


def batch(**fields: object) -> Batch:
    row = new_row("b1", AT, BatchRequest(count=5), 5, None)
    return cast("Batch", {**LiveBatch(row, ManualClock()).snapshot(), "status": "running", **fields})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"current_sample": "A - B"}, "Writing on A - B.", id="writing"),
        pytest.param({}, "Calls are under way.", id="nothing known"),
        pytest.param(
            {"waiting_for": "limit", "waiting_until": AT},
            "Waiting for a limit of the provider until 29 Nov 2026, 14:05:09 UTC.",
            id="waiting until",
        ),
        pytest.param({"waiting_for": "storage"}, "Waiting for the disk, which takes nothing.", id="waiting"),
        pytest.param({"status": "failed", "reason": "the key was refused"}, "the key was refused", id="ended"),
        pytest.param({"status": "paused"}, "Paused: no new calls are made. What was made stays.", id="paused"),
    ],
)
def test_what_a_batch_does_is_told_in_words(fields: dict[str, object], words: str) -> None:
    assert batch_words.now_words(batch(**fields)) == words


def test_change_of_target_tells_from_where_to_where_and_why() -> None:
    detail = {"from_provider": "groq", "from_model": "a/b", "to_provider": "cerebras", "to_model": "c"}
    detail |= {"reason": "rate_limit", "at_sample": 1200}  # type: ignore[dict-item]  # a detail holds both
    turn = cast("BatchEvent", {"id": 1, "at": AT, "type": "switch", "detail": detail})

    (found,) = batch_words.happenings([turn])

    assert (found.left, found.taken) == ("groq/a/b", "cerebras/c")
    assert found.text == "a rate limit was reached, at sample 1,200"
    assert batch_words.exactly(found.at) == "29 Nov 2026, 14:05:09 UTC"


@pytest.mark.parametrize(
    ("kind", "detail", "label", "text"),
    [
        ("started", {"target": 5}, "Started", "5 samples wanted"),
        ("paused", {}, "Paused", ""),
        ("resumed", {}, "Resumed", ""),
        ("resumed", {"in_doubt": 2}, "Resumed", "after a restart; 2 calls were cut off"),
        ("stopping", {}, "Stopping", "answers under way are still taken in"),
        ("alert", {"message": "21 timeouts, more than 20"}, "Look at this", "21 timeouts, more than 20"),
        ("ended", {"status": "stopped", "reason": "on request"}, "Stopped", "on request"),
    ],
)
def test_turns_are_told_in_words(kind: str, detail: dict[str, Any], label: str, text: str) -> None:
    (found,) = batch_words.happenings([cast("BatchEvent", {"id": 1, "at": AT, "type": kind, "detail": detail})])

    assert (found.label, found.text) == (label, text)


def target(name: str, **fields: object) -> TargetState:
    window = {"requests": 0, "requests_limit": None, "tokens": 0, "tokens_limit": None}
    minute = {**window, "requests": 9, "requests_limit": 10, "tokens": 5, "tokens_limit": 100}
    state = {"target": name, "open": True, "reason": None, "opens_in_s": 0.0, "in_flight": 0}
    return cast("TargetState", {**state, "minute": minute, "hour": window, "day": window, **fields})


def test_gauges_are_of_the_targets_that_were_used_and_of_limits_that_are_there() -> None:
    targets = [
        target("a/x"),
        target("b/y", in_flight=2),
        target("c/z", open=False, reason="rate_limit", opens_in_s=90.0),
        target("d/w", open=False, reason="authentication", opens_in_s=None),
    ]

    found = batch_words.target_gauges(targets, ["b/y", "c/z", "d/w"])

    assert [row.name for row in found] == ["b/y", "c/z", "d/w"]
    assert [(one.label, one.used, one.limit, one.is_full) for one in found[0].gauges] == [
        ("Requests this minute", 9, 10, True),
        ("Tokens this minute", 5, 100, False),
    ]
    assert found[1].state == "closed for 1 min 30 s: a rate limit was reached"
    assert found[2].state == "closed until its settings change: a key was refused"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("[quality_error] citation invalid", "Citation invalid"),
        ("[json_error] no JSON object in the answer", "No JSON object in the answer"),
        ("[json_error]", "Json error]"),
    ],
)
def test_kind_of_a_refusal_is_told_without_its_category(kind: str, words: str) -> None:
    assert batch_words.kind_words(kind) == words


def test_targets_of_a_batch_that_waits_for_limits_are_not_told_as_open() -> None:
    unlimited = {"requests": 0, "requests_limit": None, "tokens": 0, "tokens_limit": None}
    bare = dict.fromkeys(("minute", "hour", "day"), unlimited)
    targets = [target("a/x"), target("b/y", open=False, reason="rate_limit", opens_in_s=9.0), target("c/z", **bare)]

    found = batch_words.target_gauges(targets, ["a/x", "b/y", "c/z"], waits=True)

    assert [(row.name, row.waits) for row in found] == [("a/x", True), ("b/y", False), ("c/z", False)]
    assert not any(row.waits for row in batch_words.target_gauges(targets, ["a/x"]))


def plan(*costs: float | None, paces: Sequence[float | None] = (), **fields: object) -> BatchPlan:
    targets: list[dict[str, object]] = [
        {"target": f"p{n}/m", "cost_usd": cost, "basis": "measured", "samples_per_minute": None}
        for n, cost in enumerate(costs)
    ]
    for row, pace in zip(targets, paces, strict=False):
        row["samples_per_minute"] = pace
    limits = {"max_tokens_total": None, "max_cost_usd": None, "max_minutes": None}
    rest = {"total": 100, "expected_samples": 100, "stopped_by": None, "expected_minutes": 2.0, "limits": limits}
    return cast("BatchPlan", {**rest, "targets": targets, **fields})


@pytest.mark.parametrize(
    ("costs", "words"),
    [
        ([], "price not known"),
        ([None], "price not known"),
        ([0.0], "$0"),
        ([2.0, 1.5], "$1.50 to $2.00"),
        ([2.0, None], "$2.00; 1 of 2 prices not known"),
    ],
)
def test_cost_is_a_range_of_what_is_known(costs: list[float | None], words: str) -> None:
    assert batch_plan.cost_words(plan(*costs)) == words


def test_limit_that_binds_is_told_with_what_it_allows() -> None:
    (told,) = batch_plan.warnings(plan(1.0, stopped_by="max_cost_usd", expected_samples=40))

    assert told.startswith("The limit on cost will end this batch after about 40 of 100 samples.")
    assert batch_plan.warnings(plan(1.0)) == []


def test_time_that_is_not_known_is_not_told_as_a_number() -> None:
    assert batch_plan.time_words(plan(expected_minutes=None)) == "not known"
    assert batch_plan.time_words(plan(expected_minutes=0.0)) == "less than a minute"
    assert batch_plan.time_words(plan()) == "about 2 min"


@pytest.mark.parametrize(
    ("minutes", "paces", "note"),
    [
        pytest.param(1.17, [1.8, 15.3], "at the 17.1 samples a minute that their limits allow together", id="binds"),
        pytest.param(0.2, [1.8, 15.3], "their limits allow 17.1 samples a minute", id="does not bind"),
        pytest.param(None, [1.8, None], "it depends on how fast the models answer", id="no limits"),
        pytest.param(None, [], "", id="nobody"),
    ],
)
def test_time_names_the_paces_that_it_follows_from(minutes: float | None, paces: list[float | None], note: str) -> None:
    assert batch_plan.time_note(plan(*[1.0] * len(paces), paces=paces, expected_minutes=minutes)) == note


def test_embedded_model_that_takes_no_part_is_named() -> None:
    told = " ".join(batch_plan.notes(plan(1.0), is_judged=False, has_embedded=True))

    assert "The embedded model takes no part unless it is chosen itself" in told
    assert "embedded" not in " ".join(batch_plan.notes(plan(1.0), is_judged=False))


def test_notes_say_what_the_figures_leave_out() -> None:
    told = " ".join(batch_plan.notes(plan(1.0), is_judged=True))

    assert "judge" in told
    assert "estimated" not in told


NONE = {"samples": 0, "citations": {}, "quality_mean": None, "judged": 0, "judge_mean": None}
USED = {"provider": "groq", "model": "a/b", "calls": 12, "total_tokens": 1000, "cost_usd": 0.5}


def report(**fields: object) -> BatchReport:
    base = {"batch_id": "b1", "samples_generated": 10, "total": 20, "attempts": 14, "cost_usd": None, "elapsed_s": 60.0}
    more = {"total_tokens": 1000, "model_switches": [1], "provider_switches": [], "targets": [USED]}
    return cast("BatchReport", {**base, **more, **fields})


def made(**models: dict[str, object]) -> BatchMade:
    cited = {"verified": 3, "unverified": 1, "invalid": 0, "none": 5, "unchecked": 1}
    every = {"samples": 10, "citations": cited, "quality_mean": 0.9, "judged": 0, "judge_mean": None}
    return cast("BatchMade", {"all": every, "models": models, "topics": {}})


def test_unknown_cost_stays_unknown_and_citations_are_of_those_that_cite() -> None:
    found = comparison.of_batch(report(), made(), refused=10)

    assert (found.accepted, found.drafts, found.verified, found.citing) == (0.5, 20, 0.75, 4)
    assert (found.cost_usd, found.cost_a_sample, found.speed, found.switches) == (None, None, 10.0, 1)


def test_batch_without_samples_has_no_shares() -> None:
    empty = cast("BatchMade", {"all": NONE, "models": {}, "topics": {}})
    found = comparison.of_batch(report(samples_generated=0, elapsed_s=0.0, cost_usd=0.1), empty, refused=0)

    assert (found.accepted, found.verified, found.cost_a_sample, found.speed) == (None, None, None, None)


def test_models_that_only_failed_and_models_without_usage_are_there() -> None:
    found = comparison.by_model(report(), made(**{"old/m": {**NONE, "samples": 4}}))

    assert [(row.model, row.samples, row.calls) for row in found] == [("old/m", 4, 0), ("groq/a/b", 0, 12)]
    assert (found[0].cost_usd, found[1].cost_a_sample) == (None, None)


def test_shared_topics_are_those_of_every_batch() -> None:
    assert comparison.shared([["a", "b", "c"], ["c", "b"]]) == ["b", "c"]
    assert comparison.shared([]) == []
