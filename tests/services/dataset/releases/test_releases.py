"""Releases: what is frozen stays, wherever it goes; what differs is told."""

import io
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from models.contract.answers.releases import ReleaseFacts
from models.contract.arguments import ExportArguments
from models.contract.release_bodies import ReleaseAgainBody, ReleaseBody, ReleaseExportArguments, YankBody
from services.dataset import exporting
from services.dataset.releases.row_hashes import content_hash, row_hashes
from services.platform import Platform
from tests.services.dataset.releases.conftest import release, texts_of
from tests.services.dataset.taking import take
from utils.errors import ConflictError, ExistsError, InputError, NotFoundError, StorageError

SPLITS = "0.8,0.1,0.1"


def exported(platform: Platform, facts: ReleaseFacts, **query: Any) -> bytes:
    return b"".join(platform.releases.export(facts["id"], ReleaseExportArguments(**query)).content)


def local(platform: Platform, facts: ReleaseFacts, path: str) -> Path:
    return Path(platform.releases.folder(facts["id"]).path(path))


def again(platform: Platform, facts: ReleaseFacts) -> ReleaseFacts:
    run_id = platform.releases.start_again(facts["id"], ReleaseAgainBody())
    return platform.runs.outcome(run_id)["release"]  # type: ignore[return-value]  # the result of its run


def test_release_says_what_is_in_it(filled: Platform) -> None:
    made = release(filled, splits=SPLITS, seed=3, description="For tests.", license="cc-by-4.0")

    assert made["version"] == "1.0.0"
    assert made["samples"] == 30
    assert sum(split["samples"] for split in made["splits"].values()) == 30
    assert set(made["splits"]) == {"train", "validation", "test"}
    assert made["counts"]["difficulty"] == {"advanced": 10, "basic": 10, "expert": 10}
    assert made["quality"]["reviews"] == {"never": 30}
    assert sum(made["quality"]["citations"].values()) == 30
    assert "unchecked" not in made["quality"]["citations"]
    assert made["licence"] == {"license": "cc-by-4.0"}
    assert made["recipe"] == {
        "filters": {}, "grounding": "any", "include": "fit", "splits": "0.8,0.1,0.1", "seed": 3, "thinking": False,
    }  # fmt: skip
    assert filled.releases.get(made["id"]) == made
    assert [one["id"] for one in filled.releases.all()] == [made["id"]]


def test_release_stays_what_it_was_when_the_data_set_changes(filled: Platform) -> None:
    made = release(filled)
    before = exported(filled, made)

    filled.dataset.update("s03", {"answer": "Quite another answer."})
    filled.dataset.delete("s04")
    filled.dataset.add({**filled.dataset.get("s05"), "id": "s99", **texts_of(99)})
    filled.stores.samples.fold()

    assert exported(filled, made) == before
    assert filled.releases.verify(made["id"]) == {
        "is_intact": True, "content_hash": made["content_hash"], "samples": 30, "faults": [],
    }  # fmt: skip


def test_rows_of_a_release_have_its_hash_after_an_export_and_an_import_elsewhere(
    filled: Platform, elsewhere: Platform
) -> None:
    made = release(filled, include="all")

    take(elsewhere.imports, exported(filled, made, format="jsonl"))
    there = release(elsewhere, include="all")

    assert there["content_hash"] == made["content_hash"]
    assert there["samples"] == 30


def test_splits_of_the_files_are_those_of_the_manifest_and_do_not_overlap(filled: Platform) -> None:
    made = release(filled, splits=SPLITS)

    found: dict[str, set[str]] = {}
    for name, split in made["splits"].items():
        rows = pl.read_parquet(io.BytesIO(exported(filled, made, format="parquet", split=name)))
        assert content_hash(row_hashes(rows)) == split["content_hash"]
        assert rows.height == split["samples"]
        found[name] = set(rows["id"])

    assert sum(map(len, found.values())) == len(set().union(*found.values())) == 30


@pytest.mark.parametrize("name", ["jsonl", "json", "csv", "parquet", "messages", "sharegpt", "alpaca"])
def test_release_is_exported_in_every_format_as_the_data_set_was(filled: Platform, name: str) -> None:
    made = release(filled)
    now = b"".join(filled.publish.download(ExportArguments(format=name)).content)

    if name == "parquet":
        assert pl.read_parquet(io.BytesIO(exported(filled, made, format=name))).equals(pl.read_parquet(io.BytesIO(now)))
    else:
        assert exported(filled, made, format=name) == now


