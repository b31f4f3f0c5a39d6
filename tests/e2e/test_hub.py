"""Pushes to the simulated Hub, with the real client and a server of its own."""

import datetime
import decimal
import gc
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest
import requests
import yaml

from tests.e2e.server import RunningServer
from tests.fakes import sample
from tests.vendors.hub import TOKEN, SimulatedHub

REPO = "lawyer/law"


@contextmanager
def service(folder: Path, rows: int = 12) -> Iterator[tuple[SimulatedHub, Callable[..., requests.Response]]]:
    """Run a server with *rows* samples and a Hub; yield the Hub, and what pushes to it."""
    with SimulatedHub() as hub, RunningServer(folder, hf_endpoint=hub.url, hf_hub_offline="0") as server:
        if rows:
            server.session.post(f"{server.url}/import", data=lines(rows))

        def push(**body: Any) -> requests.Response:
            return server.session.post(
                f"{server.url}/huggingface/push", json={"token": TOKEN, "repo_name": "law", **body}
            )

        yield hub, push


def lines(count: int) -> bytes:
    rows = (sample(id=f"s{n}", question=f"Question {n}?", answer=f"Answer {n} on offer.") for n in range(count))
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def card_of(hub: SimulatedHub) -> dict[str, Any]:
    head = yaml.safe_load(hub.repos[REPO]["README.md"].decode().split("---")[1])
    assert isinstance(head, dict)
    return head


def cloned(hub: SimulatedHub, folder: Path) -> str:
    """Write the repository into *folder*, as a reader gets it."""
    for path, content in hub.repos[REPO].items():
        target = folder / "clone" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return str(folder / "clone")


def test_hub_gets_data_and_card_and_its_refusal_is_told(tmp_path: Path) -> None:
    with SimulatedHub() as hub, RunningServer(tmp_path, hf_endpoint=hub.url, hf_hub_offline="0") as server:
        assert "holds no samples" in server.post("huggingface/push", token=TOKEN)["error"]
        server.session.post(f"{server.url}/import", data=lines(40))

        pushed = server.post("huggingface/push", token=TOKEN, repo_name="law", private=True, license="mit")
        again = server.post("huggingface/push", token=TOKEN, repo_name="law", format="json", splits="0.5,0.25,0.25")
        wrong_token = server.post("huggingface/push", token="hf_wrong", repo_name="law")
        foreign = server.post("huggingface/push", token=TOKEN, repo_name="court/law")
        hub.refuse = (403, "You are over your storage quota.")
        full = server.post("huggingface/push", token=TOKEN, repo_name="law")
        log = server.log()

    url = f"{hub.url}/datasets/lawyer/law"
    assert pushed == {"success": True, "message": f"Pushed to {url}", "repo_url": url}
    assert again["success"]
    assert hub.private == {REPO: True}
    assert hub.commits == ["Upload 40 samples", "Upload 40 samples"]
    assert sorted(hub.repos[REPO]) == [
        "README.md",
        "data/test-00000-of-00001.jsonl",
        "data/train-00000-of-00001.jsonl",
        "data/validation-00000-of-00001.jsonl",
    ]
    head = card_of(hub)
    assert head["license"] == "mit"
    assert {split["name"]: split["num_examples"] for split in head["dataset_info"]["splits"]} == {
        "train": 20,
        "validation": 10,
        "test": 10,
    }
    assert "Invalid user token" in wrong_token["error"]
    assert "check the token" in wrong_token["error"]
    assert "rights to create" in foreign["error"]
    assert "over your storage quota" in full["error"]
    assert TOKEN not in log
    assert "hf_wrong" not in log + json.dumps(wrong_token)


def test_push_goes_to_the_branch_that_it_names_and_nowhere_else(tmp_path: Path) -> None:
    with service(tmp_path) as (hub, push):
        first = push(branch="drafts/two", commit_message="A draft\n\nFor Ms Hale to look at.").json()
        again = push(revision="refs/heads/drafts/two", license="cc0-1.0").json()
        reference = push(revision="refs/pr/9")

    branch = hub.branches[REPO, "drafts/two"]
    assert hub.repos[REPO] == {}
    assert (first["success"], first["revision"], first["repo_url"]) == (
        True,
        "drafts/two",
        f"{hub.url}/datasets/{REPO}",
    )
    assert first["message"] == f"Pushed to {hub.url}/datasets/{REPO}, drafts/two"
    assert again["success"]
    assert "license: cc0-1.0" in branch["README.md"].decode()
    assert sorted(branch) == ["README.md", "data/train-00000-of-00001.parquet"]
    assert hub.commits == ["A draft", "Upload 12 samples"]
    assert hub.descriptions == ["For Ms Hale to look at.", ""]
    assert reference.status_code == 400
    assert list(hub.branches) == [(REPO, "drafts/two")]


