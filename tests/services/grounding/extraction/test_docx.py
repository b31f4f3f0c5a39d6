"""DOCX: what a reader sees, in the order of the document."""

from collections.abc import Callable
from pathlib import Path

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from models.grounding.document import Page
from services.grounding.extraction.docx import read_docx
from services.grounding.extraction.outcome import Found, Limits, Step
from tests.services.grounding.extraction.words import (
    cell,
    deleted,
    level,
    lines_of,
    listed,
    numbered,
    p,
    r,
    table,
    write,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.docx"


def _pages(path: Path) -> list[Page]:
    return [one for one in read_docx(path, path.name, Limits(), Found()) if not isinstance(one, Step)]


def test_what_a_library_writes_is_read_in_order_with_headings_and_tables(path: Path) -> None:
    made = Document()
    made.core_properties.title = "Lease of 12 High Street"
    made.add_heading("Lease", 0)
    made.add_heading("Definitions", 1)
    made.add_paragraph("In this lease:")
    rows = made.add_table(2, 2).rows
    for row, texts in zip(rows, (("Term", "Meaning"), ("Rent", "£1,200 a month")), strict=True):
        for one, text in zip(row.cells, texts, strict=True):
            one.text = text
    made.add_paragraph("The tenant pays the Rent.")
    made.save(str(path))
    found = Found()

    (page,) = (one for one in read_docx(path, "a.docx", Limits(), found) if not isinstance(one, Step))

    assert page.text.splitlines() == [
        "Lease",
        "Definitions",
        "In this lease:",
        "Term | Meaning",
        "Rent | £1,200 a month",
        "The tenant pays the Rent.",
    ]
    assert [(page.text[one.start : one.end], one.level) for one in page.headings] == [("Lease", 1), ("Definitions", 1)]
    assert found.title == "Lease of 12 High Street"


def test_clause_numbers_go_on_over_paragraphs_without_one(path: Path) -> None:
    numbering = listed(
        level(0, "%1."), level(1, "%1.%2"), level(2, "(%3)", "lowerLetter"), level(3, "(%4)", "lowerRoman")
    )
    body = (
        numbered("Term") + numbered("The term is a year.", 1) + p("Not numbered.") + numbered("It may be renewed:", 1)
        + numbered("in writing;", 2) + numbered("by notice:", 2) + numbered("early;", 3) + numbered("late;", 3)
        + numbered("Rent") + numbered("The rent is due monthly.", 1) + numbered("if not paid", 2)
    )  # fmt: skip

    assert lines_of(write(path, body, numbering=numbering)) == [
        "1. Term",
        "1.1 The term is a year.",
        "Not numbered.",
        "1.2 It may be renewed:",
        "(a) in writing;",
        "(b) by notice:",
        "(i) early;",
        "(ii) late;",
        "2. Rent",
        "2.1 The rent is due monthly.",
        "(a) if not paid",
    ]


@pytest.mark.parametrize(
    ("levels", "lists", "body", "read"),
    [
        pytest.param(
            [level(0, "Article %1", "upperRoman"), level(1, "Section %1.%2", more="<w:isLgl/>")],
            "",
            numbered("Parties") + numbered("Seller", 1) + numbered("Price") + numbered("Payment", 1),
            ["Article I Parties", "Section 1.1 Seller", "Article II Price", "Section 2.1 Payment"],
            id="legal numbers below Roman ones",
        ),
        pytest.param(
            [level(0, "%1.", start=5)],
            "",
            numbered("a") + numbered("b"),
            ["5. a", "6. b"],
            id="a list that begins at 5",
        ),
        pytest.param(
            [level(0, "%1.")],
            '<w:num w:numId="2"><w:abstractNumId w:val="0"/></w:num>',
            numbered("a") + numbered("b", number=2) + numbered("c"),
            ["1. a", "2. b", "3. c"],
            id="two lists of one abstract list share its counter",
        ),
        pytest.param(
            [level(0, "%1.")],
            '<w:num w:numId="2"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/>'
            "</w:lvlOverride></w:num>",
            numbered("a") + numbered("b") + numbered("c", number=2) + numbered("d", number=2),
            ["1. a", "2. b", "1. c", "2. d"],
            id="a list that begins anew",
        ),
        pytest.param(
            [level(0, "%1."), level(1, "(%2)", "lowerLetter", '<w:lvlRestart w:val="0"/>')],
            "",
            numbered("a") + numbered("b", 1) + numbered("c") + numbered("d", 1),
            ["1. a", "(a) b", "2. c", "(b) d"],
            id="a level that never begins anew",
        ),
        pytest.param(
            [level(0, "%1", more='<w:suff w:val="nothing"/>')], "", numbered("st"), ["1st"], id="nothing between"
        ),
        pytest.param(
            [level(0, "%1:", "ordinalText")], "", numbered("x") + numbered("y"), ["First: x", "Second: y"], id="words"
        ),
        pytest.param(
            [level(0, "%1)", "upperLetter", start=26)],
            "",
            numbered("x") + numbered("y"),
            ["Z) x", "AA) y"],
            id="letters",
        ),
        pytest.param([level(0, "\uf0b7", "bullet")], "", numbered("x"), ["• x"], id="bullets"),
        pytest.param(
            [level(0, "%1."), level(1, "%1.%2")],
            "",
            numbered("x", 1) + numbered("y"),
            ["1.1 x", "2. y"],
            id="a level above that is not used",
        ),
    ],
)
def test_numbers_are_shown_as_the_list_says(
    path: Path, levels: list[str], lists: str, body: str, read: list[str]
) -> None:
    first = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'

    assert lines_of(write(path, body, numbering=listed(*levels, lists=first + lists))) == read


def test_a_style_gives_number_and_level_through_what_it_is_based_on(path: Path) -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="Kop1"><w:name w:val="heading 1"/><w:pPr><w:numPr>'
        '<w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="0"/></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Clause"><w:name w:val="Clause"/><w:basedOn w:val="Kop2"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Kop2"><w:name w:val="heading 2"/><w:pPr><w:numPr><w:ilvl w:val="1"/>'
        '<w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    )
    numbering = listed(
        level(0, "%1", more='<w:pStyle w:val="Kop1"/>'), level(1, "%1.%2", more='<w:pStyle w:val="Kop2"/>')
    )
    body = (
        p("Scope", '<w:pStyle w:val="Kop1"/>')
        + p("Goods", '<w:pStyle w:val="Clause"/>')
        + p("Not numbered", '<w:pStyle w:val="Kop1"/><w:numPr><w:numId w:val="0"/></w:numPr>')
    )

    (page,) = _pages(write(path, body, styles=styles, numbering=numbering))

    assert page.text.splitlines() == ["1 Scope", "1.1 Goods", "Not numbered"]
    assert [(page.text[one.start : one.end], one.level) for one in page.headings] == [
        ("1 Scope", 1),
        ("1.1 Goods", 2),
        ("Not numbered", 1),
    ]


def test_changes_are_accepted(path: Path) -> None:
    body = (
        p(r("The fee is ") + f"<w:del>{deleted('10')}</w:del><w:ins>{r('20')}</w:ins>" + r(" pounds."))
        + p(f"<w:moveFrom>{r('Moved.')}</w:moveFrom>", "<w:rPr><w:moveFrom/></w:rPr>")
        + p("First half ", "<w:rPr><w:del/></w:rPr>")
        + p("second half.")
        + p(f"<w:moveTo>{r('Moved.')}</w:moveTo>")
        + table(cell(p("kept")), f"<w:trPr><w:del/></w:trPr>{cell(p('row taken out'))}")
    )

    assert lines_of(write(path, body)) == ["The fee is 20 pounds.", "First half second half.", "Moved.", "kept"]


def test_a_number_is_not_counted_for_a_paragraph_that_is_deleted(path: Path) -> None:
    gone = p(
        f"<w:del>{deleted('gone')}</w:del>",
        '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr><w:rPr><w:del/></w:rPr>',
    )

    assert lines_of(write(path, numbered("a") + gone + numbered("b"), numbering=listed(level(0, "%1.")))) == [
        "1. a",
        "2. b",
    ]


def test_content_controls_links_fields_and_symbols_are_read_as_shown(path: Path) -> None:
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> REF _Ref1 \\r </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>' + r("4.2") + '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    body = (
        f"<w:sdt><w:sdtContent>{p('In a block.')}</w:sdtContent></w:sdt>"
        + p(
            r("By ")
            + f"<w:sdt><w:sdtContent>{r('the Buyer')}</w:sdtContent></w:sdt>"
            + r(", see clause ")
            + field
            + r(".")
        )
        + p(f"<w:hyperlink>{r('A link')}</w:hyperlink>" + f"<w:fldSimple w:instr='DATE'>{r(' of 1 May')}</w:fldSimple>")
        + p(
            "<w:r><w:t>non</w:t><w:noBreakHyphen/><w:t>exec</w:t><w:softHyphen/><w:t>utive</w:t><w:tab/><w:t>x</w:t></w:r>"
        )
        + p(r("shown") + r(" hidden", "<w:vanish/>") + r(" again", '<w:vanish w:val="0"/>'))
        + p('<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>never ended</w:instrText></w:r>')
        + p("Still here.")
    )

    assert lines_of(write(path, body)) == [
        "In a block.",
        "By the Buyer, see clause 4.2.",
        "A link of 1 May",
        "non-executive x",
        "shown again",
        "Still here.",
    ]


def test_a_text_box_is_read_once_behind_its_paragraph(path: Path) -> None:
    box = f"<w:txbxContent>{p('In the box.')}</w:txbxContent>"
    drawn = (
        f"<mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent>"
    )

    assert lines_of(write(path, p(r("Before") + f"<w:r>{drawn}</w:r>" + r(" it.")) + p("After."))) == [
        "Before it.",
        "In the box.",
        "After.",
    ]


def test_notes_are_marked_and_stand_behind_their_paragraph_or_at_the_end(path: Path) -> None:
    def note(kind: str, identifier: int, text: str) -> str:
        return f'<w:{kind} w:id="{identifier}">{p(text)}</w:{kind}>'

    body = (
        p(
            r("Under § 1983")
            + '<w:r><w:footnoteReference w:id="2"/></w:r>'
            + r(" and s 2")
            + '<w:r><w:endnoteReference w:id="7"/></w:r>'
        )
        + table(cell(p(r("Cell") + '<w:r><w:footnoteReference w:id="3"/></w:r>')) + cell(p("other")))
        + p("Last.")
    )
    footnotes = (
        '<w:footnote w:id="0" w:type="separator"><w:p/></w:footnote>'
        + note("footnote", 2, "See A.")
        + note("footnote", 3, "See B.")
    )

    assert lines_of(write(path, body, footnotes=footnotes, endnotes=note("endnote", 7, "See C."))) == [
        "Under § 1983¹ and s 2¹",
        "¹ See A.",
        "Cell² | other",
        "² See B.",
        "Last.",
        "¹ See C.",
    ]


@pytest.mark.parametrize(
    "how", ['<w:vertAlign w:val="superscript"/>', '<w:position w:val="8"/>', '<w:rStyle w:val="Mark"/>']
)
def test_a_mark_that_was_typed_is_not_part_of_the_number_before_it(path: Path, how: str) -> None:
    styles = (
        '<w:style w:type="character" w:styleId="Mark"><w:name w:val="Mark"/><w:rPr><w:vertAlign w:val="superscript"/>'
        "</w:rPr></w:style>"
    )

    assert lines_of(write(path, p(r("Under § 1983") + r("4", how) + r(", the 1") + r("st", how)), styles=styles)) == [
        "Under § 1983⁴, the 1st"
    ]


def test_cells_of_tables_are_read_once_and_numbers_in_a_cell_stand_before_their_text(path: Path) -> None:
    merged = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    body = table(
        cell(p("A"), properties=merged[0]) + cell(p("B")),
        cell(p("hidden by merging"), properties=merged[1]) + cell(p("C"), p("D")),
        cell(p("(a)")) + cell(p("the tenant;"), p("and more")),
        cell(p("alone"), p("and below")),
        cell(table(cell(p("in")) + cell(p("ner")))) + cell(p("out")),
    )

    assert lines_of(write(path, body)) == [
        "A | B",
        " | C D".strip(),
        "(a) the tenant;",
        "and more",
        "alone",
        "and below",
        "in | ner | out",
    ]


_WORDS = st.text("abcdefgh", min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("psitb"), _WORDS), min_size=1, max_size=25))
def test_what_goes_in_comes_out_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, str]]
) -> None:
    shapes: dict[str, Callable[[str], str]] = {
        "p": p,
        "s": lambda text: f"<w:sdt><w:sdtContent>{p(text)}</w:sdtContent></w:sdt>",
        "i": lambda text: p(f"<w:ins>{r(text)}</w:ins>"),
        "t": lambda text: table(cell(p(text))),
        "b": lambda text: p(f"<w:r><w:pict><w:txbxContent>{p(text)}</w:txbxContent></w:pict></w:r>"),
    }
    body = "".join(shapes[shape](f"{text}{place}") for place, (shape, text) in enumerate(said))

    read = lines_of(write(tmp_path_factory.mktemp("words") / "a.docx", body))

    assert read == [f"{text}{place}" for place, (_, text) in enumerate(said)]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 3) | st.none(), max_size=40))
def test_counters_agree_with_a_plain_model(tmp_path_factory: pytest.TempPathFactory, places: list[int | None]) -> None:
    numbering = listed(*(level(place, ".".join(f"%{one + 1}" for one in range(place + 1))) for place in range(4)))
    body = "".join(p("x") if place is None else numbered("x", place) for place in places)
    counts = [0, 0, 0, 0]
    expected = []
    for place in places:
        if place is None:
            expected.append("x")
            continue
        counts = [*(count or 1 for count in counts[:place]), counts[place] + 1, *[0] * (3 - place)]
        expected.append(".".join(map(str, counts[: place + 1])) + " x")

    assert lines_of(write(tmp_path_factory.mktemp("words") / "a.docx", body, numbering=numbering)) == expected


def test_long_documents_come_in_pieces_at_the_ends_of_paragraphs(path: Path) -> None:
    pages = _pages(write(path, "".join(p(f"Paragraph {number} " + "word " * 40) for number in range(1000))))

    assert len(pages) > 3
    assert all(
        page.text.startswith("Paragraph ") and page.text.endswith("word\n") and page.number is None for page in pages
    )
    assert sum(page.text.count("Paragraph ") for page in pages) == 1000
