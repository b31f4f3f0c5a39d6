"""The data endpoints of the contract, with a real data set behind them."""

import io
import json
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient

from bootstrap import Service
from tests.api.calls import get, ids, post
from tests.fakes import sample

STATS = {
    "total", "columns", "difficulty_distribution", "top_topics", "sample_type_distribution", "jurisdiction_distribution",
    "avg_lengths", "unique_topics", "unique_practice_areas", "total_topics", "total_difficulties", "file_size_kb",
}  # fmt: skip


@pytest.fixture
def filled(client: FlaskClient, service: Service) -> FlaskClient:
    for n in range(6):
        row = sample(
            id=f"s{n}",
            difficulty=("basic", "expert")[n % 2],
            topic=("Tort Law - Nuisance", "Contract Law - Formation of Contracts")[n % 2],
            batch_id="batch_1_00000000" if n < 4 else "",
            provider="groq" if n < 3 else None,
            created_at=f"2026-01-0{n + 1}T00:00:00Z",
            answer=f"The answer number {n} speaks of Négligence.",
        )
        service.dataset.keep(row)
    return client


def test_data_is_a_bare_array_newest_first_with_its_total(filled: FlaskClient) -> None:
    response = filled.get("/api/data?difficulty=basic&limit=2")

    assert ids(response.get_json()) == ["s4", "s2"]
    assert response.headers["X-Total-Count"] == "3"
    assert ids(get(filled, "data")) == ["s5", "s4", "s3", "s2", "s1", "s0"]
    assert ids(get(filled, "data?offset=4")) == ["s1", "s0"]
    assert get(filled, "data?topic=none") == []


def test_walk_by_cursor_meets_every_sample_once_while_others_come(filled: FlaskClient) -> None:
    seen: list[str] = []
    cursor = ""
    for turn in range(10):
        response = filled.get(f"/api/data?limit=2&cursor={cursor}")
        seen += ids(response.get_json())
        if turn == 0:
            post(filled, "add", sample(id="new", created_at="2026-02-01T00:00:00Z"))
        cursor = response.headers.get("X-Next-Cursor", "")
        if not cursor:
            break

    assert seen == ["s5", "s4", "s3", "s2", "s1", "s0"]


@pytest.mark.parametrize("sort", ["created_at", "-id", "difficulty", "-answer_chars", "provider", "longest"])
def test_every_order_can_be_walked_by_cursor(filled: FlaskClient, sort: str) -> None:
    whole = ids(get(filled, f"samples/filter?sort={sort}")["samples"])
    seen: list[str] = []
    cursor = ""
    while len(seen) < 20:
        page = get(filled, f"samples/filter?sort={sort}&limit=2&cursor={cursor}")
        seen += ids(page["samples"])
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == whole
    assert len(whole) == 6


def test_filter_answers_with_page_total_and_filters(filled: FlaskClient) -> None:
    page = get(filled, "samples/filter?provider=groq&limit=2&offset=1&sort=created_at&q=ignored")

    assert set(page) == {"success", "samples", "count", "total", "filters", "next_cursor"}
    assert (ids(page["samples"]), page["count"], page["total"]) == (["s1", "s2"], 2, 3)
    assert page["filters"] == {"provider": "groq"}


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("samples/filter?sort=colour", "sort: got 'colour'"),
        ("samples/filter?cursor=xyz", "cursor: not one of this list"),
        ("samples/filter?limit=-1", "limit: got -1"),
        ("samples/filter?limit=99999", "at most 10000"),
        ("data?limit=many", "limit: got 'many'"),
        ("search", "q: is missing"),
        ("search?q=x&field=id", "field: got 'id'"),
        ("search?q=x&snippets=perhaps", "snippets: got 'perhaps'"),
        ("export?format=xml", "format: got 'xml'"),
        ("export?format=xml", "preferences, preference_messages"),
        ("export?colour=red", "colour: unknown"),
        ("export?splits=1", "splits: got '1'"),
    ],
)
def test_bad_query_is_a_sentence(filled: FlaskClient, path: str, says: str) -> None:
    assert says in get(filled, path, 400)["error"]


