"""The reference data: what each table becomes, how it is looked up, and how a faulty file is told of."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.citation import fold_cite
from services.citations.reference import Known, NoIndex, Reference, name_key, series_key
from services.citations.tables import load_reference, rows_of
from tests.fakes import CHECKER
from utils.errors import ConfigurationError

TABLES = {
    "series.csv": [
        "series,aliases,type,jurisdiction,brackets,first_year,last_year,max_number,max_volume",
        "SHC,Sheep High Court | Sheep Ct,court,uk,square,1990,2010,50,",
        "Sheep Rep,Sh.R.,report,eu,round,1900,,,12",
    ],
    "volumes.csv": ["series,anchors,tolerance", "Sheep Rep,1:1900 11:1920 12:1930,2"],
    "uk_acts.csv": [
        "name,aliases,year,number,last,inserted,type,ended",
        "Sheep Act 1990,SHA,1990,1990 c 5,40,12A 12B,Act,",
        "Wool Act 1950,,1950,1950 c 1,,,,1990",
        "Fleece Regulations 1999,,1999,SI 1999/12,9,,Regulations,",
    ],
    "eu_acts.csv": [
        "name,aliases,year,number,last,inserted,type,ended",
        "Sheep Directive,,2001,2001/5,9,,Directive,",
        "Wool Regulation,WOOLR,2001,2001/5,12,,Regulation,",
        "Fleece Regulation,,2015,2015/77,3,,Regulation,",
        "Hoof Directive,,2014,2014/78,3,,Directive,",
    ],
    "treaties.csv": [
        "name,aliases,year,number,last,inserted,jurisdiction,type",
        "Sheep Convention,SC | Convention on Sheep,1970,5 UNTS 6 | 7 UNTS 8,20,,,",
        "Wool Treaty,,1992,,4,,eu,Charter",
    ],
    "us_code.csv": ["title,name,last,leading", "7,Agriculture,900,12 13b 14-2"],
    "uk_act_years.csv": ["year", "1999"],
    "yearly.csv": ["series,highest,later", "Sheep,1990:10 2000:30 2001:20,40"],
    "resolutions.csv": ["resolution,stated,name", "S/RES/7,1999,on sheep"],
    "us_provisions.csv": ["code,leading", "Sheep Code | S.C.,7 9.02"],
    "us_state_codes.csv": ["state,written", "XX,Sheep Code | S.C.!"],
    "us_rules.csv": ["set,name,numbers,leading", "Sheep R.,Rules of Sheep,1-3 7 9.1,2 7"],
    "cases_uk.csv": [
        "name,citations,year",
        "Ram v Ewe | Ram,[1999] SHC 5; (1999) 3 Sheep Rep 7,1998",
        "Fold v Ewe,[2000] SHC 6,",
    ],
    "cases_eu.csv": ["name,citations,year", "Lamb v Council,C-5/99; EU:C:2000:9,2000"],
}
SERIES = sorted({row.name for row in CHECKER.reference.series.values()})
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write all tables, one of them with other rows or without its file."""

    def begin(name: str = "", rows: Sequence[str] | None = None) -> Path:
        for table, lines in TABLES.items():
            head, *body = lines
            body = list(rows) if table == name and rows is not None else body
            text = "\n".join([f"{head},checked,source", *(f"{row},no,a book" for row in body)])
            (tmp_path / table).write_text(text + "\n", encoding="utf-8")
        if name and rows is None:
            (tmp_path / name).unlink()
        return tmp_path

    return begin


@pytest.fixture
def reference(write: Write) -> Reference:
    return load_reference(write())


@pytest.mark.parametrize(
    ("written", "name"),
    [
        pytest.param("SHC", "SHC", id="name"),
        pytest.param("shc", "SHC", id="small letters"),
        pytest.param("S.H.C.", "SHC", id="dots"),
        pytest.param("Sheep High Court", "SHC", id="alias"),
        pytest.param("Sheep Ct.", "SHC", id="second alias"),
        pytest.param("SheepRep", "Sheep Rep", id="no blank"),
        pytest.param("ShR", "Sheep Rep", id="alias without its dots"),
        pytest.param("Sheep", None, id="part of a name"),
    ],
)
def test_series_is_found_under_each_of_its_names(reference: Reference, written: str, name: str | None) -> None:
    found = reference.series.get(series_key(written))

    assert (found and found.name) == name


