"""PDF: what a reader sees of pages that a PDF library wrote."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.grounding.extraction.outcome import Found, Limits, Step
from services.grounding.extraction.pdf import read_pdf
from tests.services.grounding.extraction.papers import HEIGHT, WIDTH, Paper, texts_of

_PROSE = (
    "A director of a company must act in the way he considers, in good faith, would be most likely to promote the "
    "success of the company for the benefit of its members as a whole, and in doing so have regard to the likely "
    "consequences of any decision in the long term, the interests of the company's employees, and the need to foster "
    "relationships with suppliers, customers and others."
)


def test_lines_of_a_paragraph_are_joined_and_paragraphs_stay_apart(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    below = paper.lines(72, 700, paper.wrapped(_PROSE, 400))
    paper.lines(72, below, paper.wrapped("The duty has effect subject to any enactment or rule of law. " * 3, 400))

    (text,) = texts_of(paper.save())

    assert text.splitlines() == [_PROSE, ("The duty has effect subject to any enactment or rule of law. " * 3).strip()]


def test_subdivisions_stand_on_lines_of_their_own(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    said = [
        "(1) A person is guilty of theft if he dishonestly appropriates property belonging to another;",
        "(a) with the intention of permanently depriving the other of it, or",
        "(b) for gain, whether or not it is made with a view to gain or is made for the thief's own benefit.",
        "(2) Subsection (1) applies.",
    ]
    y = 700.0
    for text, indent in zip(said, (0, 20, 20, 0), strict=True):
        y = paper.lines(72 + indent, y, paper.wrapped(text, 400 - indent))

    (text,) = texts_of(paper.save())

    assert text.splitlines() == said


def test_a_quotation_that_is_indented_on_both_sides_is_one_paragraph(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    below = paper.lines(72, 700, paper.wrapped(_PROSE, 430))
    below = paper.lines(126, below - 8, paper.wrapped(_PROSE, 320))
    paper.lines(72, below - 8, paper.wrapped(_PROSE, 430))

    (text,) = texts_of(paper.save())

    assert text.splitlines() == [_PROSE] * 3


def test_a_number_that_a_line_begins_with_by_chance_begins_no_paragraph(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.lines(
        72,
        700,
        ["The notice is given in accordance with the provisions of subsection", "(1) of this section and has effect."],
    )

    (text,) = texts_of(paper.save())

    assert (
        text
        == "The notice is given in accordance with the provisions of subsection (1) of this section and has effect.\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "read"),
    [
        ("The claimant sued under Rule 10b-", "5 of the Act.", "The claimant sued under Rule 10b-5 of the Act."),
        (
            "They were deemed to have fraudu-",
            "lently conveyed it.",
            "They were deemed to have fraudulently conveyed it.",
        ),
        ("The rules concern only non-", "compliance with it.", "The rules concern only non-compliance with it."),
        ("It was decided by the Franco-", "British tribunal.", "It was decided by the Franco-British tribunal."),
        (
            "They paid the sum on a day-to-",
            "day basis for years.",
            "They paid the sum on a day-to-day basis for years.",
        ),
        ("See Regulation (EU) 2016/", "679 on this.", "See Regulation (EU) 2016/679 on this."),
        ("It is told in the pages 15–", "17 of it.", "It is told in the pages 15–17 of it."),
        ("The plaintiff is in pages 15-", "17 of the bundle.", "The plaintiff is in pages 15-17 of the bundle."),
    ],
)
def test_a_hyphen_at_a_lines_end_is_kept_where_it_belongs_to_the_word(
    tmp_path: Path, before: str, after: str, read: str
) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.lines(72, 700, [before, after])

    assert texts_of(paper.save()) == [f"{read}\n"]


def test_a_compound_that_the_document_writes_elsewhere_keeps_its_hyphen(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.lines(72, 700, ["The counter-claim was filed late. It was an ordinary counter-", "claim in every way."])

    assert texts_of(paper.save()) == [
        "The counter-claim was filed late. It was an ordinary counter-claim in every way.\n"
    ]


def test_a_word_that_goes_on_overleaf_is_whole_in_the_document(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    for body in (["By the statute that was then in force it is an absolute pro-"], ["hibition of the keeping."]):
        paper.at(72, 750, "Ordinary Law Reports", 9)
        paper.lines(72, 400, body)
        paper.turn()
    paper.at(72, 750, "Ordinary Law Reports", 9)
    paper.lines(72, 400, ["The end."])

    assert (
        "".join(texts_of(paper.save()))
        == "By the statute that was then in force it is an absolute prohibition of the keeping.\nThe end.\n"
    )


@pytest.mark.parametrize(("size", "rise"), [(7, 5), (6, 6.5), (9, 3)])
def test_the_raised_mark_of_a_note_is_not_part_of_the_number_before_it(
    tmp_path: Path, size: float, rise: float
) -> None:
    paper = Paper(tmp_path / "a.pdf")
    head, tail = ("He sued under 42 U.S.C. § 1983", 12, 0), (" count.", 12, 0)
    paper.runs(72, 714, [("This is the line of the text above what matters here in the test.", 12, 0)])
    paper.runs(72, 700, [head, ("4", size, rise), (" and failed on the 1", 12, 0), ("st", 7, 5), tail])
    paper.runs(72, 100, [("4", 5, 3), (" See Monroe v Pape.", 8, 0)])

    (text,) = texts_of(paper.save())

    assert text.splitlines() == [
        "This is the line of the text above what matters here in the test. "
        "He sued under 42 U.S.C. § 1983⁴ and failed on the 1st count.",
        "⁴ See Monroe v Pape.",
    ]


def test_running_heads_feet_and_page_numbers_are_left_out(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    words = "One Two Three Four Five Six Seven Eight".split()
    for number, word in enumerate(words, 1):
        if number > 1:
            paper.at(72, 755, "Companies Act 2006 (c. 46)" if number % 2 else "Part 10 - A company's directors", 9)
        paper.lines(72, 700, [f"{word} provisions say this.", f"The case of {word} is such."], pitch=30)
        paper.at(WIDTH / 2, 40, f"- {number} -", 9)
        paper.turn()

    texts = texts_of(paper.save())

    assert texts == [f"{word} provisions say this.\nThe case of {word} is such.\n" for word in words]


def test_pages_that_say_but_one_line_each_are_not_left_empty(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    for number in range(1, 7):
        paper.at(72, 740, f"Exhibit {number}")
        paper.at(300, 30, str(number))
        paper.turn()

    assert texts_of(paper.save()) == [f"Exhibit {number}\n" for number in range(1, 7)]


def test_a_section_on_each_page_keeps_its_heading_and_its_notes(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    for number, what in enumerate(("Duties", "Loans", "Gifts", "Votes", "Minutes", "Seals"), 1):
        paper.at(72, 800, "Companies Code")
        paper.at(72, 770, f"{number} {what} of directors")
        paper.lines(72, 500, [f"Of {what.lower()} it is said that they are regulated."])
        paper.at(72, 60, f"1 See the rules on {what.lower()}.")
        paper.turn()

    texts = texts_of(paper.save())
    assert [text.split("\n")[0] for text in texts[:2]] == ["1 Duties of directors", "2 Loans of directors"]
    assert all("1 See the rules on" in text and "Companies Code" not in text for text in texts)


def test_feet_that_change_with_the_section_are_known_by_their_page_number(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    titles = ["5.1. Duties", "5.1. Duties", "5.2. Loans", "5.3. Gifts", "5.4. Votes", "5.5. Minutes"]
    for number, title in enumerate(titles, 33):
        paper.lines(72, 500, [f"Of {title.split()[1].lower()} it is said that they are regulated."])
        paper.at(*((72, 40, f"{number} {title}") if number % 2 else (400, 40, f"{title} {number}")))
        paper.turn()

    assert all(text.endswith("regulated.\n") for text in texts_of(paper.save()))


@pytest.mark.parametrize("pages", [1, 3])
@pytest.mark.parametrize("margin", [90, 560])
def test_the_numbers_of_the_lines_of_a_pleading_are_left_out(tmp_path: Path, pages: int, margin: float) -> None:
    paper = Paper(tmp_path / "a.pdf")
    said = []
    for page in range(pages):
        body = paper.wrapped(" ".join(f"{word}{'abc'[page]}" for word in (_PROSE * 3).split()), 400, 12)[
            : 20 if pages == 1 else 28
        ]
        said.append(" ".join(body) + "\n")
        for place in range(28):
            paper.right(margin, 720 - 24 * place, str(place + 1), 12)
            if place < len(body):
                paper.at(108, 719 - 24 * place, body[place], 12)
        paper.turn()

    assert texts_of(paper.save()) == said


def test_the_numbers_of_a_list_of_sections_stay(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    for start in (1, 21):
        for place in range(20):
            paper.at(72, 700 - 15 * place, str(start + place))
            paper.at(108, 700 - 15 * place, f"Offences of the {'abcdefghijklmnopqrstuvwxyz'[place]} kind")
        paper.turn()

    numbers = [line.split()[0] for text in texts_of(paper.save()) for line in text.splitlines()]

    assert numbers == [str(number) for number in range(1, 41)]


def test_numbers_of_paragraphs_in_the_margin_stay(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    y = 720.0
    for number in range(14, 26):
        paper.at(60, y, str(number))
        y = paper.lines(108, y, paper.wrapped(_PROSE[: 60 + 13 * (number % 5)], 400)) - 13

    (text,) = texts_of(paper.save())

    assert [line.split()[0] for line in text.splitlines()] == [str(number) for number in range(14, 26)]


@pytest.mark.parametrize("is_by_rows", [True, False])
def test_two_columns_are_read_one_after_the_other(tmp_path: Path, is_by_rows: bool) -> None:
    paper = Paper(tmp_path / "a.pdf")
    words = [f"word{number}" for number in range(260)]
    lines = paper.wrapped(" ".join(words), 210, 10)
    half = (len(lines) + 1) // 2
    left, right = lines[:half], lines[half:]
    paper.at(72, 740, "A TITLE THAT GOES OVER BOTH OF THE COLUMNS OF THE PAGE AS THEY STAND", 12)
    if is_by_rows:
        for place, (one, other) in enumerate(zip(left, [*right, ""], strict=False)):
            paper.at(72, 700 - 12 * place, one, 10)
            paper.at(320, 700 - 12 * place, other, 10)
    else:
        paper.lines(72, 700, left, 10, 12)
        paper.lines(320, 700, right, 10, 12)

    (text,) = texts_of(paper.save())

    assert text.split("STAND")[1].split() == words


def test_the_cells_of_a_table_are_read_row_by_row(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    rows = [(f"Fee {number}", f"£{number * 15}.00", f"section {number}") for number in range(1, 11)]
    for place, row in enumerate(rows):
        for x, cell in zip((72, 250, 400), row, strict=True):
            paper.at(x, 700 - 15 * place, cell)

    (text,) = texts_of(paper.save())

    assert text.splitlines() == [" ".join(row) for row in rows]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_page_whose_text_is_turned_reads_like_one_that_is_upright(tmp_path: Path, degrees: int) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.canvas.translate(WIDTH / 2, HEIGHT / 2)
    paper.canvas.rotate(degrees)
    paper.lines(-200, 100, paper.wrapped(_PROSE, 400))

    assert texts_of(paper.save()) == [f"{_PROSE}\n"]


def test_a_stamp_across_the_page_does_not_part_its_lines(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.canvas.saveState()
    paper.canvas.translate(200, 600)
    paper.canvas.rotate(45)
    paper.at(0, 0, "DRAFT", 60)
    paper.canvas.restoreState()
    paper.lines(72, 700, paper.wrapped(_PROSE, 400))

    assert texts_of(paper.save()) == [f"{_PROSE}\nDRAFT\n"]


def test_headings_are_known_by_their_type(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.at(72, 740, "Theft Act 1968", 20)
    paper.at(72, 710, "1 Basic definition of theft", 11, "Times-Bold")
    paper.lines(72, 690, paper.wrapped(_PROSE, 400))

    (page,) = (one for one in read_pdf(paper.save(), "a.pdf", Limits(), Found()) if not isinstance(one, Step))

    assert [(page.text[one.start : one.end], one.level) for one in page.headings] == [
        ("Theft Act 1968", 1),
        ("1 Basic definition of theft", 4),
    ]


def test_ligatures_are_letters(tmp_path: Path) -> None:
    import reportlab
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    registerFont(TTFont("Vera", Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"))
    paper = Paper(tmp_path / "a.pdf", "Vera")
    paper.at(72, 700, "The ﬂow to the ﬁduciary")

    assert texts_of(paper.save()) == ["The flow to the fiduciary\n"]


def test_what_was_filled_in_a_form_is_read(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.at(72, 700, "Name of the claimant:")
    paper.canvas.acroForm.textfield(name="claimant", value="May Donoghue", x=200, y=690, width=200, height=24)

    (text,) = texts_of(paper.save())

    assert "Name of the claimant:" in text
    assert "May Donoghue" in text


def test_schedules_that_begin_their_pages_alike_stay(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    for number in range(1, 6):
        paper.at(280, 740, f"SCHEDULE {number}", 16)
        paper.lines(72, 700, paper.wrapped(_PROSE, 400))
        paper.turn()

    assert texts_of(paper.save()) == [f"SCHEDULE {number}\n{_PROSE}\n" for number in range(1, 6)]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.text("abcdefghij §().,;1234567890", min_size=1, max_size=60).filter(str.strip), min_size=1, max_size=40)
)
def test_no_word_of_a_page_is_lost(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    paper = Paper(tmp_path_factory.mktemp("papers") / "a.pdf")
    paper.lines(72, 700, lines)

    (text,) = texts_of(paper.save())

    assert "".join(text.split()) == "".join("".join(lines).split())