def test_statistics_have_every_key(filled: FlaskClient) -> None:
    stats = get(filled, "stats")
    detailed = get(filled, "stats/detailed")["stats"]
    tokens = get(filled, "stats/tokens")["stats"]

    assert set(stats) == STATS
    assert set(detailed) >= {
        "total_samples", "difficulty_breakdown", "topic_breakdown", "practice_areas", "avg_lengths", "unique_topics", "unique_practice_areas",
    }  # fmt: skip
    assert detailed["difficulty_breakdown"][0] == {
        "difficulty": "basic", "count": 3, "avg_question_length": 15.0, "avg_answer_length": 41.0,
    }  # fmt: skip
    assert detailed["practice_areas"][0] == {"practice_area": "Contract Law", "len": 3, "count": 3}
    assert detailed["provider_breakdown"] == [{"provider": "groq", "count": 3}]
    assert set(tokens) >= {
        "total_tokens", "total_samples", "avg_tokens_per_sample", "tokens_by_field", "tokens_by_difficulty",
        "tokens_by_practice_area", "estimated_costs", "encoding",
    }  # fmt: skip
    assert set(tokens["tokens_by_field"]) == {"question", "answer", "reasoning", "case_citation", "topic"}
    assert sum(field["total"] for field in tokens["tokens_by_field"].values()) == tokens["total_tokens"]
    assert sum(level["sample_count"] for level in tokens["tokens_by_difficulty"].values()) == 6
    assert round(sum(field["percentage"] for field in tokens["tokens_by_field"].values())) == 100


def test_token_counts_are_the_same_before_and_after_a_fold(filled: FlaskClient) -> None:
    before = get(filled, "stats/tokens")["stats"]

    assert post(filled, "dataset/fold")["folded"] == 6

    assert get(filled, "stats/tokens")["stats"] == before
    post(filled, "add", sample(id="more"))
    assert get(filled, "stats/tokens")["stats"]["total_tokens"] > before["total_tokens"]


def test_statistics_of_an_empty_data_set_are_zeros(client: FlaskClient) -> None:
    assert get(client, "stats")["total"] == 0
    assert get(client, "stats/detailed")["stats"]["difficulty_breakdown"] == []
    tokens = get(client, "stats/tokens")["stats"]
    assert (tokens["total_tokens"], tokens["avg_tokens_per_sample"], tokens["tokens_by_difficulty"]) == (0, 0.0, {})


def test_search_ignores_case_and_accents_and_takes_signs_as_they_are(filled: FlaskClient) -> None:
    answer = get(filled, "search?q=NEGLIGENCE&limit=2&snippets=true")

    assert set(answer) == {"success", "results", "count", "query", "field", "snippets"}
    assert (ids(answer["results"]), answer["count"], answer["field"]) == (["s5", "s4"], 2, "all")
    assert "<mark>Négligence</mark>" in answer["snippets"]["s5"]["answer"]
    assert get(filled, "search?q=%28")["count"] == 0
    assert get(filled, "search?q=%25")["count"] == 0
    assert get(filled, "search?q=nuisance&difficulty=expert")["count"] == 0


def test_random_samples_are_cut_to_what_exists(filled: FlaskClient) -> None:
    drawn = get(filled, "samples/random?difficulty=basic&count=50")

    assert (sorted(ids(drawn["samples"])), drawn["count"]) == (["s0", "s2", "s4"], 3)
    assert get(filled, "samples/random")["count"] == 5
    assert get(filled, "samples/random?count=-3")["samples"] == []
    assert get(filled, "samples/random?count=0")["count"] == 0
    assert get(filled, "samples/random?seed=5")["samples"] == get(filled, "samples/random?seed=5")["samples"]


@pytest.mark.parametrize(
    ("sample_id", "name"), [("s0", "s0.json"), ("../a b/é", "a_b.json"), ("a//b", "a_b.json"), ("é", "sample.json")]
)
def test_download_of_one_is_indented_json_under_a_safe_name(filled: FlaskClient, sample_id: str, name: str) -> None:
    if sample_id != "s0":
        post(filled, "add", sample(id=sample_id))
    response = filled.get(f"/api/sample/{sample_id.replace('../', '%2E%2E/')}/download")

    assert response.mimetype == "application/json"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert json.loads(response.data)["id"] == sample_id
    assert b'\n  "question"' in response.data


def test_download_of_many_is_json_lines_in_the_order_asked(filled: FlaskClient) -> None:
    response = filled.post("/api/samples/download", json={"sample_ids": ["s3", "no", "s1", "s3"]})

    assert response.mimetype == "application/x-ndjson"
    assert response.headers["Content-Disposition"] == 'attachment; filename="samples_2.jsonl"'
    assert [json.loads(line)["id"] for line in response.data.splitlines()] == ["s3", "s1"]
    assert "sample_ids: is missing" in post(filled, "samples/download", {}, 400)["error"]
    assert "none of the 1 was found" in post(filled, "samples/download", {"sample_ids": ["no"]}, 404)["error"]


