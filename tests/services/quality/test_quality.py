"""The examiner, benchmarks, the audit, the report, review and its pairs, authorities brought in, lookups."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap import Service, build
from models.batches.review_store import ReviewStore
from models.catalogue.authority_store import AuthorityStore
from models.contract.answers.quality_report import ValidRate
from models.contract.bodies import Review
from models.samples.sample_store import SampleStore
from models.samples.snapshot import POSITION
from services.citations.authority_import import FORMATS, import_authorities
from services.citations.checker import CitationChecker
from services.citations.local_index import LocalIndex
from services.citations.lookup import Lookup
from services.citations.tables import load_reference
from services.drafts.draft import Draft
from services.quality.benchmarks import Benchmarks, grams
from services.quality.citation_audit import CitationAudit
from services.quality.duplicates.sketch import exact_key
from services.quality.examiner import Examiner, ExaminerSettings, Task
from services.quality.report.measuring import _NUMBER, _PII, Measures, _pii_in, build_report, to_json
from services.quality.report.page import _bars, render
from services.quality.review_service import ReviewService, lines
from tests.fakes import CATALOG, CATALOGUE, CHECKER, examiner, sample, settings_for
from tests.services.quality.test_validation import GOOD, KIND
from utils.clock import ManualClock
from utils.errors import InputError, NotFoundError, QualityError, UnavailableError

TASK = Task(KIND, CATALOGUE.requirements(KIND, CATALOGUE.difficulty("basic")), "uk", "owner")
INVENTED = "Marsh v Baird [2007] UKSC 4"
UNKNOWN = "Marsh v Baird [2015] EWHC 901 (Ch)"


def with_citation(cite: str) -> tuple[Draft, dict[str, Any]]:
    draft = Draft(GOOD.question, f"{GOOD.answer} See {cite}.", GOOD.case_citation, GOOD.reasoning)
    fields = {"id": "x", "question": draft.question, "answer": draft.answer}
    return draft, {**fields, "case_citation": draft.case_citation, "reasoning": draft.reasoning}


# --- the examiner ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "cite", "refused"),
    [
        ("no_invalid", INVENTED, "citation invalid: Marsh v Baird [2007] UKSC 4: UKSC sat from 2009, not in 2007"),
        ("no_invalid", UNKNOWN, None),
        ("verified_only", UNKNOWN, "citation unverified"),
        ("verified_only", INVENTED, "citation invalid"),
        ("off", INVENTED, None),
    ],
)
def test_policy_decides_which_citations_refuse_a_draft(policy: Any, cite: str, refused: str | None) -> None:
    draft, fields = with_citation(cite)
    if refused is None:
        marks = examiner(policy).examine(draft, TASK, fields).marks
        assert marks["citation_verdict"] == ("invalid" if cite == INVENTED else "unverified")
        return
    with pytest.raises(QualityError) as raised:
        examiner(policy).examine(draft, TASK, fields)
    assert str(raised.value).startswith(refused)
    assert raised.value.field == "citation"
    assert raised.value.labelled().startswith("[quality_error] citation")


def test_columns_of_a_sample_hold_every_citation_with_its_place() -> None:
    draft, fields = with_citation(UNKNOWN)

    marks = examiner().examine(draft, TASK, fields).marks

    found = json.loads(marks["citations"])
    assert {row["field"] for row in found} == {"case_citation", "answer"}
    assert all(fields[row["field"]][row["start"] : row["end"]] == row["text"] for row in found)
    assert 0 < marks["quality_score"] < 1
    assert f"unverified: {UNKNOWN.removeprefix('Marsh v Baird ')}" in json.loads(marks["quality_issues"])


def test_draft_that_copies_a_benchmark_is_refused(tmp_path: Path) -> None:
    (tmp_path / "held.jsonl").write_text(json.dumps({"q": {"text": [GOOD.answer]}}))
    Benchmarks(tmp_path).build("held", [tmp_path / "held.jsonl"])
    draft, fields = with_citation("Theft Act 1968, s 1")

    with pytest.raises(QualityError, match=r"contaminated: \d+ windows of 13 words stand in the benchmark held"):
        examiner(folder=tmp_path).examine(draft, TASK, fields)


# --- benchmarks ------------------------------------------------------------------------------


@given(st.text("ab c.", max_size=80), st.text("ab c.", max_size=40))
def test_every_copy_of_thirteen_words_is_found(before: str, after: str) -> None:
    passage = "the quick court of appeal held on monday that nothing was owed to them"

    mine = set(grams(f"{before} {passage.upper()} {after}").tolist())

    assert set(grams(passage).tolist()) <= mine


def test_benchmark_is_made_of_any_kind_of_file_and_holds_no_text(tmp_path: Path) -> None:
    words = " ".join(f"word{n}" for n in range(20))
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": words}) + "\n")
    (tmp_path / "b.tsv").write_text(f"1\t{words} tsv\n")
    (tmp_path / "c.csv").write_text(f"id,text\n1,{words} csv\n")
    (tmp_path / "d.txt").write_text(f"{words} plain\n")
    pl.DataFrame({"text": [f"{words} parquet"]}).write_parquet(tmp_path / "e.parquet")
    benchmarks = Benchmarks(tmp_path / "benchmarks")

    count = benchmarks.build("mine", sorted(tmp_path.glob("?.*")))

    assert count == 8 + 4
    assert benchmarks.names() == {"mine": 12}
    assert benchmarks.overlap(f"He wrote: {words}.") == {"mine": 8}
    assert benchmarks.overlap("nothing of it") == {}
    assert b"word" not in (tmp_path / "benchmarks" / "mine.13gram").read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [("a/b", "x", "want letters"), ("short", "three words only", "no text of 13 words"), ("broken", "{", "Line 1")],
)
def test_benchmark_that_cannot_be_made_says_why(tmp_path: Path, name: str, content: str, told: str) -> None:
    path = tmp_path / ("x.jsonl" if name == "broken" else "x.txt")
    path.write_text(content)

    with pytest.raises(InputError, match=told):
        Benchmarks(tmp_path / "b").build(name, [path])


def test_benchmark_is_noticed_that_comes_into_an_empty_folder(tmp_path: Path) -> None:
    folder = tmp_path / "benchmarks"
    benchmarks = Benchmarks(folder)
    text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    assert benchmarks.overlap(text) == {}
    folder.mkdir()
    os.utime(folder, (1, 1))  # as it was long ago
    assert benchmarks.overlap(text) == {}
    assert benchmarks.overlap(text) == {}

    (tmp_path / "held.txt").write_text(text)
    Benchmarks(folder).build("held", [tmp_path / "held.txt"])

    assert benchmarks.overlap(text) == {"held": 2}


def test_hashes_of_the_shared_benchmark_have_our_form(shared_data: Path, tmp_path: Path) -> None:
    shared = shared_data / "legal" / "decontam" / "legalbench_train_13gram.blake2b8.bin"
    (tmp_path / "legalbench.13gram").write_bytes(shared.read_bytes())

    assert Benchmarks(tmp_path).names()["legalbench"] == shared.stat().st_size // 8


# --- the audit -------------------------------------------------------------------------------


def test_verdict_of_samples_that_nobody_checked_is_found_out(store: SampleStore) -> None:
    store.add(sample(id="good", case_citation="Theft Act 1968, s 1"))
    store.add(sample(id="bad", case_citation=INVENTED))
    store.add(sample(id="none", case_citation="nothing"))
    audit = CitationAudit(store, CHECKER)
    journal = audit.verdicts(store.snapshot())
    store.fold(force=True)
    audit.update(lambda: False)

    for found in (journal, audit.verdicts(store.snapshot())):
        ids = store.snapshot().index().select(POSITION, "id").collect().join(found, on=POSITION)
        assert dict(zip(ids["id"], ids["citation_verdict"], strict=True)) == {
            "good": "verified",
            "bad": "invalid",
            "none": "none",
        }


def test_verdicts_stay_with_their_rows_when_others_were_changed_or_deleted(store: SampleStore) -> None:
    cites = {"good": "Theft Act 1968, s 1", "bad": INVENTED, "gone": INVENTED, "mended": INVENTED, "last": INVENTED}
    for name, cite in cites.items():
        store.add(sample(id=name, case_citation=cite))
    store.fold(force=True)
    audit = CitationAudit(store, CHECKER)
    store.delete("gone")
    store.update("mended", {"case_citation": "Theft Act 1968, s 1"})

    found = audit.verdicts(store.snapshot())

    ids = store.snapshot().index().select(POSITION, "id").collect().join(found, on=POSITION)
    assert dict(zip(ids["id"], ids["citation_verdict"], strict=True)) == {
        "good": "verified",
        "bad": "invalid",
        "mended": "verified",
        "last": "invalid",
    }


def test_large_unchecked_data_set_is_not_waited_for(store: SampleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(sample())
    store.fold(force=True)
    monkeypatch.setattr("services.quality.citation_audit._AT_ONCE", 10)

    with pytest.raises(
        UnavailableError, match=r"0 of 1 samples are checked; ask again in a while, or ask with include=all"
    ):
        CitationAudit(store, CHECKER).verdicts(store.snapshot())


# --- the report ------------------------------------------------------------------------------


def measures(folder: Path) -> Measures:
    return Measures(CATALOGUE, CHECKER, Benchmarks(folder))


def starter_frame(**changes: Any) -> pl.DataFrame:
    return pl.DataFrame([{**row.model_dump(), **changes} for row in CATALOGUE.starter])


def test_report_counts_what_was_planted(tmp_path: Path) -> None:
    rows = starter_frame(model="m", created_at="2026-11-21T00:00:00+00:00").to_dicts()
    rows[0]["answer"] += f" See {INVENTED}."
    rows[1]["answer"] += " Write to ada.moss@example.org or 020 7946 0958; NI AB 12 34 56 C; SSN 078-05-1120."
    rows[2]["reasoning"] = ""
    rows[4]["answer"] += (
        " It was so under the Data Protection Act 1998, s 7, and under Article 7 of Directive 95/46/EC."
    )
    rows.append({**rows[3], "id": "copy"})

    report = build_report([pl.DataFrame(rows)], measures(tmp_path))

    assert report["samples"] == 33
    assert report["citations"]["by_verdict"].get("invalid") == 1
    assert report["citations"]["samples_by_verdict"]["invalid"] == 1
    assert report["citations"]["by_reason"]["before_court"] == 1
    assert report["pii"] == {"e_mail": 1, "phone": 1, "ni_number": 1, "ssn": 1}
    assert report["missing_fields"] == {"reasoning": 1}
    assert report["validity"]["valid"] == 31
    assert report["duplicates"]["pairs_from_0_6"] == 1
    assert report["balance"]["entropy"]["difficulty"] == pytest.approx(1.0, abs=0.01)
    assert report["balance"]["cells"] == 32
    assert report["currency"]["by_month"] == {"2026-11": 33}
    assert report["currency"]["repealed_law_cited"] == {
        "Data Protection Act 1998 (until 2018)": 1,
        "Data Protection Directive (until 2018)": 1,
    }
    assert [row["id"] for row in report["worst"]["currency"]] == [rows[4]["id"]]
    assert {row["id"] for row in report["worst"]["citations"]} == {rows[0]["id"]}
    assert report["worst"]["pii"][0]["id"] == rows[1]["id"]
    assert json.loads(to_json(report)) == json.loads(json.dumps(report))


def test_starter_set_passes_its_own_report(tmp_path: Path) -> None:
    report = build_report([starter_frame()], measures(tmp_path))

    assert report["validity"]["rate"] == 1.0
    assert set(report["citations"]["by_verdict"]) == {"verified"}
    assert report["pii"] == {"e_mail": 0, "phone": 0, "ni_number": 0, "ssn": 0}


def test_report_works_on_any_columns_and_on_nothing(tmp_path: Path) -> None:
    odd = pl.DataFrame(
        {
            "question": ["Why?", None],
            "answer": [None, "Because."],
            "citations": [[1], [2]],
            "quality_score": ["x", "0.5"],
        }
    )

    report = build_report([odd], measures(tmp_path))
    empty = build_report([], measures(tmp_path))

    assert (report["samples"], report["missing_fields"]["question"], report["missing_fields"]["id"]) == (2, 1, 2)
    assert (empty["samples"], empty["validity"]["rate"]) == (0, None)
    with pytest.raises(InputError, match="want at least question and answer"):
        build_report([pl.DataFrame({"text": ["a"]})], measures(tmp_path))


def test_line_of_a_share_is_measured_by_one_and_that_of_a_count_by_the_longest() -> None:
    shares: dict[str, ValidRate] = {"uk": {"samples": 4, "valid": 1, "rate": 0.25}}

    assert [bar.percent for bar in _bars(shares)] == [25.0]
    assert [bar.percent for bar in _bars({"a": 5, "b": 20})] == [100.0, 25.0]


def test_page_of_the_report_escapes_what_it_shows_and_needs_nothing_from_outside(tmp_path: Path) -> None:
    frame = starter_frame(model="<script>alert(1)</script>")

    page = render(build_report([frame], measures(tmp_path)), "Quality of <b>x</b>")

    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page
    assert "<svg" in page


# --- review ----------------------------------------------------------------------------------


@pytest.fixture
def reviews(store: SampleStore, clock: ManualClock) -> ReviewService:
    return ReviewService(store, ReviewStore(store._engine, clock), examiner())


def decision(word: str, **more: Any) -> Review:
    return Review.model_validate({"decision": word, "reason": "since it is so", **more})


def test_queue_shows_the_lowest_score_first_and_what_is_decided_leaves_it(
    store: SampleStore, reviews: ReviewService
) -> None:
    for name, score in (("mid", 0.5), ("low", 0.1), ("high", 0.9), ("none", None)):
        store.add(sample(id=name, quality_score=score))

    before = [row["id"] for row in reviews.queue(10, 0, {})[0]]
    reviews.review("low", decision("accept"))
    reviews.review("mid", decision("reject", reviewer="Ada"))

    assert before == ["low", "mid", "high", "none"]
    assert ([row["id"] for row in reviews.queue(1, 0, {})[0]], reviews.queue(1, 0, {})[1]) == (["high"], 2)
    assert store.get("mid")["review"] == "rejected"
    assert reviews.history("mid")[0]["reviewer"] == "Ada"
    assert reviews.history("high") == []
    with pytest.raises(NotFoundError):
        reviews.history("nobody")


def test_edit_keeps_what_was_there_and_checks_the_citations_again(store: SampleStore, reviews: ReviewService) -> None:
    store.add(sample(citation_verdict="verified"))

    edited = reviews.review("s1", decision("edit", changes={"answer": f"See {INVENTED}."}))

    assert (edited["review"], edited["citation_verdict"]) == ("accepted", "invalid")
    assert (reviews.history("s1")[0]["before"] or {})["answer"] == sample()["answer"]
    with pytest.raises(InputError, match="cannot be edited in a review"):
        reviews.review("s1", decision("edit", changes={"id": "other"}))


@pytest.mark.parametrize("column", ["sources", "imported_sources"])
@pytest.mark.parametrize(("licence", "count"), [("", 0), ("copyright", 0), ("ogl-uk-3.0", 2)])
def test_no_pair_is_made_of_a_sample_on_a_text_that_must_stay_here(
    store: SampleStore, reviews: ReviewService, licence: str, count: int, column: str
) -> None:
    on = {column: json.dumps([{"file_id": "f", "title": "Act", "licence": licence}])}
    store.add(sample(id="edited", answer="Wrong.", **on))
    reviews.review("edited", decision("edit", changes={"answer": "Right."}))
    for name, word in (("good", "accept"), ("bad", "reject")):
        store.add(sample(id=name, question="Is silence acceptance?", answer=f"{name} answer", **on))
        reviews.review(name, decision(word))

    assert len(list(reviews.pairs())) == count


@pytest.mark.parametrize(("field", "grounding"), [("answer", None), ("reasoning", None), ("question", "grounded")])
def test_edit_of_what_was_proved_leaves_its_sources_and_no_proof(
    store: SampleStore, reviews: ReviewService, field: str, grounding: str | None
) -> None:
    sources = json.dumps([{"file_id": "f", "title": "Act", "licence": "own"}])
    store.add(sample(grounding="grounded", sources=sources))

    edited = reviews.review("s1", decision("edit", changes={field: "Quite another text."}))

    assert (edited["grounding"], edited["sources"]) == (grounding, sources)


def test_pairs_have_one_question_and_a_reason(store: SampleStore, reviews: ReviewService) -> None:
    store.add(sample(id="edited", answer="Wrong."))
    reviews.review("edited", decision("edit", changes={"answer": "Right."}))
    for name, word in (("good", "accept"), ("bad", "reject")):
        store.add(sample(id=name, question="Is silence acceptance?", answer=f"{name} answer"))
        reviews.review(name, decision(word))

    pairs = [json.loads(line) for line in lines(reviews.pairs())]

    assert {(pair["chosen"], pair["rejected"], pair["source"]) for pair in pairs} == {
        ("Right.", "Wrong.", "review"),
        ("good answer", "bad answer", "review"),
    }
    assert all(set(pair) == {"prompt", "chosen", "rejected", "reason", "source", "sample_id"} for pair in pairs)
    assert exact_key("Is silence acceptance?", "") == exact_key("is silence ACCEPTANCE", "")


# --- authorities of one's own ----------------------------------------------------------------

CASE_LAW = [
    {
        "name": "Marsh v. Baird",
        "name_abbreviation": "Marsh v. Baird",
        "decision_date": "1951-03-01",
        "citations": [{"type": "official", "cite": "190 F.2d 33"}],
    }
]
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:tna="https://caselaw.nationalarchives.gov.uk">
<entry><title>Marsh v Baird</title><tna:identifier type="ukncn">[2015] EWHC 901 (Ch)</tna:identifier></entry></feed>"""


