"""Authorities brought in: each form of file, lines that are not understood, and files of another form."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models.catalogue.authority_store import AuthorityStore
from services.citations.authority_import import FORMATS, ImportedAuthorities, import_authorities
from tests.fakes import CHECKER
from tests.services.citations.authorities import KINDS, opened
from utils.errors import InputError

ATOM = (
    '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:tna="https://caselaw.nationalarchives.gov.uk">{entries}</feed>'
)
CITATIONS = "id,volume,reporter,page,type,cluster_id\n"
Import = Callable[..., ImportedAuthorities]


@pytest.fixture(params=KINDS)
def authorities(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AuthorityStore]:
    with opened(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def bring(tmp_path: Path, authorities: AuthorityStore) -> Import:
    """Write a file and bring it in."""

    def begin(content: str | bytes, form: str = "csv", names: str | None = None) -> ImportedAuthorities:
        path, clusters = tmp_path / "mine.csv", tmp_path / "clusters.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if names is not None:
            clusters.write_text(names)
        given = clusters if names is not None else None
        return import_authorities(path, form, authorities, CHECKER.extractor, given)

    return begin


def rows(authorities: AuthorityStore, key: str) -> list[tuple[str, str, str, str, int | None, str]]:
    return [
        (row.name, row.citation, row.jurisdiction, row.kind, row.year, row.source) for row in authorities.with_key(key)
    ]


def entry(title: str, *cites: str, tag: str = 'identifier type="ukncn"') -> str:
    inner = "".join(f"<tna:{tag}>{cite}</tna:{tag.split(maxsplit=1)[0]}>" for cite in cites)
    return f"<entry><title>{title}</title>{inner}</entry>"


def decided(name: str, *cites: str, **more: str) -> dict[str, object]:
    return {"name": name, "citations": [{"type": "official", "cite": cite} for cite in cites], **more}


@pytest.mark.parametrize(
    ("content", "key", "expected"),
    [
        pytest.param(
            "name,citation,jurisdiction,kind,year,source\nMarsh v Baird,[2015] EWHC 901 (Ch),uk,case,2015,me\n",
            "[2015]ewhc901(ch)",
            ("Marsh v Baird", "[2015] EWHC 901 (Ch)", "uk", "case", 2015, "me"),
            id="all columns",
        ),
        pytest.param(
            "citation\nMarsh v Baird [2015] UKSC 99\n",
            "[2015]uksc99",
            ("Marsh v Baird", "[2015] UKSC 99", "uk", "case", None, "mine.csv"),
            id="citation only",
        ),
        pytest.param(
            "year,name,citation\n2014, Marsh v Baird ,[2015] UKSC 99\n",
            "[2015]uksc99",
            ("Marsh v Baird", "[2015] UKSC 99", "uk", "case", 2014, "mine.csv"),
            id="other order, blanks",
        ),
        pytest.param(
            "\ufeffname,citation\nMarsh v Baird,[2015] UKSC 99\n",
            "[2015]uksc99",
            ("Marsh v Baird", "[2015] UKSC 99", "uk", "case", None, "mine.csv"),
            id="mark of a spreadsheet",
        ),
        pytest.param(
            'name,citation\r\n"Marsh, Olsen & Co v Baird","[2015] UKSC 99"\r\n',
            "[2015]uksc99",
            ("Marsh, Olsen & Co v Baird", "[2015] UKSC 99", "uk", "case", None, "mine.csv"),
            id="quotes and line ends",
        ),
        pytest.param(
            "name,citation,notes\nMüller v Baird,[2015] UKSC 99,whatever\n",
            "[2015]uksc99",
            ("Müller v Baird", "[2015] UKSC 99", "uk", "case", None, "mine.csv"),
            id="umlaut, and a column that nobody needs",
        ),
        pytest.param(
            'name,citation\n,"Pond Weed (Control) Act 1974, s 3"\n',
            "pondweed(control)act1974s3",
            ("", "Pond Weed (Control) Act 1974, s 3", "uk", "statute", None, "mine.csv"),
            id="act",
        ),
    ],
)
def test_row_of_a_table_becomes_an_authority(
    bring: Import, authorities: AuthorityStore, content: str, key: str, expected: tuple[str, str, str, str, int, str]
) -> None:
    assert bring(content) == ImportedAuthorities(added=1)
    assert rows(authorities, key) == [expected]


def test_lines_without_a_citation_are_counted_and_some_are_shown(bring: Import, authorities: AuthorityStore) -> None:
    bad = "".join(f"Marsh v Baird,nonsense {number}\n" for number in range(7))

    result = bring(f"name,citation\n{bad}Olsen v Trent,[2015] UKSC 99\nMoya v Byrne,\n")

    assert (result.added, result.known, result.unread) == (1, 0, 8)
    assert result.examples == tuple(f"nonsense {number}" for number in range(5))
    assert authorities.count() == 1


def test_line_that_is_not_understood_is_shown_by_its_beginning(bring: Import) -> None:
    assert bring(f"citation\n{'x' * 500}\n").examples == ("x" * 80,)


def test_each_reference_of_a_line_is_a_row(bring: Import, authorities: AuthorityStore) -> None:
    result = bring('name,citation\nMarsh v Baird,"[2015] UKSC 99, [2016] AC 5"\n')

    assert result.added == 2
    assert [row.citation for row in authorities.with_name("baird marsh")] == ["[2015] UKSC 99", "[2016] AC 5"]


def test_what_is_brought_in_again_is_known(bring: Import, authorities: AuthorityStore) -> None:
    content = "name,citation\nMarsh v Baird,[2015] UKSC 99\nOlsen v Trent,[2015] UKSC 98\n"

    first, again = bring(content), bring(f"{content}Moya v Byrne,[2015] UKSC 97\n")

    assert ((first.added, first.known), (again.added, again.known)) == ((2, 0), (1, 2))
    assert authorities.count() == 3


def test_table_without_rows_brings_nothing(bring: Import) -> None:
    assert bring("name,citation\n") == ImportedAuthorities()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("name,cite\nx,y\n", "got the columns name, cite, want citation", id="no column of citations"),
        pytest.param("", "got the columns , want citation", id="empty file"),
        pytest.param("citation,kind\n[2015] UKSC 9,verse\n", "line 2: got kind 'verse'", id="kind"),
        pytest.param("citation,jurisdiction\n[2015] UKSC 9,mars\n", "line 2: .* jurisdiction 'mars'", id="whose law"),
        pytest.param("citation,kind\n[2015] UKSC 8,\n[2015] UKSC 9,verse\n", "line 3", id="line of the fault"),
        pytest.param(b"citation\n\xff\xfe\n", "cannot be read", id="other encoding"),
    ],
)
def test_table_of_another_form_is_refused_with_the_place(bring: Import, content: str | bytes, told: str) -> None:
    with pytest.raises(InputError, match=told) as raised:
        bring(content)

    assert "mine.csv" in str(raised.value)


@pytest.mark.parametrize(
    ("cases", "key", "expected"),
    [
        pytest.param(
            [
                decided(
                    "Marsh v. Baird Co.", "190 F.2d 33", name_abbreviation="Marsh v. Baird", decision_date="1951-03-01"
                )
            ],
            "190f2d33",
            [("Marsh v. Baird", "190 F.2d 33", "us", "case", 1951, "static.case.law")],
            id="short name and day",
        ),
        pytest.param(
            [decided("Marsh v. Baird", "190 F.2d 33", name_abbreviation="")],
            "190f2d33",
            [("Marsh v. Baird", "190 F.2d 33", "us", "case", None, "static.case.law")],
            id="long name, no day",
        ),
        pytest.param(
            [decided("Marsh v. Baird", "248 N.Y. 3", "162 N.E. 9", decision_date="1928")],
            "162ne9",
            [("Marsh v. Baird", "162 N.E. 9", "us", "case", 1928, "static.case.law")],
            id="second of two references",
        ),
        pytest.param([], "190f2d33", [], id="volume without cases"),
    ],
)
def test_case_of_a_volume_is_read(
    bring: Import, authorities: AuthorityStore, cases: list[object], key: str, expected: list[object]
) -> None:
    bring(json.dumps(cases), "case-law")

    assert rows(authorities, key) == expected


@pytest.mark.parametrize(
    ("entries", "key", "expected"),
    [
        pytest.param(
            entry("Marsh v Baird", "[2015] EWHC 901 (Ch)"),
            "[2015]ewhc901(ch)",
            [("Marsh v Baird", "[2015] EWHC 901 (Ch)", "uk", "case", 2015, "Find Case Law")],
            id="neutral citation",
        ),
        pytest.param(
            entry("Marsh v Baird", "[2015] UKSC 99", tag="cite"),
            "[2015]uksc99",
            [("Marsh v Baird", "[2015] UKSC 99", "uk", "case", 2015, "Find Case Law")],
            id="older tag",
        ),
        pytest.param(
            entry("Marsh v Baird", "[2015] UKSC 99") + entry("Olsen v Trent", "[2016] UKSC 7"),
            "[2016]uksc7",
            [("Olsen v Trent", "[2016] UKSC 7", "uk", "case", 2016, "Find Case Law")],
            id="second entry",
        ),
        pytest.param(
            entry("Smith &amp; Co v Müller", "[2015] UKSC 99"),
            "[2015]uksc99",
            [("Smith & Co v Müller", "[2015] UKSC 99", "uk", "case", 2015, "Find Case Law")],
            id="entity and umlaut",
        ),
        pytest.param(entry("Marsh v Baird", "x-1234", tag='identifier type="fclid"'), "x-1234", [], id="other number"),
        pytest.param("", "[2015]uksc99", [], id="feed without entries"),
    ],
)
def test_entry_of_a_feed_is_read(
    bring: Import, authorities: AuthorityStore, entries: str, key: str, expected: list[object]
) -> None:
    bring(ATOM.format(entries=entries), "find-case-law")

    assert rows(authorities, key) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(
            "id,case_name,date_filed\n7,Marsh v. Baird,1951-03-01\n", ("Marsh v. Baird", 1951), id="name and day"
        ),
        pytest.param("id,case_name,date_filed\n7,Marsh v. Baird,\n", ("Marsh v. Baird", None), id="no day"),
        pytest.param(
            'id,case_name,date_filed\n7,"Marsh \\"Big\\" v. Baird",1951\n', ('Marsh "Big" v. Baird', 1951), id="q"
        ),
        pytest.param("id,case_name,date_filed\n8,Olsen v. Trent,1950-01-01\n", ("", None), id="another cluster"),
        pytest.param(None, ("", None), id="no file of names"),
    ],
)
def test_citation_of_the_bulk_file_takes_its_name_from_its_cluster(
    bring: Import, authorities: AuthorityStore, names: str | None, expected: tuple[str, int | None]
) -> None:
    result = bring(f"{CITATIONS}1,190,F.2d,33,1,7\n", "courtlistener", names)

    assert result.added == 1
    assert [(row[0], row[4]) for row in rows(authorities, "190f2d33")] == [expected]


def test_line_of_the_bulk_file_in_no_known_reporter_is_counted(bring: Import) -> None:
    result = bring(f"{CITATIONS}1,190,F.2d,33,1,7\n2,9,Nobody's,1,1,7\n", "courtlistener")

    assert (result.added, result.unread, result.examples) == (1, 1, ("9 Nobody's 1",))


@pytest.mark.parametrize(
    ("form", "content"),
    [
        pytest.param("case-law", "no json", id="no json"),
        pytest.param("case-law", "[1, 2]", id="json of something else"),
        pytest.param("case-law", '[{"name": "x"}]', id="case without citations"),
        pytest.param("case-law", '[{"citations": [{"type": "x"}], "name": "y"}]', id="citation without its text"),
        pytest.param("find-case-law", "no xml", id="no xml"),
        pytest.param("find-case-law", "<feed><entry>", id="xml without end"),
        pytest.param("courtlistener", "a,b\n1,2\n", id="columns of something else"),
    ],
)
def test_file_of_another_form_is_refused_with_its_name(bring: Import, form: str, content: str) -> None:
    with pytest.raises(InputError, match=rf"mine\.csv: is not in the form {form}"):
        bring(content, form)


@pytest.mark.parametrize("form", FORMATS)
def test_file_that_is_not_there_is_refused(tmp_path: Path, authorities: AuthorityStore, form: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        import_authorities(tmp_path / "none", form, authorities, CHECKER.extractor)


def test_form_that_nobody_reads_is_refused_with_those_that_are(tmp_path: Path, authorities: AuthorityStore) -> None:
    with pytest.raises(InputError, match="got 'westlaw', want one of csv, case-law, find-case-law, courtlistener"):
        import_authorities(tmp_path / "none", "westlaw", authorities, CHECKER.extractor)
