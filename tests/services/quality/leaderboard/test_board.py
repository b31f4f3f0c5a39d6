"""The leaderboard on samples and batches of real stores: what each figure is of, and what it tells apart."""

import json
from typing import Any

import pytest

from models.contract.answers.leaderboard import Board, BoardRow
from models.contract.bodies import Review
from services.llm.adapters.base import CompletionRequest
from services.platform import Which
from tests.fakes import Start, good_answer, judgement_for, run, sample
from tests.vendors.inventor import scripted_model as model
from utils.errors import InputError

CEREBRAS = "gpt-oss-120b"
ONE = {"allow_failover": False, "jurisdiction": "uk", "difficulty": "basic"}


def row_of(board: Board, provider: str) -> BoardRow:
    return next(row for row in board["rows"] if row["provider"] == provider)


def test_model_that_invents_citations_is_told_from_one_that_does_not(start: Start) -> None:
    platform = start({"groq": [model()], "cerebras": [model(invents_each=2, begins=5_000)]})
    good, bad = (run(platform, count=30, provider=name, **ONE) for name in ("groq", "cerebras"))

    board = platform.board.board(Which(batches=(good["batch_id"], bad["batch_id"])))

    first, second = board["rows"]
    assert (first["provider"], second["provider"]) == ("groq", "cerebras")
    assert (first["samples"], first["batches"], first["told_apart"]) == (30, 1, None)
    assert first["measures"]["accepted"]["value"] == 1.0
    assert first["measures"]["accepted"]["n"] == 30
    refused = sum(row["count"] for row in platform.reviews.refused_kinds(bad["batch_id"]))
    assert second["measures"]["accepted"]["n"] == 30 + refused
    assert second["measures"]["accepted"]["value"] == pytest.approx(30 / (30 + refused), abs=1e-6)
    assert second["measures"]["invented"]["value"] == pytest.approx(refused / (30 + refused), abs=1e-6)
    assert second["told_apart"] is True
    assert first["measures"]["invalid"]["value"] == second["measures"]["invalid"]["value"] == 0.0


def test_models_that_are_alike_are_not_told_apart(start: Start) -> None:
    scripts: Any = {"groq": [model(invents_each=6)], "cerebras": [model(invents_each=6, begins=5_000)]}
    platform = start(scripts, max_workers=1)
    for name in ("groq", "cerebras"):
        run(platform, count=30, provider=name, **ONE)

    for sort in ("accepted", "invented", "quality", "verified"):
        assert platform.board.board(Which(), sort)["rows"][1]["told_apart"] is False


def test_tokens_and_costs_are_those_that_the_vendors_were_paid_for(start: Start) -> None:
    platform = start({"groq": [model(invents_each=4)]})
    batch = run(platform, count=6, **ONE)

    measures = row_of(platform.board.board(Which()), "groq")["measures"]

    report = platform.monitor.report(batch["batch_id"])
    assert report["cost_usd"] is not None
    assert measures["cost_usd"]["value"] == pytest.approx(report["cost_usd"] / 6, abs=1e-6)
    assert measures["tokens"]["value"] == pytest.approx(report["total_tokens"] / 6, abs=1e-6)
    assert measures["seconds"]["n"] == report["calls"]
    assert measures["answer_tokens"]["n"] == 6
    assert (measures["cost_usd"]["low"], measures["tokens"]["low"]) == (None, None)  # one batch has no spread


def test_deleted_samples_were_accepted_all_the_same(start: Start) -> None:
    platform = start({"groq": [model(invents_each=4)]})
    batch = run(platform, count=6, **ONE)
    before = row_of(platform.board.board(Which()), "groq")

    for row in platform.dataset.of_batch(batch["batch_id"])[:4]:
        platform.dataset.delete(row["id"])
    after = row_of(platform.board.board(Which()), "groq")

    assert (before["samples"], after["samples"]) == (6, 2)
    assert after["measures"]["accepted"] == before["measures"]["accepted"]
    assert after["measures"]["cost_usd"] == before["measures"]["cost_usd"]
    assert after["measures"]["quality"]["n"] == 2


def test_drafts_of_a_batch_that_several_models_wrote_are_nobodys(start: Start) -> None:
    platform = start({"groq": [good_answer], "cerebras": [model(begins=900)]})
    run(platform, count=8, provider="auto")

    found = {row["provider"]: row for row in platform.board.board(Which(), "quality")["rows"]}

    assert found.keys() == {"groq", "cerebras"}
    for row in found.values():
        assert row["samples"] > 0
        assert row["batches"] == 0
        assert row["measures"]["accepted"] == {"value": None, "low": None, "high": None, "n": 0}
        assert row["measures"]["cost_usd"]["value"] is None
        assert row["measures"]["quality"]["n"] == row["samples"]