@pytest.mark.parametrize(
    ("form", "content", "text"),
    [
        (
            "csv",
            "name,citation,jurisdiction,kind,year,source\nMarsh v Baird,[2015] EWHC 901 (Ch),uk,case,2015,me\n,nonsense,,,,\n",
            UNKNOWN,
        ),
        ("case-law", json.dumps(CASE_LAW), "Marsh v. Baird, 190 F.2d 33 (2d Cir. 1951)"),
        ("find-case-law", ATOM, UNKNOWN),
        (
            "courtlistener",
            "id,volume,reporter,page,type,cluster_id\n1,190,F.2d,33,1,7\n",
            "Marsh v. Baird, 190 F.2d 33 (2d Cir. 1951)",
        ),
    ],
)
def test_authorities_are_brought_in_from_each_form(tmp_path: Path, form: str, content: str, text: str) -> None:
    path, names = tmp_path / "file", tmp_path / "names.csv"
    path.write_text(content)
    names.write_text("id,case_name,date_filed\n7,Marsh v. Baird,1951-03-01\n")
    store = AuthorityStore(tmp_path / "authorities.db")

    found = import_authorities(path, form, store, CHECKER.extractor, names if form == "courtlistener" else None)

    checker = CitationChecker(load_reference(CATALOG / "authorities", index=LocalIndex(store)))
    assert (found.added, found.unread) == (1, 1 if form == "csv" else 0)
    assert checker.check(text)[0].finding.code == "in_index"