@pytest.mark.parametrize("sample_id", ["/leads", "a//b", "a/b", "ü %?#", "trailing/", "."])
def test_any_id_can_be_read_changed_and_deleted(client: FlaskClient, sample_id: str) -> None:
    from urllib.parse import quote

    post(client, "add", sample(id=sample_id))
    path = f"/api/sample/{quote(sample_id, safe='')}"

    assert client.get(path).get_json()["sample"]["id"] == sample_id
    assert client.put(path, json={"answer": "new"}).get_json()["sample"]["answer"] == "new"
    assert client.delete(path).get_json()["total_samples"] == 0


@pytest.mark.parametrize(
    "sample_id", ["a/download", "a/b/review", "a/citations", "/duplicates", "x/reviews", ".", "..", "a"]
)
def test_id_that_no_path_leads_to_is_reached_by_the_query(client: FlaskClient, sample_id: str) -> None:
    from urllib.parse import quote

    post(client, "add", sample(id=sample_id))
    path = f"/api/sample?id={quote(sample_id, safe='')}"

    assert client.get(path).get_json()["sample"]["id"] == sample_id
    assert client.put(path, json={"answer": "new"}).get_json()["sample"]["answer"] == "new"
    assert client.put(path, json={"id": "plain"}).get_json()["sample"]["id"] == "plain"
    assert client.get(path).status_code == 404
    assert client.delete("/api/sample?id=plain").get_json()["total_samples"] == 0
    assert "id: is missing" in client.get("/api/sample").get_json()["error"]


@pytest.mark.parametrize("page", ["download", "citations", "duplicates", "reviews"])
def test_pages_of_a_sample_whose_id_ends_like_a_page_are_its_own(client: FlaskClient, page: str) -> None:
    post(client, "add", sample(id="a"))
    post(client, "add", sample(id=f"a/{page}", question="Another?"))

    own = client.get(f"/api/sample/a/{page}/download")

    assert own.get_json()["question"] == "Another?"
    assert client.get(f"/api/sample/a/{page}/{page}").status_code == 200


@pytest.mark.parametrize("sample_id", ["a\x00b", "a\nb", "x" * 501, " "])
def test_id_that_could_never_be_asked_for_is_refused(client: FlaskClient, sample_id: str) -> None:
    assert "id" in post(client, "add", sample(id=sample_id), 400)["error"]


def test_samples_and_quality_of_a_batch(filled: FlaskClient) -> None:
    samples = get(filled, "batch/batch_1_00000000/samples")
    quality = get(filled, "batch/batch_1_00000000/quality")

    assert (samples["count"], samples["batch_info"], ids(samples["samples"])) == (4, None, ["s3", "s2", "s1", "s0"])
    assert set(quality["metrics"]) == {
        "total_samples", "total_tokens", "avg_tokens_per_sample", "avg_answer_length", "avg_reasoning_length", "avg_citation_length",
    }  # fmt: skip
    assert quality["distributions"]["difficulty"] == {"basic": 2, "expert": 2}
    assert quality["quality_score"]["rating"] == "Needs Review"
    assert "Average answer has 41 characters, want at least 300" in quality["quality_score"]["issues"]
    assert "has no samples" in get(filled, "batch/none/samples", 404)["error"]
    assert "has no samples" in get(filled, "batch/none/quality", 404)["error"]