def test_row_of_a_series_says_who_where_and_how_long(reference: Reference) -> None:
    court, report = reference.series["shc"], reference.series["sheeprep"]

    assert (court.is_court, court.jurisdiction, court.brackets) == (True, "uk", "square")
    assert (court.first_year, court.last_year, court.max_number, court.max_volume) == (1990, 2010, 50, 0)
    assert (report.is_court, report.jurisdiction, report.last_year) == (False, "eu", 9999)
    assert (report.max_number, report.max_volume) == (9999, 12)


@pytest.mark.parametrize(
    ("volume", "span"),
    [
        pytest.param(1, (1898, 1902, 12), id="first"),
        pytest.param(6, (1908, 1912, 12), id="between two that are known"),
        pytest.param(11, (1918, 1922, 12), id="known"),
        pytest.param(12, (1928, 1932, 12), id="last"),
        pytest.param(13, (1898, 1932, 12), id="beyond the last"),
        pytest.param(0, (1898, 1932, 12), id="before the first"),
    ],
)
def test_year_of_a_volume_lies_between_those_that_are_known(
    reference: Reference, volume: int, span: tuple[int, int, int]
) -> None:
    assert reference.year_of("Sheep Rep", volume, 2026) == span
    assert reference.year_of("Nobody's Rep", volume, 2026) is None


@pytest.mark.parametrize(
    ("table", "key", "name"),
    [
        pytest.param("acts", "sheep act 1990", "Sheep Act 1990", id="act by title"),
        pytest.param("acts", "sha", "Sheep Act 1990", id="act by alias"),
        pytest.param("acts", "1990 c 5", "Sheep Act 1990", id="act by chapter"),
        pytest.param("acts", "si 1999/12", "Fleece Regulations 1999", id="instrument by number"),
        pytest.param("acts", "sheep act 1991", None, id="act of another year"),
        pytest.param("eu_acts", "sheep directive", "Sheep Directive", id="directive by name"),
        pytest.param("eu_acts", "directive 2001/5", "Sheep Directive", id="shared number of a directive"),
        pytest.param("eu_acts", "regulation 2001/5", "Wool Regulation", id="shared number of a regulation"),
        pytest.param("eu_acts", "2001/5", None, id="shared number alone"),
        pytest.param("eu_acts", "2015/77", "Fleece Regulation", id="number of one sequence"),
        pytest.param("eu_acts", "2014/78", None, id="number of the last year before"),
        pytest.param("treaties", "convention on sheep", "Sheep Convention", id="treaty by alias"),
        pytest.param("treaties", "7 unts 8", "Sheep Convention", id="treaty by its second place"),
    ],
)
def test_instrument_is_found_by_name_alias_and_number(
    reference: Reference, table: str, key: str, name: str | None
) -> None:
    found = getattr(reference, table).get(key)

    assert (found and found.name) == name


def test_row_of_an_instrument_says_how_long_it_is_and_whether_it_ended(reference: Reference) -> None:
    sheep, wool = reference.acts["sheep act 1990"], reference.acts["wool act 1950"]

    assert (sheep.last, sheep.inserted, sheep.type, sheep.ended) == (40, frozenset({"12A", "12B"}), "Act", None)
    assert (wool.last, wool.inserted, wool.type, wool.ended) == (None, frozenset(), "Act", 1990)
    assert {row.jurisdiction for row in reference.eu_acts.values()} == {"eu"}
    assert [(row.jurisdiction, row.type) for row in (reference.treaties["sc"], reference.treaties["wool treaty"])] == [
        ("international", "Treaty"),
        ("eu", "Charter"),
    ]


def test_code_and_rules_are_numbers_and_lists(reference: Reference) -> None:
    assert reference.code == {7: ("Agriculture", 900, frozenset({"12", "13b", "14-2"}))}
    assert reference.rules == {
        "Sheep R.": ("Rules of Sheep", frozenset({"1", "2", "3", "7", "9.1"}), frozenset({"2", "7"}))
    }