def test_parallel_references_of_an_imported_authority_verify_each_other(tmp_path: Path) -> None:
    path, store = tmp_path / "mine.csv", AuthorityStore(tmp_path / "authorities.db")
    path.write_text('name,citation\nMarsh v Baird,"[2015] EWHC 901 (Ch), [2015] 1 WLR 977"\n')
    import_authorities(path, "csv", store, CHECKER.extractor)
    checker = CitationChecker(load_reference(CATALOG / "authorities", index=LocalIndex(store)))

    (both,) = checker.check("Marsh v Baird [2015] EWHC 901 (Ch), [2015] 1 WLR 977")

    assert both.finding.code == "in_index"


def test_long_and_escaped_fields_of_the_bulk_files_are_read(tmp_path: Path) -> None:
    path, names = tmp_path / "citations.csv", tmp_path / "clusters.csv"
    path.write_text("id,volume,reporter,page,type,cluster_id\n1,190,F.2d,33,1,7\n")
    long = "x" * 200_000
    names.write_text(f'id,case_name,date_filed,syllabus\n7,"Marsh \\"Big\\" v. Baird",1951-03-01,"{long}"\n')
    store = AuthorityStore(tmp_path / "authorities.db")

    assert import_authorities(path, "courtlistener", store, CHECKER.extractor, names).added == 1