def test_import_takes_content_a_file_or_the_body_itself(client: FlaskClient) -> None:
    def line(name: str) -> str:
        return json.dumps(sample(id=name))

    first = post(client, "import/jsonl", {"content": f"\n{line('a')}\n\n{line('b')}\n"})
    second = post(
        client, "import/jsonl", data={"file": (io.BytesIO(f"[{line('c')}]".encode()), "x.json"), "dry_run": "false"}
    )
    third = client.post(
        "/api/import?on_duplicate=skip", data=f"{line('c')}\n{line('d')}".encode(), content_type="application/x-ndjson"
    ).get_json()

    assert (first["added"], first["total_samples"], first["message"]) == (2, 2, "2 samples imported")
    assert (second["added"], second["total_samples"]) == (1, 3)
    assert (third["added"], third["skipped"], third["total_samples"]) == (1, 1, 4)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "content: is empty"),
        ({"content": " \n "}, "content: is empty"),
        ({"content": "{"}, "Line 1: Invalid JSON - "),
        ({"content": '\n{"id": "x"}'}, "Line 2: Missing required fields: question, answer"),
        ({"content": json.dumps(sample(id="s0"))}, "Duplicate ids: 1 exist already (s0)"),
    ],
)
def test_import_that_is_refused_says_where_and_why(filled: FlaskClient, body: dict[str, str], says: str) -> None:
    answer = post(filled, "import/jsonl", body, 400)

    assert says in answer["error"]
    assert get(filled, "stats")["total"] == 6
    if "Line" in says:
        assert answer["problem_count"] == 1
        assert answer["problems"][0]["place"] in ("Line 1", "Line 2")


def test_export_streams_a_file_with_its_name(filled: FlaskClient) -> None:
    response = filled.get("/api/export?format=parquet&fields=id,answer&difficulty=basic")

    assert response.headers["Content-Disposition"] == 'attachment; filename="legal-training-dataset.parquet"'
    assert response.headers["X-Total-Count"] == "3"
    table = pq.read_table(io.BytesIO(response.data))
    assert table.column_names == ["id", "answer"]
    assert table["id"].to_pylist() == ["s0", "s2", "s4"]
    assert {row["id"] for row in get(filled, "export/formats")["formats"]} >= {"jsonl", "messages"}


def test_report_tells_the_state_of_the_file(filled: FlaskClient, tmp_path: Path) -> None:
    before = get(filled, "dataset/report")
    post(filled, "dataset/fold")
    pl.DataFrame([sample(id="theirs", difficulty=None)]).write_parquet(tmp_path / "train.parquet")
    after = get(filled, "dataset/report")

    assert (before["samples"], before["in_file"], before["waiting_changes"], before["file"]) == (6, 0, 6, None)
    assert (after["samples"], after["in_file"], after["waiting_changes"]) == (1, 1, 0)
    assert after["events"][0]["changes"][0].startswith("column ")
    assert get(filled, "sample/theirs")["sample"]["difficulty"] == "intermediate"