@pytest.mark.parametrize(
    ("key", "names"),
    [
        pytest.param("[1999]shc5", ["Ram v Ewe"], id="first reference"),
        pytest.param("3sheeprep7", ["Ram v Ewe"], id="reference in parallel, without its year"),
        pytest.param("eu:c:2000:9", ["Lamb v Council"], id="another table"),
        pytest.param("[1999]shc6", [], id="nobody's"),
    ],
)
def test_case_is_found_by_each_of_its_references(reference: Reference, key: str, names: list[str]) -> None:
    assert [known.names[0] for known in reference.find(key)] == names


@pytest.mark.parametrize(
    ("name", "names"),
    [
        pytest.param("Ram v Ewe", ["Ram v Ewe"], id="rarest word decides"),
        pytest.param("Olsen v Ewe", ["Ram v Ewe", "Fold v Ewe"], id="only a common word"),
        pytest.param("FOLD", ["Fold v Ewe"], id="capitals"),
        pytest.param("Olsen v Trent", [], id="no word"),
        pytest.param("R v The Council", [], id="no word that tells"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_case_is_found_by_the_rarest_word_of_its_name(reference: Reference, name: str, names: list[str]) -> None:
    assert [known.names[0] for known in reference.named(name)] == names


def test_case_says_where_it_stands_and_is_shown_as_people_cite_it(reference: Reference) -> None:
    ram, fold, lamb = reference.find("[1999]shc5") + reference.find("[2000]shc6") + reference.find("c-5/99")

    assert (ram.names, ram.jurisdiction, ram.year, ram.kind) == (("Ram v Ewe", "Ram"), "uk", 1998, "case")
    assert (fold.year, lamb.jurisdiction) == (None, "eu")
    assert ram.label == "Ram v Ewe [1999] SHC 5, (1999) 3 Sheep Rep 7"
    assert Known(("Sheep Act 1990",), ("x",), "uk", 1990, "statute").label == "Sheep Act 1990"


def test_counts_are_those_of_the_rows_whatever_names_they_have(reference: Reference) -> None:
    assert reference.counts() == {"cases": 3, "instruments": 9, "series": 2}


def test_authorities_of_topics_and_of_users_are_found_with_the_others(write: Write) -> None:
    extra = Known(("Goat v Kid",), ("[2001] SHC 7",), "uk", 2001)
    brought = Known(("Ox v Cow",), ("[2001] SHC 7",), "uk", 2001)

    class Index(NoIndex):
        def find(self, key: str) -> Sequence[Known]:
            return [brought] if key == "[2001]shc7" else []

        def named(self, key: str) -> Sequence[Known]:
            return [brought] if key == "cow ox" else []

    both = load_reference(write(), [extra], Index())

    assert both.find("[2001]shc7") == [extra, brought]
    assert (both.named("Goat v Kid"), both.named("Ox v Cow")) == ([extra], [brought])


@pytest.mark.parametrize(
    ("table", "rows", "told"),
    [
        pytest.param("series.csv", None, "cannot be read", id="missing file"),
        pytest.param("series.csv", ["SHC,,court,mars,square,1990,,,"], "got jurisdiction 'mars'", id="jurisdiction"),
        pytest.param("series.csv", ["SHC,,court,uk,square,soon,,,"], "got 'soon', want a number", id="year"),
        pytest.param("series.csv", ["SHC,court"], "too many or too few fields", id="few fields"),
        pytest.param(
            "series.csv", ["SHC,,court,uk,square,1990,,,,,,,"], "too many or too few fields", id="many fields"
        ),
        pytest.param("volumes.csv", ["Sheep Rep,1:1900,two"], "got 'two', want a number", id="tolerance"),
        pytest.param("uk_acts.csv", ["Sheep Act 1990,,1990,,forty,,,"], "got 'forty', want a number", id="section"),
        pytest.param("treaties.csv", ["Sheep Convention,,1970,,20,,moon,"], "got jurisdiction 'moon'", id="whose"),
        pytest.param("cases_uk.csv", [",[1999] SHC 5,1999"], "without name or citation", id="no name"),
        pytest.param("cases_uk.csv", ["Ram v Ewe,,1999"], "without name or citation", id="no citation"),
        pytest.param("cases_uk.csv", ["Ram v Ewe,[1999] SHC 5,then"], "got 'then', want a number", id="year of a case"),
    ],
)
def test_fault_in_a_table_is_told_with_its_file(write: Write, table: str, rows: list[str] | None, told: str) -> None:
    folder = write(table, rows)

    with pytest.raises(ConfigurationError, match=told) as raised:
        load_reference(folder)

    assert str(folder / table) in str(raised.value)


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        pytest.param("volumes.csv", ["Sheep Rep,1:then,2"], id="year of a volume"),
        pytest.param("volumes.csv", ["Sheep Rep,1,2"], id="volume without year"),
        pytest.param("us_code.csv", ["seven,Agriculture,900,12"], id="title"),
        pytest.param("us_code.csv", ["7,Agriculture,,12"], id="last section"),
        pytest.param("us_rules.csv", ["Sheep R.,Rules of Sheep,1-x,2"], id="range of rules"),
    ],
)
def test_fault_in_any_number_is_told_with_its_file(write: Write, table: str, rows: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=table):
        load_reference(write(table, rows))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "no column a, b, checked, source", id="empty"),
        pytest.param(b"a,checked,source\n", "no column b", id="column missing"),
        pytest.param(b"a,b\n", "no column checked, source", id="source missing"),
        pytest.param(b"a,b,checked,source\n1,2,no\n", ":2: too many or too few fields", id="field missing"),
        pytest.param(b"a,b,checked,source\n1,2,no,x\n\xff,2,no,x\n", "cannot be read", id="other encoding"),
        pytest.param(b'a,b,checked,source\n"1\n2",2,no,x\n3,no,x\n', ":4: too many or too few", id="line counted"),
    ],
)
def test_faulty_file_is_told_of_with_line_and_column(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=told):
        list(rows_of(path, "a", "b"))


