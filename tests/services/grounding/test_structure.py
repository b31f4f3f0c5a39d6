import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grounding.document import Heading, Page, Provision, UnitKind
from services.grounding.structure import of_provisions, parts_of, units_of

_ACT = """Companies Act 2006
PART 10
A COMPANY'S DIRECTORS
CHAPTER 2
General duties of directors
Section 171. Duty to act within powers
A director of a company must—
(a) act in accordance with the constitution, and
(b) only exercise powers for the purposes for which they are conferred.
Section 172. Duty to promote the success of the company
(1) A director must act in the way he considers would be most likely to promote success.
(2) Section 171 applies where the purposes are others.
Section 173 is repealed.
"""
_CONTRACT = """SUPPLY AGREEMENT
1. Definitions
In this agreement "Goods" means what is delivered.
2. Term
This agreement begins on 1 January 2026.
1 January is the first day.
3. Termination
Either party may terminate on 30 days' notice.
"""
_JUDGMENT = """LORD JUSTICE EXAMPLE
[1] This appeal concerns a lease of a flat in Leeds.
[2] The facts are not in dispute. There were 3 tenants.
[3] For these reasons I would dismiss the appeal.
"""


def _units(text: str) -> list[tuple[str, str, str]]:
    return [(unit.kind.value, unit.number, unit.heading) for unit in units_of([Page(text)])]


def test_sections_of_an_act_are_units_with_their_headings_and_what_stands_above() -> None:
    units = units_of([Page(_ACT)])
    sections = [unit for unit in units if unit.kind is UnitKind.SECTION]
    assert [(unit.number, unit.heading) for unit in sections] == [
        ("171", "Duty to act within powers"),
        ("172", "Duty to promote the success of the company"),
    ]
    assert sections[0].path == ("PART 10", "CHAPTER 2")
    assert sections[1].parts == ("(1)", "(2)")
    assert _ACT[sections[0].body :].startswith("A director of a company must")


def test_clauses_of_a_contract_are_told_from_numbers_at_the_start_of_a_line() -> None:
    assert _units(_CONTRACT) == [
        ("text", "", ""),
        ("clause", "1", "Definitions"),
        ("clause", "2", "Term"),
        ("clause", "3", "Termination"),
    ]


def test_notes_at_the_foot_of_pages_do_not_part_the_row_of_sections() -> None:
    pages = [Page(f"{n} Duty of lot {n}\nIt must be paid.\n1 See above.\n2 See below.\n", n) for n in range(1, 6)]
    found = [(unit.number, unit.heading) for unit in units_of(pages)]
    assert found == [(str(n), f"Duty of lot {n}") for n in range(1, 6)]


def test_numbered_paragraphs_of_a_judgment_are_units() -> None:
    found = [(unit.kind, unit.number) for unit in units_of([Page(_JUDGMENT)]) if unit.number]
    assert found == [(UnitKind.PARAGRAPH, "1"), (UnitKind.PARAGRAPH, "2"), (UnitKind.PARAGRAPH, "3")]


def test_headings_of_the_format_stand_above_what_follows() -> None:
    text = "Terms\nLiability\nWe pay nothing.\nPayment\nYou pay all.\n"
    headings = (Heading(0, 5, 1), Heading(6, 15, 2), Heading(32, 39, 2))
    units = units_of([Page(text, headings=headings)])
    assert [(unit.heading, unit.path) for unit in units] == [
        ("Terms", ()),
        ("Liability", ("Terms",)),
        ("Payment", ("Terms",)),
    ]


def test_an_article_with_a_recital_and_a_letter_number_keeps_them() -> None:
    text = "Article 6a – Lawfulness\n1. Processing shall be lawful.\nArticle 7: Consent\nText.\nART. IX\nLast words.\n"
    assert [(number, heading) for _, number, heading in _units(text)] == [
        ("6a", "Lawfulness"),
        ("7", "Consent"),
        ("IX", ""),
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The rule is old.\nSection 12 applies where the buyer is a consumer.\nMore words.\n", id="verb"),
        pytest.param("The rule is old.\nSection 12(1)(b) of the Ponds Act 2011 applies.\nMore.\n", id="labels"),
        pytest.param(
            "A proprietor within the meaning that is given by\nsection 90 of the Ponds Act 2011, and a keeper.\n",
            id="of",
        ),
        pytest.param("The keeper of the pond has the duties that are laid down in\narticle 7.\nMore.\n", id="end"),
        pytest.param("The list is long.\nSection 42 (powers of the keeper)\n", id="described"),
        pytest.param("A notice under\nsection 9\n (6)  does not apply.\n", id="short lines"),
        pytest.param("The rule is old.\nSection 9\xa0(6)  does not apply to it.\n", id="blanks"),
    ],
)
def test_a_sentence_that_mentions_a_section_begins_no_unit(text: str) -> None:
    assert _units(text) == [("text", "", "")]