def test_judge_has_no_part_in_what_the_writer_did(start: Start) -> None:
    def judge(request: CompletionRequest) -> str:
        is_judging = "Score the sample below" in str(request.messages[-1]["content"])
        return judgement_for(request, 4) if is_judging else good_answer(request)

    platform = start({"groq": [model()], "cerebras": [judge]})
    run(platform, count=4, judge={"provider": "cerebras"}, **ONE)

    board = platform.board.board(Which(), "judge")

    assert [row["provider"] for row in board["rows"]] == ["groq"]
    row = board["rows"][0]
    assert row["batches"] == 1
    assert row["judges"] == [f"cerebras/{CEREBRAS}"]
    assert row["measures"]["judge"]["value"] == 0.75
    assert row["measures"]["judge"]["n"] == 4
    assert row["measures"]["seconds"]["n"] == 4


def test_scores_of_different_judges_are_not_compared(start: Start) -> None:
    platform = start({"groq": [good_answer]})
    for number in range(24):
        who = {"provider": "groq", "model": "a"} if number % 2 else {"provider": "groq", "model": "b"}
        added = {"judge_score": 0.2 + 0.6 * (number % 2), "judgement": json.dumps({"judge": f"x/{number % 2}"})}
        platform.dataset.keep({**sample(id=f"s{number}", question=f"Which {number}?"), **who, **added})

    first, second = platform.board.board(Which(), "judge")["rows"]

    assert (first["target"], second["target"]) == ("groq/a", "groq/b")
    assert (first["measures"]["judge"]["value"], second["measures"]["judge"]["value"]) == (0.8, 0.2)
    assert second["told_apart"] is None


def test_what_people_decided_is_a_share_of_what_they_decided_on(start: Start) -> None:
    platform = start({"groq": [model()]})
    batch = run(platform, count=5, **ONE)
    ids = [row["id"] for row in platform.dataset.of_batch(batch["batch_id"])]
    for name, decision in zip(ids, ("accept", "accept", "reject"), strict=False):
        platform.reviews.review(name, Review(decision=decision, reason="read"))

    found = row_of(platform.board.board(Which()), "groq")["measures"]["reviewed"]

    assert found["n"] == 3
    assert found["value"] == pytest.approx(2 / 3, abs=1e-6)


def test_filters_leave_out_what_nobody_knows_of_them(start: Start) -> None:
    platform = start({"groq": [model(invents_each=4)]})
    run(platform, count=4, provider="groq", allow_failover=False, topic="Tort Law - Nuisance")
    run(platform, count=3, provider="groq", allow_failover=False, topic="Contract Law - Misrepresentation")

    by_topic = row_of(platform.board.board(Which({"topic": "Tort Law - Nuisance"})), "groq")
    everything = row_of(platform.board.board(Which()), "groq")

    assert (by_topic["samples"], everything["samples"]) == (4, 7)
    assert by_topic["measures"]["accepted"]["n"] < everything["measures"]["accepted"]["n"]
    assert by_topic["measures"]["cost_usd"] == {"value": None, "low": None, "high": None, "n": 0}
    assert everything["measures"]["cost_usd"]["n"] == 7
    by_grounding = platform.board.board(Which({"grounding": "grounded", "provider": "groq"}))["rows"]
    assert all(row["measures"]["accepted"]["value"] is None for row in by_grounding)


def test_days_and_batches_say_what_counts(start: Start) -> None:
    platform = start({"groq": [model()]})
    one, other = (run(platform, count=2, **ONE)["batch_id"] for _ in "12")

    assert row_of(platform.board.board(Which(batches=(one,))), "groq")["samples"] == 2
    assert row_of(platform.board.board(Which({"batch_id": other})), "groq")["batches"] == 1
    assert platform.board.board(Which(since="2999-01-01"))["rows"] == []
    with pytest.raises(InputError, match="since: got 'soon'"):
        platform.board.board(Which(since="soon"))


def test_samples_of_people_are_counted_apart(start: Start) -> None:
    platform = start({"groq": [good_answer]})
    platform.dataset.add(sample(id="own"))

    board: Any = platform.board.board(Which())

    assert (board["rows"], board["without_model"]) == ([], 1)