def test_rows_are_read_without_blanks_around_their_fields(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('a,b,checked,source\n x ," y, z",no, me \n')

    assert list(rows_of(path, "a")) == [{"a": "x", "b": "y, z", "checked": "no", "source": "me"}]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        pytest.param("Marsh v Baird", "baird marsh", id="alphabet"),
        pytest.param("BAIRD v. MARSH Ltd", "baird marsh", id="sides, capitals and form"),
        pytest.param("R v Müller", "muller", id="crown and umlaut"),
        pytest.param("R v The State", "", id="nothing that tells"),
    ],
)
def test_key_of_a_name_is_its_telling_words_in_order(name: str, key: str) -> None:
    assert name_key(name) == key


@given(
    st.sampled_from(sorted({row.name for row in CHECKER.reference.series.values()})), st.sampled_from(["", " ", "."])
)
def test_every_series_of_the_product_is_found_however_it_is_spaced(name: str, sign: str) -> None:
    found = CHECKER.reference.series[series_key(name.replace(" ", sign))]

    assert found.name == name


@given(st.sampled_from(sorted(CHECKER.reference.volumes)), st.integers(-5, 2000))
def test_years_of_any_volume_lie_within_those_of_its_series(series: str, volume: int) -> None:
    anchors, tolerance = CHECKER.reference.volumes[series]

    low, high, highest = CHECKER.reference.year_of(series, volume, anchors[-1][1]) or (0, 0, 0)

    assert anchors[0][1] - tolerance <= low <= high <= anchors[-1][1] + tolerance
    assert highest == anchors[-1][0]


@given(st.sampled_from(sorted(CHECKER.reference.volumes)), st.integers(2027, 2060))
def test_only_a_series_that_goes_on_has_more_volumes_as_years_pass(series: str, now: int) -> None:
    (highest, latest) = CHECKER.reference.volumes[series][0][-1]

    _, _, grown = CHECKER.reference.year_of(series, highest, now) or (0, 0, 0)

    assert (grown > highest) == (latest >= 2025)


@given(st.sampled_from(CHECKER.reference.cases))
def test_every_case_of_the_product_is_found_by_its_references_and_its_names(case: Known) -> None:
    assert case in CHECKER.reference.named(case.names[0]) or not name_key(case.names[0])
    assert all(case in CHECKER.reference.find(fold_cite(cite)) for cite in case.cites)