def test_thoughts_of_models_are_left_out_unless_they_are_asked_for(filled: Platform) -> None:
    without, with_them = release(filled), release(filled, name="thoughts", thinking=True)

    assert b"I think" not in exported(filled, without)
    assert b"I think" not in exported(filled, with_them)
    assert exported(filled, with_them, reasoning="think").count(b"I think") == 30
    assert b"I think" not in exported(filled, with_them, format="parquet")
    shown = pl.read_parquet(io.BytesIO(exported(filled, with_them, format="parquet", reasoning="think")))
    assert shown["thinking"].null_count() == 0
    assert without["content_hash"] != with_them["content_hash"]


def test_one_changed_character_of_one_row_is_found_and_named(filled: Platform) -> None:
    made = release(filled)
    path = local(filled, made, made["files"][0]["path"])
    rows = pl.read_parquet(path)
    changed = rows["answer"].str.replace("w", "W", literal=True)
    rows.with_columns(pl.when(pl.col("id") == "s07").then(changed).otherwise("answer").alias("answer")).write_parquet(
        path
    )

    check = filled.releases.verify(made["id"])

    assert not check["is_intact"]
    with pytest.raises(StorageError, match="not the one that was released"):
        exported(filled, made)
    assert [(fault["kind"], fault["what"]) for fault in check["faults"]] == [
        ("changed_file", made["files"][0]["path"]),
        ("changed_row", "s07"),
    ]


def test_missing_and_added_rows_and_broken_files_are_named(filled: Platform) -> None:
    made = release(filled)
    path = local(filled, made, made["files"][0]["path"])
    rows = pl.read_parquet(path)
    pl.concat(
        [rows.filter(pl.col("id") != "s01"), rows.head(1).with_columns(id=pl.lit("s77"), answer=pl.lit("?"))]
    ).write_parquet(path)

    assert [(fault["kind"], fault["what"]) for fault in filled.releases.verify(made["id"])["faults"]][1:] == [
        ("missing_row", "s01"),
        ("added_row", "s77"),
    ]
    path.write_bytes(path.read_bytes()[:200])
    assert {fault["kind"] for fault in filled.releases.verify(made["id"])["faults"]} == {"changed_file", "unreadable"}
    path.unlink()
    assert filled.releases.verify(made["id"])["faults"][0]["kind"] == "missing_file"


def test_release_made_again_of_the_same_data_is_the_same(filled: Platform) -> None:
    made = release(filled, splits=SPLITS, filters={"difficulty": "expert"})

    second = again(filled, made)

    assert (second["version"], second["content_hash"], second["splits"]) == (
        "1.1.0",
        made["content_hash"],
        made["splits"],
    )
    assert release(filled, filters={"difficulty": "basic"})["version"] == "2.0.0"


def test_what_a_recipe_makes_otherwise_now_is_told_by_row_and_by_measure(filled: Platform) -> None:
    made = release(filled)
    filled.dataset.update("s03", {"answer": "Quite another answer."})
    filled.dataset.delete("s04")
    filled.dataset.add({**filled.dataset.get("s05"), "id": "s99", **texts_of(99)})

    now = filled.releases.diff(made["id"], "now", 10)
    second = again(filled, made)
    other = filled.releases.diff(made["id"], second["id"], 10)

    for diff in (now, other):
        assert (diff["added_ids"], diff["removed_ids"]) == (["s99"], ["s04"])
        assert diff["changed_rows"] == [{"id": "s03", "fields": ["answer"]}]
        assert (diff["same"], diff["moved"]) == (28, 0)
        assert diff["measures"]["answer_chars"] < 0
    assert now["after"]["content_hash"] == second["content_hash"] != made["content_hash"]
    assert filled.releases.diff(second["id"], "now", 10)["measures"] == {}


def test_row_that_moved_to_another_split_is_told(filled: Platform) -> None:
    one, other = release(filled, splits=SPLITS, seed=1), release(filled, splits=SPLITS, seed=2)

    diff = filled.releases.diff(one["id"], other["id"], 100)

    assert one["content_hash"] == other["content_hash"]
    assert (diff["added"], diff["removed"], diff["changed"]) == (0, 0, 0)
    assert diff["moved"] == len(diff["changed_rows"]) > 0
    assert {tuple(row["fields"]) for row in diff["changed_rows"]} == {("split",)}