def test_broken_index_of_authorities_leaves_citations_unverified(tmp_path: Path) -> None:
    (tmp_path / "authorities.db").write_bytes(b"no database" * 500)
    index = LocalIndex(AuthorityStore(tmp_path / "authorities.db"))

    checker = CitationChecker(load_reference(CATALOG / "authorities", index=index))

    assert checker.check(UNKNOWN)[0].finding.verdict == "unverified"


@pytest.mark.parametrize("content", [b"", b"seven b", bytes(8) + bytes(8), b"\xff" * 8 + bytes(8)])
def test_file_that_is_no_benchmark_stops_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.13gram").write_bytes(content)

    assert Benchmarks(tmp_path).of_sample(sample()) == {}


@pytest.mark.parametrize("form", [*FORMATS, "odd"])
def test_file_of_another_form_is_refused_with_its_name(tmp_path: Path, form: str) -> None:
    path = tmp_path / "file"
    path.write_text("neither,nor\n1,2\n")

    with pytest.raises(InputError, match=r"file|format"):
        import_authorities(path, form, AuthorityStore(tmp_path / "a.db"), CHECKER.extractor)


# --- lookup ----------------------------------------------------------------------------------


CLUSTER = {"case_name": "Marsh v. Baird", "date_filed": "2018-05-04"}
# Status and text by a part of the path, the first that fits.
ANSWERS = {
    "2099": (500, "down"),
    "2098": (302, ""),
    "citation-lookup": (200, json.dumps([{"citation": "900 F.3d 33", "status": 200, "clusters": [CLUSTER]}])),
    "/ewhc/ch/2015/901": (200, '<FRBRname value="Marsh v Baird"/>'),
    "32019R1999": (404, "none"),
    "": (200, "<html><title>Regulation on sheep</title></html>"),
}