def test_pull_request_leaves_main_as_it_is(tmp_path: Path) -> None:
    with service(tmp_path) as (hub, push):
        push(license="mit")
        before = dict(hub.repos[REPO])
        opened = push(create_pr=True, commit_message="Look at this").json()
        onto = push(revision="refs/pr/1", license="cc-by-4.0").json()

    address = f"{hub.url}/datasets/{REPO}/discussions/1"
    assert hub.repos[REPO] == before
    assert (opened["revision"], opened["pull_request_url"]) == ("refs/pr/1", address)
    assert opened["message"] == f"Opened {address}"
    assert onto["revision"] == "refs/pr/1"
    assert "license: cc-by-4.0" in hub.branches[REPO, "refs/pr/1"]["README.md"].decode()


def test_files_and_words_of_people_stay_and_only_a_licence_that_is_asked_for_changes(tmp_path: Path) -> None:
    with service(tmp_path) as (hub, push):
        push()
        hub.repos[REPO].update({
            "README.md": b"---\nlicense: mit\n---\n# By hand\n",
            "data/notes.csv": b"a\n1\n",
            "LICENSE": b"MIT",
            "data/train-00000-of-00009.csv": b"of an earlier push",
        })  # fmt: skip
        push()
        kept = card_of(hub)["license"]
        push(license="unknown")
        older_client = card_of(hub)["license"]
        push(license="CC-BY-4.0")

    files = hub.repos[REPO]
    assert (kept, older_client, card_of(hub)["license"]) == ("mit", "mit", "cc-by-4.0")
    assert b"# By hand" in files["README.md"]
    assert sorted(files) == ["LICENSE", "README.md", "data/notes.csv", "data/train-00000-of-00001.parquet"]


def test_commit_that_came_between_is_not_written_over(tmp_path: Path) -> None:
    with service(tmp_path) as (hub, push):
        push()
        hub.meanwhile = lambda: hub.repos[REPO].update({"README.md": b"# Written this minute\n"})
        refused = push()
        again = push()

    assert (refused.status_code, "A commit has happened since" in refused.json()["error"]) == (400, True)
    assert again.status_code == 200
    assert b"# Written this minute" in hub.repos[REPO]["README.md"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param({"dry_run": True}, "dry_run: unknown; want some of", id="unknown field"),
        pytest.param({"create_pr": "perhaps"}, "create_pr: want true or false", id="no flag"),
        pytest.param({"revision": "a", "branch": "b"}, "branch: is not the same as revision", id="two branches"),
        pytest.param(
            {"revision": "a", "create_pr": True}, "create_pr: is a pull request to main", id="branch and pull"
        ),
        pytest.param({"license": "my-lic"}, "license: got 'my-lic', want an identifier", id="licence"),
        pytest.param({"license": "mit", "license_name": "x"}, "license_name: goes with license=other", id="its name"),
    ],
)
def test_push_that_asks_for_what_cannot_be_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
    body: dict[str, Any],
    says: str,
    refusing: Callable[..., requests.Response],
) -> None:
    answer = refusing(**body)

    assert (answer.status_code, says in answer.json()["error"]) == (400, True), answer.text


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., requests.Response]]:
    with service(tmp_path_factory.mktemp("refusing")) as (hub, push):
        yield push
        assert hub.repos == {}


NOON = datetime.datetime(2024, 1, 2, 12, 0, 0, 678901)
COLUMNS: dict[str, pl.Series] = {
    "x_list": pl.Series([["a", None], [], None]),
    "x_struct": pl.Series([{"a": 1, "b": ["x"]}, {"a": None, "b": None}, None]),
    "x_list_of_struct": pl.Series([[{"k": "v"}], [], None]),
    "x_list_of_list": pl.Series([[[1], []], [], None]),
    "x_array": pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int64, 2)),
    "x_datetime": pl.Series([NOON, None, None]),
    "x_datetime_ns": pl.Series([NOON, None, None], dtype=pl.Datetime("ns")),
    "x_datetime_zone": pl.Series([NOON, None, None], dtype=pl.Datetime("us", "Europe/Berlin")),
    "x_date": pl.Series([NOON.date(), None, None]),
    "x_time": pl.Series([NOON.time(), None, None]),
    "x_duration": pl.Series([datetime.timedelta(seconds=5, microseconds=1), None, None]),
    "x_decimal": pl.Series([decimal.Decimal("1.50"), None, None]),
    "x_binary": pl.Series([b"\x00\xff", None, None]),
    "x_category": pl.Series(["a", None, "b"], dtype=pl.Categorical()),
    "x_enum": pl.Series(["a", None, None], dtype=pl.Enum(["a", "b"])),
    "x_uint64": pl.Series([2**64 - 1, None, 1], dtype=pl.UInt64),
    "x_int8": pl.Series([-1, None, 1], dtype=pl.Int8),
    "x_float32": pl.Series([1.5, None, None], dtype=pl.Float32),
    "x_bool": pl.Series([True, None, False]),
    "x_null": pl.Series([None, None, None], dtype=pl.Null),
}