def test_yanked_release_says_why_and_comes_back(filled: Platform) -> None:
    made = release(filled)

    yanked = filled.releases.yank(made["id"], YankBody(reason="Half of it is wrong."))

    assert yanked["yanked"] is not None
    assert yanked["yanked"]["reason"] == "Half of it is wrong."
    assert filled.releases.all(with_yanked=False) == []
    assert exported(filled, made)
    assert "**Do not use this release**: it was yanked on 2" in filled.sharing.card(made["id"])
    assert filled.products.find("law", {}, 10)["count"] == 0
    assert filled.releases.restore(made["id"])["yanked"] is None
    assert "Do not use" not in filled.sharing.card(made["id"])
    assert filled.products.find("law", {}, 10)["count"] == 1


def test_erased_release_keeps_its_manifest_alone(filled: Platform) -> None:
    made = release(filled)
    path = local(filled, made, made["files"][0]["path"])

    filled.releases.yank(made["id"], YankBody(reason="A person asked.", erase=True))

    assert not path.parents[1].exists()
    assert filled.releases.get(made["id"])["content_hash"] == made["content_hash"]
    for call in (
        lambda: exported(filled, made),
        lambda: filled.releases.verify(made["id"]),
        lambda: filled.releases.restore(made["id"]),
    ):
        with pytest.raises(ConflictError, match="erased"):
            call()


def test_release_is_a_product_with_the_state_of_its_samples(filled: Platform) -> None:
    made = release(filled, filters={"difficulty": "expert"})
    filled.dataset.update("s01", {"answer": "Another."})
    filled.dataset.delete("s04")

    shown = filled.products.get(made["id"])

    assert (shown["kind"], shown["name"], shown["samples"]) == ("release", "law 1.0.0", 10)
    assert shown["state"] == {"unchanged": 8, "changed": 1, "gone": 1}
    assert shown["export"] == f"/api/releases/{made['id']}/export?format=jsonl"
    assert filled.products.all()[0]["id"] == made["id"]
    with pytest.raises(ConflictError, match="yank"):
        filled.products.delete(made["id"])


def test_bad_requests_are_refused_before_anything_is_done(filled: Platform) -> None:
    made = release(filled)

    with pytest.raises(InputError, match="splits"):
        filled.releases.start(ReleaseBody(name="law", splits="1,2,3"))
    with pytest.raises(InputError, match="license"):
        filled.releases.start(ReleaseBody(name="law", license="cc-by-9"))
    with pytest.raises(ExistsError, match=r"law 1\.0\.0"):
        filled.releases.start(ReleaseBody(name="law", version="1.0.0"))
    with pytest.raises(InputError, match="no sample is left"):
        release(filled, filters={"difficulty": "foundational"})
    for unknown in ("rel_0000000000000000", "rel_no", "None", "../x"):
        with pytest.raises(NotFoundError):
            filled.releases.get(unknown)
        with pytest.raises(NotFoundError):
            filled.releases.verify(unknown)
    with pytest.raises(InputError, match="split"):
        exported(filled, made, split="test")
    for options in ({"format": "jsonl", "reasoning": "answer"}, {"format": "argilla", "reasoning": "think"}):
        with pytest.raises(InputError, match="has a column for reasoning"):
            exported(filled, made, **options)
    with pytest.raises(NotFoundError, match="manifest"):
        filled.releases.download(made["id"], "../../batches.db")


def test_release_that_could_not_be_finished_leaves_nothing(filled: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.dataset.releases import writing

    def refuse(*_: object) -> None:
        raise InputError("it is not to be")

    monkeypatch.setattr(writing, "measured", refuse)
    with pytest.raises(InputError, match="not to be"):
        release(filled)

    assert filled.releases.all() == []
    assert [path for path in Path(filled.stores.folder.path / "releases").rglob("*") if path.is_file()] == []


def test_manifest_lies_beside_the_rows(filled: Platform) -> None:
    made = release(filled)

    content = b"".join(filled.releases.download(made["id"], "release.json")[0])

    assert json.loads(content) == made


def test_large_release_is_made_beside_the_service_and_is_the_same(
    filled: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = release(filled, splits=SPLITS)
    monkeypatch.setattr(exporting, "_ASIDE", 10)

    beside = release(filled, splits=SPLITS)

    assert (beside["content_hash"], beside["splits"]) == (here["content_hash"], here["splits"])
    assert [file["sha256"] for file in beside["files"]] == [file["sha256"] for file in here["files"]]
    assert beside["quality"] == here["quality"]


def test_what_a_kill_left_is_removed_by_a_later_release(filled: Platform) -> None:
    folder = Path(filled.releases.folder("rel_0123456789abcdef").path("data"))
    folder.mkdir(parents=True)
    left = folder / "train-00000-of-00001.parquet"
    left.write_bytes(b"half")

    release(filled)
    assert left.exists()  # another process may be writing it
    os.utime(left, (0, 0))
    release(filled)

    assert not left.exists()
