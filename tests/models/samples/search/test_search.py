"""Search: what matches, in which order, and that the index never changes the answer."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.samples.sample_store import SampleStore
from models.samples.search.search_index import SearchIndex, expression
from models.samples.search.search_text import FIELDS, fold, matches, parse_query, snippet, spaced
from models.samples.snapshot import Snapshot
from services.dataset.search_service import SearchRequest, SearchService
from tests.fakes import sample
from tests.layouts import only_in_one_file
from utils.clock import ManualClock
from utils.errors import InputError


@pytest.fixture
def index(tmp_path: Path) -> SearchIndex:
    return SearchIndex(tmp_path / ".index" / "search.db")


@pytest.fixture
def scan(store: SampleStore, index: SearchIndex) -> SearchService:
    return SearchService(store, index)


@pytest.fixture
def indexed(store: SampleStore, index: SearchIndex) -> SearchService:
    """Uses the index however small the data set is."""
    return SearchService(store, index, scan_rows=0)


def found(service: SearchService, text: str, **options: Any) -> list[str]:
    return [row["id"] for row in service.search(SearchRequest(text, **options))["results"]]


def never() -> bool:
    return False


def fill(store: SampleStore, clock: ManualClock, *answers: str) -> None:
    for number, answer in enumerate(answers):
        store.add(sample(id=f"s{number}", question="?", answer=answer, case_citation="-", topic="-"))
        clock.advance(1)


@pytest.mark.parametrize(
    ("text", "answer", "is_match"),
    [
        pytest.param("negligence", "Negligence needs a duty", True, id="case"),
        pytest.param("cafe", "the Café rule", True, id="accent-in-text"),
        pytest.param("CAFÉ", "the cafe rule", True, id="accent-in-query"),
        pytest.param("cafe", "the cafe\u0301 rule", True, id="combining-accent"),
        pytest.param("negligen", "negligence", True, id="beginning-of-a-word"),
        pytest.param("ligence", "negligence", False, id="middle-of-a-word"),
        pytest.param("v", "Fisher v Bell", True, id="short-word"),
        pytest.param("v", "various", False, id="short-words-are-whole"),
        pytest.param("care duty", "a duty of care", True, id="any-order"),
        pytest.param("duty breach", "a duty of care", False, id="every-word"),
        pytest.param('"duty of care"', "a duty of care", True, id="phrase"),
        pytest.param('"duty care"', "a duty of care", False, id="phrase-in-order"),
        pytest.param('"duty of car"', "a duty of care", False, id="phrase-has-whole-words"),
        pytest.param("(", "s 1(2)", True, id="bracket-is-a-character"),
        pytest.param("(", "s 12", False, id="bracket-absent"),
        pytest.param("50%", "over 50% of it", True, id="per-cent"),
        pytest.param("50%", "over 50 of it", False, id="per-cent-absent"),
        pytest.param("s.1(2)", "see s.1(2) now", True, id="section"),
        pytest.param("[1961] 1 QB", "[1961] 1 QB 394", True, id="citation"),
        pytest.param("director's", "the director’s duty", True, id="curly-apostrophe"),
        pytest.param("p<.05", "with p<.05 here", True, id="less-than"),
        pytest.param("<team", "the team", False, id="less-than-is-no-edge-of-a-word"),
        pytest.param("a.*b", "axxb", False, id="no-regular-expression"),
        pytest.param("\\d", "5", False, id="no-escape"),
        pytest.param('say "', 'say "x"', True, id="lone-quote"),
        pytest.param("ΟΔΟΣ", "οδος", True, id="greek-final-sigma"),
        pytest.param("straße", "STRASSE", True, id="sharp-s"),
        pytest.param("massstab", "Der Maßstab ist streng.", True, id="ss-for-sharp-s"),
        pytest.param("MASSSTAB", "der maßstab", True, id="capitals-of-sharp-s"),
        pytest.param("uber", "über die Sache", True, id="umlaut-is-its-letter"),
        pytest.param("ueber", "über die Sache", False, id="ue-is-no-umlaut"),
        pytest.param("fiduciary", "a ﬁduciary duty", True, id="ligature"),
        pytest.param("oeuvre", "l'œuvre", True, id="oe"),
        pytest.param("§10b", "Fraud; see § 10b and after.", True, id="sign-glued-in-the-query"),
        pytest.param("§ 10b", "see §10b", True, id="sign-glued-in-the-text"),
        pytest.param("§§10b", "see §§ 10b", True, id="two-signs"),
        pytest.param("§10b", "see § 10c", False, id="other-section"),
        pytest.param("s.1(2)", "see s. 1 (2) now", True, id="section-with-blanks"),
        pytest.param("art.6", "Art. 6 GDPR", True, id="article"),
        pytest.param("善意", "その善意の第三者は保護される。", True, id="word-without-blanks"),
        pytest.param("第三者", "善意の第三者は保護される。", True, id="word-in-the-middle"),
        pytest.param("善人", "善意の人", False, id="characters-apart"),
        pytest.param("が", "か", False, id="another-kana"),
        pytest.param("손해배상", "불법행위손해배상책임", True, id="hangul"),
        pytest.param("สัญญา", "ผิดสัญญาซื้อขาย", True, id="thai"),
        pytest.param("act", "この法律はActである", True, id="latin-within"),
        pytest.param('"善意 保護"', "善意、保護", True, id="phrase-without-blanks"),
        pytest.param("frustrat*", "The contract was frustrated.", True, id="beginning-with-a-star"),
        pytest.param("fr*", "frustrated", True, id="short-beginning"),
        pytest.param("rustrat*", "frustrated", False, id="beginning-is-no-middle"),
        pytest.param('"duty of car*"', "a duty of care", True, id="phrase-with-a-beginning"),
        pytest.param("j.doe@firm.co.uk", "mail J.Doe@firm.co.uk now", True, id="e-mail"),
        pytest.param("@firm.co", "J.Doe@firm.co.uk", True, id="part-of-an-e-mail"),
        pytest.param("usc", "18 U.S.C. § 1", True, id="points-in-the-text"),
        pytest.param("U.S.C.", "18 USC § 1", True, id="points-in-the-query"),
        pytest.param("U.S.C", "18 U.S.C. 1", True, id="last-point-missing"),
        pytest.param("uk", "the U.K. Supreme Court", True, id="two-letters"),
        pytest.param("uk", "the u.k.x. thing", False, id="longer-abbreviation"),
        pytest.param("S.I.", "SI 1999/1", True, id="two-letters-in-the-query"),
        pytest.param('"18 U.S.C. 2"', "18 U.S.C. 2", True, id="phrase-with-points"),
        pytest.param("U.S.", "tell us", False, id="us-is-no-abbreviation"),
        pytest.param("e.g.", "for e.g. this", True, id="two-letters-with-points"),
    ],
)  # fmt: skip
def test_row_matches_by_words(text: str, answer: str, is_match: bool) -> None:
    row = pl.DataFrame([{name: answer if name == "answer" else "" for name in FIELDS}])

    assert matches(row, parse_query(text)).to_list() == [is_match]


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("", "all", "q: is missing"),
        ("  ", "all", "q: is missing"),
        ('""', "all", "holds nothing"),
        ("x", "id", "field: got 'id'"),
        ("x" * 2000, "all", "at most 1000"),
        (" ".join(f"w{n}" for n in range(40)), "all", "40 words"),
    ],
)
def test_query_that_cannot_be_is_refused(text: str, field: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse_query(text, field)


def test_fields_are_searched_as_asked(store: SampleStore, scan: SearchService) -> None:
    store.add(sample(id="q", question="estoppel"))
    store.add(sample(id="r", reasoning="estoppel"))

    assert found(scan, "estoppel") == ["q"]
    assert found(scan, "estoppel", field="reasoning") == ["r"]
    assert found(scan, "estoppel", field="topic") == []


def test_results_are_newest_first_and_filtered(store: SampleStore, scan: SearchService, clock: ManualClock) -> None:
    fill(store, clock, "tort", "tort", "tort")
    store.update("s1", {"jurisdiction": "us"})

    assert found(scan, "tort") == ["s2", "s1", "s0"]
    assert found(scan, "tort", limit=2) == ["s2", "s1"]
    assert found(scan, "tort", limit=0) == []
    assert found(scan, "tort", filters={"jurisdiction": "us"}) == ["s1"]


def test_relevance_puts_titles_and_frequent_words_first(
    store: SampleStore, scan: SearchService, clock: ManualClock
) -> None:
    fill(store, clock, "estoppel once in a long text " + "word " * 300, "estoppel estoppel estoppel", "estoppel " * 2)
    store.update("s0", {"topic": "Equity - Estoppel"})

    assert found(scan, "estoppel", sort="relevance") == ["s0", "s1", "s2"]
    with pytest.raises(InputError, match="sort: got 'best'"):
        found(scan, "estoppel", sort="best")


def test_snippets_mark_what_matches_and_escape_the_rest(store: SampleStore, scan: SearchService) -> None:
    store.add(sample(answer="x " * 200 + "<b>a Café & a duty</b> " + "y " * 200))

    answer = scan.search(SearchRequest("cafe duty", snippets=True))

    (shown,) = answer["snippets"]["s1"].values()
    assert "&lt;b&gt;a <mark>Café</mark> &amp; a <mark>duty</mark>&lt;/b&gt;" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert snippet("nothing here", parse_query("duty")) is None


def test_index_is_used_grown_and_survives_a_restart(
    store: SampleStore, indexed: SearchService, tmp_path: Path, clock: ManualClock
) -> None:
    fill(store, clock, "alpha", "beta", "alpha beta")
    store.fold()
    assert indexed.update(never) == 3
    assert indexed.update(never) == 0

    again = SearchService(store, SearchIndex(tmp_path / ".index" / "search.db"), scan_rows=0)
    store.add(sample(id="new", answer="alpha"))

    assert again.update(never) == 0
    assert found(again, "alpha") == ["new", "s2", "s0"]


@pytest.mark.parametrize("damage", ["delete", "overwrite", "empty"])
def test_lost_or_broken_index_is_made_anew(
    store: SampleStore, indexed: SearchService, tmp_path: Path, clock: ManualClock, damage: str
) -> None:
    fill(store, clock, "alpha", "beta")
    store.fold()
    indexed.update(never)
    for file in (tmp_path / ".index").glob("search.db*"):
        file.unlink()
    if damage != "delete":
        (tmp_path / ".index" / "search.db").write_bytes(b"rubbish" * 500 if damage == "overwrite" else b"")

    again = SearchService(store, SearchIndex(tmp_path / ".index" / "search.db"), scan_rows=0)

    assert found(again, "alpha") == ["s0"]
    assert again.update(never) == 2
    assert found(again, "alpha") == ["s0"]


@only_in_one_file
def test_index_with_mostly_orphans_is_made_anew(
    store: SampleStore, index: SearchIndex, indexed: SearchService, clock: ManualClock
) -> None:
    fill(store, clock, "alpha", "beta")
    for number in range(4):
        store.update("s0", {"answer": f"alpha {number}"})
        store.update("s1", {"answer": f"beta {number}"})
        store.fold()
        indexed.update(never)

    assert index.size() <= 4
    assert found(indexed, "beta") == ["s1"]


def test_newest_of_many_matches_are_found_whatever_their_order_in_the_file(
    store: SampleStore, index: SearchIndex, indexed: SearchService
) -> None:
    for number in range(120):
        day = (number * 37) % 120
        store.add(
            sample(id=f"s{day:03d}", answer="alpha", created_at=f"2026-01-01T00:{day // 60:02d}:{day % 60:02d}+00:00")
        )
    store.fold()
    indexed.update(never)

    assert found(indexed, "alpha", limit=3) == ["s119", "s118", "s117"]
    assert len(found(indexed, "alpha", limit=1, sort="relevance")) == 1


WORDS = st.sampled_from(
    [
        "duty",
        "Duty",
        "dutiful",
        "café",
        "cafe",
        "v",
        "s.1",
        "50%",
        "x-ray",
        "é",
        "ζω",
        "Σ",
        "a1",
        "USC",
        "U.S.C.",
        "u.s",
        "uk",
        "u.k.",
        "U.K.x",
        "e.U.S.",
        "us",
        "usca",
        "§10b",
        "§ 10b",
        "Maßstab",
        "massstab",
        "善意",
        "善意の人",
        "意",
        "善意act",
        "が",
        "か",
        "손해배상",
        "ผิดสัญญา",
        "x@y.org",
        "dut*",
        "u*",
        "意*",
        "ﬁne",
        "½",
        "ŉ",
        "İ",
        "ǆ",
    ]
)
SMALL = st.text(st.sampled_from("usck.. -§ß善意aA*1"), min_size=1, max_size=9).filter(str.strip)
TEXTS = st.lists(WORDS, min_size=1, max_size=6).map(" ".join) | st.lists(WORDS | SMALL, max_size=4).map("".join).filter(
    str.strip
)
QUERIES = st.one_of(
    SMALL, TEXTS, WORDS, TEXTS.map(lambda text: f'"{text}"'), st.text(min_size=1, max_size=6).filter(str.strip)
)


@given(
    answers=st.lists(st.one_of(TEXTS, st.text(min_size=1).filter(str.strip)), min_size=1, max_size=8),
    queries=st.lists(QUERIES, min_size=1, max_size=4),
    folds=st.integers(0, 8),
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)  # fmt: skip
def test_index_and_scan_agree_for_any_text_and_any_query(
    tmp_path_factory: pytest.TempPathFactory, answers: list[str], queries: list[str], folds: int
) -> None:
    index = SearchIndex(tmp_path_factory.mktemp("search") / "search.db")
    index.open()
    rows = pl.DataFrame([{name: text if name == "answer" else "" for name in FIELDS} for text in answers])
    numbers = index.add(rows.head(folds)) if folds else pl.Series(dtype=pl.UInt32())

    for text in queries:
        try:
            query = parse_query(text)
        except InputError:
            continue
        scanned = matches(rows.head(folds), query)
        proposed = index.find(query)
        if proposed is None:
            assert not expression(query)
            continue
        wanted = set(numbers.filter(scanned))
        assert wanted <= set(proposed)
        assert not query.is_exact or wanted == set(proposed)


@given(text=st.text(max_size=30))
def test_folding_twice_changes_nothing(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert fold(fold(text)) == fold(text)


def test_newest_few_of_many_are_not_looked_at_one_by_one(
    store: SampleStore, scan: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(120):
        store.add(sample(id=f"s{number:03d}", question="Which offer?" if number == 0 else "What else?"))
    taken: list[int] = []
    take = Snapshot.take

    def counted(self: Snapshot, positions: pl.Series) -> pl.DataFrame:
        taken.append(len(positions))
        return take(self, positions)

    monkeypatch.setattr(Snapshot, "take", counted)

    found = scan.search(SearchRequest("which offer", sort="newest", limit=1))

    assert [row["id"] for row in found["results"]] == ["s000"]
    assert len(taken) <= 3


def test_signs_of_scripts_without_blanks_stand_alone_and_the_texts_given_stay_as_they_are() -> None:
    texts = pl.Series(["plain", "漢字 x", "§ 5", None])

    assert spaced(texts).to_list() == ["plain", " 漢  字  x", "§ 5", None]
    assert texts.to_list() == ["plain", "漢字 x", "§ 5", None]