def test_file_that_cannot_be_read_is_not_called_the_data_set(client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_bytes(b"not parquet" * 1000)

    assert get(client, "health")["dataset_exists"] is False
    assert get(client, "stats")["file_size_kb"] == 0


def test_new_endpoints_refuse_fields_that_they_do_not_know(client: FlaskClient) -> None:
    assert "colour: unknown; want some of erase" in post(client, "dataset/fold", {"colour": "red"}, 400)["error"]
    assert "colour: unknown; want nothing" in post(client, "dataset/backup", {"colour": "red"}, 400)["error"]


def test_backups_are_made_listed_and_rolled(filled: FlaskClient, tmp_path: Path) -> None:
    made = [post(filled, "dataset/backup")["backup"]["name"] for _ in range(3)]

    listed = get(filled, "dataset/backups")["backups"]

    assert [row["name"] for row in listed] == sorted(made, reverse=True)[:2]
    assert listed[0]["samples"] == 6
    assert (tmp_path / "backups" / made[-1] / "batches.db").exists()


def test_push_without_a_token_or_to_nowhere_says_so(filled: FlaskClient, service: Service) -> None:
    assert "token: is missing" in post(filled, "huggingface/push", status=400)["error"]
    refused = post(filled, "huggingface/push", {"token": "t", "format": "xml"}, 400)
    assert "format: got 'xml', want one of parquet, json" in refused["error"]
    assert "cannot be reached" in post(filled, "huggingface/push", {"token": "t", "repo_name": "a/b"}, 400)["error"]
    assert client_options(filled) == 200


def client_options(client: FlaskClient) -> int:
    return client.options("/api/huggingface/push").status_code


SEVEN = ("id", "question", "answer", "topic", "difficulty", "case_citation", "reasoning")


@pytest.fixture
def uncited(client: FlaskClient, service: Service) -> FlaskClient:
    """A client of a data set of others: without citations, with a level that is none of ours."""
    rows = {
        "id": ["a"],
        "question": ["q"],
        "answer": ["a"],
        "topic": ["T - U"],
        "difficulty": ["Hard"],
        "reasoning": [" "],
    }
    pl.DataFrame({**rows, "case_citation": [None]}).write_parquet(service.dataset.path)
    return client


@pytest.mark.parametrize("blank", ["", None, " "])
@pytest.mark.parametrize("names", [SEVEN, None])
def test_sample_of_others_is_saved_by_a_client_that_sends_all_fields(
    uncited: FlaskClient, blank: str | None, names: tuple[str, ...] | None
) -> None:
    got = get(uncited, "sample/a")["sample"]
    sent = {name: got[name] for name in names or got} | {"case_citation": blank, "answer": "better"}

    saved = uncited.put("/api/sample/a", json=sent)

    assert saved.status_code == 200, saved.text
    assert saved.get_json()["sample"]["answer"] == "better"
    assert saved.get_json()["sample"]["difficulty"] == "Hard"


def test_sample_of_others_is_edited_in_a_review_that_sends_all_texts(uncited: FlaskClient) -> None:
    got = get(uncited, "sample/a")["sample"]
    changes = {name: got[name] for name in SEVEN[1:]} | {"answer": "better"}

    answer = post(uncited, "sample/a/review", {"decision": "edit", "reason": "clearer", "changes": changes})

    assert answer["sample"]["answer"] == "better"


def test_field_that_has_a_value_cannot_become_empty(filled: FlaskClient) -> None:
    for name in SEVEN[1:]:
        answer = filled.put("/api/sample/s0", json={name: ""})

        assert (answer.status_code, answer.get_json()["error"]) == (400, f"Missing required fields: {name}")


def test_sample_that_cites_nothing_is_added_with_a_note_and_one_without_the_key_is_not(client: FlaskClient) -> None:
    added = post(client, "add", sample(case_citation=""))["sample"]

    assert (added["case_citation"], json.loads(added["quality_issues"])) == (
        "", ["imported: without case_citation, left empty"],
    )  # fmt: skip
    without = {name: value for name, value in sample(id="s2").items() if name != "case_citation"}
    assert "Missing required fields: case_citation" in post(client, "add", without, status=400)["error"]
    both = post(client, "add", sample(id="s2", case_citation="", reasoning=""), status=400)
    assert both["error"] == "Missing required fields: reasoning"


def test_sample_was_last_changed_when_it_was_made(client: FlaskClient) -> None:
    added = post(client, "add", sample())["sample"]
    edited = client.put("/api/sample/s1", json={"answer": "other"}).get_json()["sample"]

    assert added["updated_at"] == added["created_at"]
    assert edited["updated_at"] >= added["updated_at"]
    assert edited["created_at"] == added["created_at"]


def test_many_samples_are_changed_and_the_change_is_undone(filled: FlaskClient) -> None:
    wanted = {"filter": {"difficulty": "expert"}, "set": {"topic": "X - Y"}}

    dry = post(filled, "samples/bulk", {**wanted, "dry_run": True})
    done = post(filled, "samples/bulk", {**wanted, "expect": dry["matched"]})
    listed = get(filled, "samples/bulk")["changes"]
    changed = get(filled, "data?topic=X - Y")
    undone = post(filled, "samples/bulk/undo", {"undo": done["undo"]})

    assert (dry["message"], done["message"]) == ("3 samples would be changed", "3 samples changed")
    assert sorted(ids(changed)) == sorted(done["ids"]) == ["s1", "s3", "s5"]
    assert (listed[0]["undo"], listed[0]["change"]["set"]) == (done["undo"], {"topic": "X - Y"})
    assert undone["restored"] == 3
    assert get(filled, "data?topic=X - Y") == []


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 400, "filter: is missing"),
        ({"filter": {}, "delete": True}, 400, "say which samples, or all=true alone"),
        ({"filter": {"all": True}}, 400, "give set or delete=true"),
        ({"filter": {"tpoic": "x"}, "delete": True}, 400, "tpoic"),
        ({"filter": {"all": True}, "set": {"answer": "x"}}, 400, "answer cannot be set for many"),
        ({"filter": {"all": True}, "delete": True, "expect": 1}, 400, "6 samples match, not 1"),
    ],
)
def test_change_of_many_that_is_unclear_is_refused(
    filled: FlaskClient, body: dict[str, object], status: int, says: str
) -> None:
    assert says in post(filled, "samples/bulk", body, status)["error"]
    assert "not found" in post(filled, "samples/bulk/undo", {"undo": "none"}, 404)["error"]
    assert len(get(filled, "data")) == 6


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        pytest.param("/api/sample/s1", {"GET", "PUT", "DELETE", "HEAD", "OPTIONS"}, id="sample"),
        pytest.param("/api/sample/s1/citations", {"GET", "HEAD", "OPTIONS"}, id="what belongs to it"),
    ],
)
def test_options_are_those_of_the_route_itself(client: FlaskClient, path: str, methods: set[str]) -> None:
    assert set(client.options(path).allow) == methods