@pytest.fixture(scope="module")
def of_all_types(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, pl.DataFrame]:
    """Push a data set with a column of each type; return the repository, and what it must hold."""
    folder = tmp_path_factory.mktemp("types")
    rows = pl.DataFrame([sample(id=f"s{n}") for n in range(3)]).with_columns(
        **{name: series.alias(name) for name, series in COLUMNS.items()}
    )
    rows.write_parquet(folder / "train.parquet")
    with service(folder, rows=0) as (hub, push):
        assert push().status_code == 200
    return cloned(hub, folder), rows


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
@pytest.mark.filterwarnings("error")
def test_every_type_comes_back_from_a_pushed_repository(
    of_all_types: tuple[str, pl.DataFrame], streaming: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    repository, rows = of_all_types

    opened = datasets.load_dataset(repository, split="train", streaming=streaming, cache_dir=str(tmp_path / "cache"))
    found = list(opened)

    assert [record.message for record in caplog.records if record.name.startswith("datasets")] == []
    # Polars' Python objects have neither nanoseconds of pandas nor a zone by name: compared as values.
    for name in COLUMNS:
        if name == "x_datetime_ns":
            assert [row[name] and row[name].to_pydatetime() for row in found] == rows[name].to_list()
        else:
            assert [row[name] for row in found] == rows[name].to_list(), name
    assert opened.features["x_datetime"] == datasets.Value("timestamp[us]")
    assert opened.features["x_duration"] == datasets.Value("duration[us]")
    assert opened.features["x_array"] == datasets.List(datasets.Value("int64"), length=2)


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("form", ["parquet", "json", "csv"])
def test_pushed_splits_open_with_the_datasets_library_without_a_warning(
    tmp_path: Path, form: str, streaming: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with service(tmp_path) as (hub, push):
        push(splits="0.5,0.25,0.25", format=form)

    opened = datasets.load_dataset(
        cloned(hub, tmp_path), streaming=streaming, cache_dir=str(tmp_path / "cache"), verification_mode="all_checks"
    )

    assert {name: len(list(opened[name])) for name in opened} == {"train": 6, "validation": 3, "test": 3}
    assert set(next(iter(opened["train"]))) >= {"id", "question", "answer"}
    assert [record.message for record in caplog.records if record.name.startswith("datasets")] == []
    with warnings.catch_warnings():  # a streamed CSV file is left to the garbage collector by the library
        warnings.simplefilter("ignore", ResourceWarning)
        del opened
        gc.collect()


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_json_lines_of_all_types_open_with_a_column_that_one_split_lacks(
    tmp_path: Path, streaming: bool, caplog: pytest.LogCaptureFixture
) -> None:
    rows = pl.DataFrame([sample(id=f"s{n}", question=f"Question {n}?", answer=f"Answer {n}.") for n in range(3)])
    rows.with_columns(
        **{name: series.alias(name) for name, series in COLUMNS.items() if name != "x_uint64"}
    ).write_parquet(tmp_path / "train.parquet")
    with service(tmp_path, rows=0) as (hub, push):
        assert push(format="json", splits="0.34,0.33,0.33").status_code == 200

    opened = datasets.load_dataset(cloned(hub, tmp_path), streaming=streaming, cache_dir=str(tmp_path / "cache"))
    found = {row["id"]: row for name in opened for row in opened[name]}

    assert sorted(found) == ["s0", "s1", "s2"]
    assert [found[f"s{n}"]["x_list_of_struct"] for n in range(3)] == [[{"k": "v"}], [], None]
    assert [found[f"s{n}"]["x_decimal"] for n in range(3)] == ["1.50", None, None]
    assert [found[f"s{n}"]["x_duration"] for n in range(3)] == [5.000001, None, None]
    assert [found[f"s{n}"]["x_binary"] for n in range(3)] == ["AP8=", None, None]
    assert [found[f"s{n}"]["x_bool"] for n in range(3)] == [True, None, False]
    assert [record.message for record in caplog.records if record.name.startswith("datasets")] == []
