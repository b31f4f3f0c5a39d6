"""Case files of static.case.law, and CourtListener's tables."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.services.grounding.law.reading import read_law
from utils.errors import DocumentError


def _case(number: int = 1, text: str = "We hold so.\n\nThe lamp *12 went out.", **more: object) -> dict[str, object]:
    return {
        "id": number,
        "name": f"Marsh v. Lighthouse Board No. {number}",
        "name_abbreviation": f"Marsh v. Board {number}",
        "decision_date": "1931-05-04",
        "docket_number": "No. 9",
        "first_page": "1",
        "citations": [{"type": "parallel", "cite": "1 S. Ct. 2"}, {"type": "official", "cite": f"999 U.S. {number}"}],
        "court": {"name_abbreviation": "U.S."},
        "jurisdiction": {"name": "U.S."},
        "volume": {"volume_number": "999"},
        "reporter": {"full_name": "United States Reports"},
        "casebody": {
            "head_matter": "Headnote of a publisher.",
            "opinions": [
                {"type": "majority", "author": "Mr. Justice OAK", "text": text},
                {"type": "dissent", "author": None, "text": "I dissent."},
            ],
        },
        **more,
    }


def test_a_case_has_its_opinions_and_no_head_matter(tmp_path: Path) -> None:
    law = read_law(tmp_path / "a", json.dumps(_case()), "0001-01.json")
    assert law.kind == "static.case.law"
    assert [(one.heading, one.path) for one in law.units] == [
        ("majority Mr. Justice OAK", ("Marsh v. Board 1, 999 U.S. 1 (1931)",)),
        ("dissent", ("Marsh v. Board 1, 999 U.S. 1 (1931)",)),
    ]
    assert law.text[law.units[0].body : law.units[0].end].strip() == "We hold so.\nThe lamp went out."
    assert "publisher" not in law.text
    one = law.instrument
    assert (one.title, one.identifier, one.kind) == ("Marsh v. Board 1, 999 U.S. 1 (1931)", "999 U.S. 1", "judgment")
    assert (one.version, one.licence, one.jurisdiction) == ("1931-05-04", "cc0-1.0", "us")
    assert "1 S. Ct. 2" in one.aliases


@pytest.mark.parametrize("is_lines", [True, False])
def test_a_volume_has_the_opinions_of_all_its_cases(tmp_path: Path, is_lines: bool) -> None:
    cases = [_case(1), _case(20)]
    content = "\n".join(map(json.dumps, cases)) if is_lines else json.dumps(cases)
    law = read_law(tmp_path / "a", content, "530.json")
    assert [one.path[0][:17] for one in law.units] == ["Marsh v. Board 1,"] * 2 + ["Marsh v. Board 20"] * 2
    assert (law.instrument.title, law.instrument.identifier) == ("999 United States Reports", "999 U.S.")


def test_the_earlier_form_of_a_case_is_read_too(tmp_path: Path) -> None:
    body = {"status": "ok", "data": {"opinions": [{"type": "majority", "text": "So held."}]}}
    law = read_law(tmp_path / "a", json.dumps(_case(casebody=body), indent=1), "a.json")
    assert "So held." in law.text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (json.dumps(_case())[:-9], "it is no JSON that can be read"),
        (json.dumps(_case(casebody={"opinions": []})), "case files of static.case.law without a provision"),
        (json.dumps([_case(), 3]), "case 2 is no case of static.case.law"),
    ],
)
def test_broken_case_files_are_refused(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        read_law(tmp_path / "a", content, "a.json")


_NAMES = ["id", "author_str", "type", "plain_text", "html", "html_with_citations", "cluster_id"]


def _table(rows: list[list[str]], names: list[str] = _NAMES) -> str:
    """Return a table as PostgreSQL writes it for CourtListener: all quoted, a backslash before quotation marks."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\", lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()


def test_a_table_of_opinions_is_read_from_its_best_column(tmp_path: Path) -> None:
    html = (
        '<p>He said "no" \\ and left,<sup class="footnote"><a href="#fn1">1</a></sup> see <a href="/x/">1 U.S. 1'
        "</a>&amp;c.</p>"
        '<p>So <em>held</em>.<span class="star-pagination">*5</span></p>'
    )
    law = read_law(
        tmp_path / "a",
        _table(
            [
                ["7", "Oak, J.", "020lead", "worse", "", html, "70"],
                ["8", "", "040dissent", "A page\nbreaks a line.\n\nI dissent.", "", "", "70"],
                ["9", "", "010combined", "", "", "", "71"],
            ]
        ),
        "opinions.csv",
    )
    assert law.kind == "courtlistener"
    assert [one.heading for one in law.units] == ["lead Oak, J.", "dissent"]
    first, second = (law.text[one.body : one.end].strip() for one in law.units)
    assert first == 'He said "no" \\ and left, see 1 U.S. 1&c.\nSo held.'
    assert second == "A page breaks a line.\nI dissent."
    assert law.units[0].identifier == "courtlistener/opinion/7"
    assert law.instrument.licence == "public-domain"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["id", "volume", "reporter", "page", "type", "cluster_id"], "table of citations, which has no texts"),
        (["id", "case_name", "date_filed", "docket_id", "precedential_status"], "table of opinion clusters"),
    ],
)
def test_tables_without_texts_are_refused_with_the_one_to_send(tmp_path: Path, names: list[str], says: str) -> None:
    with pytest.raises(DocumentError, match=f"{says}.*send the table of opinions"):
        read_law(tmp_path / "a", _table([["1"] * len(names)], names), "a.csv")


def test_a_table_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    content = _table([["7", "", "020lead", "Text one.", "", "", "70"], ["8", "", "020lead", "Text two.", "", "", "71"]])
    with pytest.raises(DocumentError, match=r"no CSV as CourtListener writes it|fields, want 7"):
        read_law(tmp_path / "a", content[:-9], "a.csv")


@given(st.text(st.sampled_from('ab "\\,\n1'), min_size=1, max_size=30))
def test_what_was_quoted_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    given_text = f"x{text}y"
    law = read_law(
        tmp_path_factory.mktemp("t") / "a", _table([["7", "", "020lead", given_text, "", "", "70"]]), "a.csv"
    )
    assert "".join(law.text[law.units[0].body : law.units[0].end].split()) == "".join(given_text.split())
