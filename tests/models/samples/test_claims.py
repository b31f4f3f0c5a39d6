"""What comes in says of itself who reviewed and made it: kept apart, never believed."""

import io
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from bootstrap import Service
from models.contract.answers.dataset import Imported
from services.dataset.exporting import ExportRequest
from services.dataset.import_service import ImportRequest
from tests.fakes import sample
from utils.errors import InputError

CLAIMS: dict[str, Any] = {
    "review": "accepted",
    "judge_score": 0.99,
    "judgement": '{"judge": "me"}',
    "quality_score": 1.0,
    "quality_issues": "[]",
    "batch_id": "batch_1_00000000",
    "provider": "groq",
}
VERDICTS = {"citation_verdict": "verified", "citations": "[]"}


def take(platform: Service, *rows: dict[str, Any], **options: Any) -> Imported:
    content = b"\n".join(orjson.dumps(row) for row in rows)
    with platform.imports.received(io.BytesIO(content)) as path:
        return platform.imports.run(path, ImportRequest(**options))


def queued(platform: Service) -> set[str]:
    return {row["id"] for row in platform.reviews.queue(10, 0, {})[0]}


def exported(platform: Service) -> tuple[list[dict[str, Any]], dict[str, int]]:
    made = platform.publish.export(ExportRequest())
    return [orjson.loads(line) for line in b"".join(made.content).splitlines()], dict(made.left_out)


@pytest.mark.parametrize("by", ["import", "add"])
def test_claims_are_kept_under_names_of_their_own_and_nothing_believes_them(platform: Service, by: str) -> None:
    platform.start()
    row = sample(id="a", **CLAIMS, **VERDICTS)
    notes = take(platform, row)["notes"] if by == "import" else platform.dataset.add(row) and []

    held = dict(platform.dataset.get("a"))
    assert {name: held[name] for name in CLAIMS} == dict.fromkeys(CLAIMS)
    assert {name: held[f"imported_{name}"] for name in CLAIMS} == CLAIMS
    assert held["citations"] != "[]"
    assert queued(platform) == {"a"}
    assert platform.dataset.count({"provider": "groq"}) == platform.dataset.count({"batch_id": CLAIMS["batch_id"]}) == 0
    if by == "import":
        assert notes == [
            f"column {name}: left out, citations are checked anew"
            if name in VERDICTS
            else f"column {name}: kept as imported_{name}, since this service finds it out itself"
            for name in sorted({**CLAIMS, **VERDICTS})
        ]


def test_claims_of_every_format_are_kept_apart(platform: Service) -> None:
    platform.start()
    file = io.BytesIO()
    pl.DataFrame([sample(id="p", **CLAIMS)]).write_parquet(file)
    csv = pl.DataFrame([sample(id="c", **CLAIMS)]).write_csv().encode()
    for content in (file.getvalue(), csv, orjson.dumps([sample(id="j", **CLAIMS)])):
        with platform.imports.received(io.BytesIO(content)) as path:
            platform.imports.run(path, ImportRequest())

    assert queued(platform) == {"p", "c", "j"}
    assert [dict(row)["imported_judge_score"] for row in platform.dataset.named(["p", "c", "j"])[1]] == [0.99] * 3


@pytest.mark.parametrize("folded", [True, False])
def test_sample_rejected_elsewhere_waits_in_the_queue_and_is_left_out_until_decided_here(
    platform: Service, folded: bool
) -> None:
    from models.contract.bodies import Review

    platform.start()
    take(platform, sample(id="a", review="rejected"), sample(id="b", question="Another?"))
    if folded:
        platform.dataset.fold()

    assert queued(platform) == {"a", "b"}
    rows, left_out = exported(platform)
    assert ([row["id"] for row in rows], left_out) == (["b"], {"rejected_by_review": 1})

    platform.reviews.review("a", Review(decision="accept", reason="sound"))
    assert queued(platform) == {"b"}
    assert [row["id"] for row in exported(platform)[0]] == ["a", "b"]


def test_our_own_export_comes_in_again_with_what_people_decided(platform: Service) -> None:
    from models.contract.bodies import Review

    platform.start()
    platform.dataset.add(sample(id="a", imported_review="rejected"))
    platform.reviews.review("a", Review(decision="accept", reason="sound"))
    rows, _ = exported(platform)

    result = take(platform, *rows, on_duplicate="replace")

    assert dict(platform.dataset.get("a"))["imported_review"] == "accepted"
    assert "column review: kept as imported_review, since this service finds it out itself" in result["notes"]


def test_file_of_the_operator_is_believed_as_it_is(platform: Service, tmp_path: Path) -> None:
    pl.DataFrame([sample(id="a", review="accepted", provider="groq")]).write_parquet(tmp_path / "train.parquet")
    platform.start()

    assert queued(platform) == set()
    assert platform.dataset.count({"provider": "groq"}) == 1


def test_client_that_sends_back_what_it_got_changes_nothing_of_it(platform: Service) -> None:
    from models.contract.bodies import Review

    platform.start()
    platform.dataset.keep(sample(id="a", **CLAIMS))
    platform.reviews.review("a", Review(decision="reject", reason="wrong"))
    before = orjson.loads(orjson.dumps(platform.dataset.get("a")))

    after = platform.dataset.update("a", before)

    assert {**after, "updated_at": None} == {**before, "updated_at": None}
    assert after["review"] == "rejected"


@pytest.mark.parametrize("name", sorted({*CLAIMS, *VERDICTS} - {"batch_id", "provider"}))
def test_no_verdict_is_changed_by_an_update(platform: Service, name: str) -> None:
    platform.start()
    platform.dataset.add(sample(id="a"))

    with pytest.raises(InputError, match=f"{name}: found out by the service"):
        platform.dataset.update("a", {name: {**CLAIMS, "citation_verdict": "invalid", "citations": "[]"}[name]})

    assert platform.dataset.get("a")["review"] is None


def test_origin_named_by_an_update_is_kept_apart(platform: Service) -> None:
    platform.start()
    platform.dataset.keep(sample(id="a", provider="groq", batch_id="b"))

    changed = dict(platform.dataset.update("a", {"provider": "acme", "batch_id": "other"}))

    assert (changed["provider"], changed["batch_id"]) == ("groq", "b")
    assert (changed["imported_provider"], changed["imported_batch_id"]) == ("acme", "other")