def test_a_schedule_says_to_which_section_it_belongs_and_is_no_part_of_the_last_section() -> None:
    text = (
        "Section 1. Ponds\nA pond is kept.\nSection 2. Short title\nThis is the Ponds Act.\n"
        "Sanctions\nSection 1(3)\nA keeper may be fined.\n"
        "Schedule 2. Fees\nSection 1(4)\nThe fee is £5.\n"
    )
    assert _units(text) == [
        ("section", "1", "Ponds"),
        ("section", "2", "Short title"),
        ("text", "", "Sanctions"),
        ("schedule", "2", "Fees"),
    ]


def test_a_section_that_a_schedule_names_alone_on_a_line_is_not_there_twice() -> None:
    text = "Section 1. Ponds\nA pond is kept.\nSection 2. Title\nThe Ponds Act.\nSanctions\nSection 1\nA fine is due.\n"
    assert [number for kind, number, _ in _units(text) if kind == "section"] == ["1", "2"]


def test_a_small_letter_begins_a_unit_below_a_heading_and_behind_a_sentence() -> None:
    text = "Part One\nsection 1. Name\nThis is the Ponds Act.\nsection 2. Extent\nAll ponds.\n"
    assert [number for kind, number, _ in _units(text) if kind == "section"] == ["1", "2"]


def test_subdivisions_are_told_as_they_are_cited() -> None:
    text = "(1) One\n(a) first\n(i) deep\n(ii) deeper\n(b) second\n(2) Two\n(h) eight\n(i) nine\n"
    assert parts_of(text) == (
        "(1)",
        "(1)(a)",
        "(1)(a)(i)",
        "(1)(a)(ii)",
        "(1)(b)",
        "(2)",
        "(2)(h)",
        "(2)(i)",
    )


def test_a_unit_goes_on_over_pages() -> None:
    pages = [Page("Section 1. Short title\nThis Act\n", 1), Page("is short.\nSection 2. Extent\nAll of it.\n", 2)]
    text = "".join(page.text for page in pages)
    first, second = units_of(pages)
    assert text[first.body : first.end] == "This Act\nis short.\n"
    assert second.number == "2"


def test_provisions_of_a_source_become_units_with_number_heading_and_text() -> None:
    given_ = [
        Provision(UnitKind.SECTION, "26A", "(1) Text.", "Meaning", ("Part 1",), ("(1)",), identifier="x"),
        Provision(UnitKind.PARAGRAPH, "14", "The judge erred."),
    ]
    pages, units = of_provisions(given_)
    text = "".join(page.text for page in pages)
    assert text == "Section 26A Meaning\n(1) Text.\n\n[14]\nThe judge erred.\n\n"
    assert [text[unit.body : unit.end].strip() for unit in units] == ["(1) Text.", "The judge erred."]
    assert units[0].parts == ("(1)",)


_LINES = st.lists(
    st.sampled_from(
        [
            "PART 1",
            "Section 1. Name",
            "§ 2 Other",
            "1. One",
            "2. Two",
            "3. Three",
            "[1] Para",
            "",
            "Some words, many.",
            "Article 4",
        ]
    )
    | st.text("ab .\n(1)§", max_size=20),
    max_size=25,
)


@given(st.lists(_LINES, min_size=1, max_size=4))
def test_the_units_of_any_text_follow_each_other_without_a_gap(pages: list[list[str]]) -> None:
    made = [Page("\n".join(lines) + "\n", number) for number, lines in enumerate(pages, 1)]
    text = "".join(page.text for page in made)
    units = units_of(made)
    assert "".join(text[unit.start : unit.end] for unit in units) == text
    assert all(unit.start <= unit.body <= unit.end for unit in units)