@pytest.fixture
def online() -> Iterator[tuple[str, list[str]]]:
    """A server that answers as the services do (shapes recorded from their documentation)."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append(f"{self.headers.get('Authorization')} {body}")
            self._send()

        def do_GET(self) -> None:
            asked.append(self.path)
            self._send()

        def _send(self) -> None:
            status, text = next(answer for part, answer in ANSWERS.items() if part in self.path)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def asking(address: str, folder: Path, *services: str) -> CitationChecker:
    addresses = dict.fromkeys(("courtlistener", "find-case-law", "eur-lex"), address)
    lookup = Lookup(AuthorityStore(folder / "a.db"), services, "secret", addresses, lambda: 1e9)
    return CitationChecker(CHECKER.reference, lookup)


def test_lookup_verifies_what_a_service_knows_and_asks_once(online: tuple[str, list[str]], tmp_path: Path) -> None:
    address, asked = online
    checker = asking(address, tmp_path, "courtlistener", "find-case-law", "eur-lex")

    texts = [
        UNKNOWN,
        "Marsh v. Baird, 900 F.3d 33 (2d Cir. 2018)",
        "Regulation (EU) 2019/1555",
        "Regulation (EU) 2019/1999",
    ]
    first = [checker.check(text)[0].finding.verdict.value for text in texts]
    wrong = checker.check("Olsen v Trent [2015] EWHC 901 (Ch)")[0].finding.code

    assert first == ["verified", "verified", "verified", "unverified"]
    assert wrong == "name_mismatch"
    assert len(asked) == 4
    assert asked[1].startswith("Token secret text=900")


def test_service_that_is_down_leaves_citations_unverified_and_is_not_asked_again_at_once(
    online: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, asked = online
    checker = asking(address, tmp_path, "find-case-law")
    lookup = checker._online
    assert isinstance(lookup, Lookup)
    lookup._addresses["find-case-law"] = f"{address}/2099"

    verdicts = [checker.check(UNKNOWN)[0].finding.verdict.value for _ in range(3)]

    assert verdicts == ["unverified"] * 3
    assert len(asked) == 1


@pytest.mark.parametrize("service", ["courtlistener", "find-case-law", "eur-lex"])
def test_redirect_of_a_service_is_not_followed(online: tuple[str, list[str]], tmp_path: Path, service: str) -> None:
    address, asked = online
    checker = asking(f"{address}/2098", tmp_path, service)
    texts = {"courtlistener": "Marsh v. Baird, 900 F.3d 33 (2d Cir. 2018)", "eur-lex": "Regulation (EU) 2019/1555"}

    verdict = checker.check(texts.get(service, UNKNOWN))[0].finding.verdict.value

    assert (verdict, len(asked)) == ("unverified", 1)
    assert "/elsewhere" not in asked


def test_no_service_is_asked_unless_switched_on(online: tuple[str, list[str]], tmp_path: Path) -> None:
    assert asking(online[0], tmp_path).check(UNKNOWN)[0].finding.code == "not_in_index"
    assert online[1] == []


# --- the whole -------------------------------------------------------------------------------


def test_container_wires_one_examiner_for_everybody(tmp_path: Path) -> None:
    platform: Service = build(settings_for(tmp_path, groq_api_key="gsk_test_0123456789", citation_policy="off"))

    assert isinstance(platform.examiner, Examiner)
    assert platform.examiner._settings == ExaminerSettings("off", 0.8)
    platform.close()


@pytest.mark.parametrize("kind", ["phone", "ni_number", "ssn"])
@given(data=st.data())
def test_a_number_of_a_person_is_not_missed_by_the_quick_look(kind: str, data: st.DataObject) -> None:
    number = data.draw(st.from_regex(_PII[kind]))

    assert _NUMBER.search(number)
    assert _pii_in(number)[kind]