@pytest.fixture
def grounded(client: FlaskClient, service: Service) -> FlaskClient:
    for name, level, licence in (("free", "grounded", "own"), ("unnamed", "grounded", ""), ("half", "partly", "own")):
        source = {"file_id": "f", "title": "Act", "licence": licence, "quotes": ["It is."], "spans": [[1, 6]]}
        service.dataset.keep(sample(id=name, grounding=level, sources=json.dumps([source])))
    service.dataset.keep(sample(id="plain"))
    return client


@pytest.mark.parametrize(
    ("query", "expected", "left_out"),
    [
        ("", ["free", "half", "plain"], "licence=1"),
        ("grounding=any", ["free", "half", "plain"], "licence=1"),
        ("grounding=partly", ["free", "half"], "licence=1"),
        ("grounding=grounded&include=fit", ["free"], "licence=1"),
        ("grounding=grounded&include=unlicensed", ["free", "unnamed"], None),
        ("include=all", ["free", "half", "plain", "unnamed"], None),
    ],
)
def test_export_keeps_to_licences_and_to_how_samples_stand_on_law(
    grounded: FlaskClient, query: str, expected: list[str], left_out: str | None
) -> None:
    response = grounded.get(f"/api/export?{query}")

    assert sorted(json.loads(line)["id"] for line in response.data.splitlines()) == expected
    assert response.headers.get("X-Left-Out") == left_out


@pytest.mark.parametrize(
    ("query", "says"), [("grounding=none", "want any, partly or grounded"), ("include=x", "want fit")]
)
def test_export_by_a_word_that_there_is_not_is_refused(grounded: FlaskClient, query: str, says: str) -> None:
    assert says in get(grounded, f"export?{query}", 400)["error"]


def test_samples_are_found_and_sorted_by_how_they_stand_on_law(grounded: FlaskClient) -> None:
    found = get(grounded, "samples/filter?grounding=grounded")

    assert sorted(ids(found["samples"])) == ["free", "unnamed"]
    assert found["filters"] == {"grounding": "grounded"}
    assert ids(get(grounded, "samples/filter?sort=grounding")["samples"])[-1] == "plain"


def test_changed_answer_is_not_proved_any_more_and_nobody_claims_that_it_is(grounded: FlaskClient) -> None:
    claimed = grounded.put("/api/sample/half", json={"grounding": "grounded"})
    changed = grounded.put("/api/sample/free", json={"answer": "Another rule altogether."})

    assert (claimed.status_code, changed.status_code) == (400, 200)
    sample = changed.get_json()["sample"]
    assert sample["grounding"] is None
    assert json.loads(sample["sources"]) == [
        {"file_id": "f", "title": "Act", "licence": "own", "quotes": [], "spans": []}
    ]


EDIT = {"decision": "edit", "reason": "It was out of date.", "reviewer": "ann"}


@pytest.mark.parametrize("field", ["answer", "reasoning"])
@pytest.mark.parametrize("by", ["a change", "a review"])
def test_sample_of_a_changed_text_stays_bound_by_the_licences_of_its_sources(
    grounded: FlaskClient, by: str, field: str
) -> None:
    change = {field: "Another rule altogether."}
    if by == "a change":
        answer = grounded.put("/api/sample/unnamed", json=change)
    else:
        answer = grounded.post("/api/sample/unnamed/review", json={**EDIT, "changes": change})

    assert answer.status_code == 200
    assert "It is." not in answer.get_json()["sample"]["sources"]
    assert grounded.get("/api/export?format=jsonl").headers["X-Left-Out"] == "licence=1"


def test_sample_of_which_no_text_was_changed_keeps_what_is_proved(grounded: FlaskClient) -> None:
    same = get(grounded, "sample/free")["sample"]
    changed = grounded.put("/api/sample/free", json={"answer": same["answer"], "topic": "Contract Law - Offer"})

    assert changed.get_json()["sample"]["grounding"] == "grounded"
    assert "It is." in changed.get_json()["sample"]["sources"]
