"""Pages of EUR-Lex, in the older dress, the newer one and that of consolidated texts."""

from pathlib import Path

import pytest

from models.grounding.document import Status
from services.grounding.extraction.outcome import Found, Limits
from services.grounding.extraction.readers import read
from tests.services.grounding.law.reading import Read, read_law
from utils.errors import DocumentError

_NO_BREAK = "&#160;&#160;&#160;"


def _item(label: str, text: str, p: str) -> str:
    return f'<tr><td><p class="{p}normal">{label}</p></td><td><p class="{p}normal">{text}</p></td></tr>'


def _page(p: str = "") -> str:
    """Return an act in one of both dresses of the Official Journal: with "oj-" before its classes, or nothing."""

    def within(identifier: str, content: str) -> str:
        return f'<div class="eli-subdivision" id="{identifier}">{content}</div>' if p else content

    articles = within(
        "art_1",
        f'<p class="{p}ti-art" id="d1">Article 1</p><p class="{p}sti-art">Scope</p>'
        f'<p class="{p}normal">1.{_NO_BREAK}This '
        f"covers lamps:</p><table><tbody>{_item('(a)', 'of oil;', p)}{_item('(b)', 'of <i>gas</i>.', p)}</tbody>"
        f"</table>"
        f'<p class="{p}normal">2.{_NO_BREAK}No candle counts.</p>',
    ) + within(
        "art_2",
        f'<p class="{p}ti-art">Article 2</p><p class="{p}sti-art">Definitions</p>'
        f'<p class="{p}normal">‘Lamp’ means a light;</p>'
        f'<p class="{p}normal">‘oil’ means fat.</p>',
    )
    amending = within(
        "art_3",
        f'<p class="{p}ti-art">Article 3</p><p class="{p}normal">In Regulation (EU) No 1/2010 these are inserted:</p>'
        f'<p class="{p}normal">‘Article 4a</p><p class="{p}ti-art">Article 4b</p><p class="{p}sti-art">Wicks</p>'
        f'<p class="{p}normal">The keeper’s ‘own wick’ is short.’.</p>',
    )
    end = within(
        "art_4",
        f'<p class="{p}ti-art">Article 4</p><p class="{p}normal">This Regulation enters into force now.</p>',
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" '
        '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><html xmlns="http://www.w3.org/1999/xhtml"><head>'
        "<title>L_1"
        f'</title></head><body><p class="{p}hd-date">1.1.2031</p><p class="{p}doc-ti">REGULATION (EU) 2031/77 OF THE '
        f'COUNCIL</p><p class="{p}doc-ti">of 16 April 2031</p>'
        f'<p class="{p}doc-ti">on lamps (Harbour Lamps Regulation)</p>'
        f'<p class="{p}normal">Whereas:</p><table><tbody>'
        + _item("(1)", 'Lamps matter<a id="ntc1" href="#ntr1">&#160;(<span class="super">1</span>)</a>, says all.', p)
        + f"</tbody></table><table><tbody>{_item('(2)', 'They burn.', p)}</tbody></table>"
        f'<p class="{p}normal">HAVE ADOPTED THIS REGULATION:</p><p class="{p}ti-section-1">CHAPTER I</p>'
        f'<p class="{p}ti-section-2">General provisions</p>{articles}<p class="{p}ti-section-1">CHAPTER II</p>'
        f'<p class="{p}ti-section-2">Change</p>{amending}{end}'
        f'<p class="{p}normal">Done at Brussels, 16 April 2031.</p>'
        f'<p class="{p}signatory">The President</p><p class="{p}doc-ti">ANNEX II</p><p class="{p}doc-ti">Oils</p>'
        f"<table><tr>"
        f'<td><p class="{p}tbl-txt">Whale</p></td><td><p class="{p}tbl-txt">3</p></td></tr></table>'
        f'<p class="{p}ti-grseq-1">Part A</p><p class="{p}normal">Seal.</p><p class="{p}ti-art">Article 1</p>'
        f'<hr class="{p}note"/>'
        f'<p class="{p}note"><a id="ntr1" href="#ntc1">(1)</a> OJ C 1.</p></body></html>'
    )


@pytest.fixture(params=["", "oj-"])
def law(request: pytest.FixtureRequest, tmp_path: Path) -> Read:
    return read_law(tmp_path / "a", _page(request.param), "page.html")


def test_both_dresses_of_the_journal_give_the_same_law(law: Read) -> None:
    assert law.kind == "eur-lex"
    assert law.numbers == [
        ("recital", "1"),
        ("recital", "2"),
        ("article", "1"),
        ("article", "2"),
        ("article", "3"),
        ("article", "4"),
        ("schedule", "II"),
    ]
    one = law.units[2]
    assert (one.heading, one.path, one.parts) == (
        "Scope",
        ("CHAPTER I General provisions",),
        ("(1)", "(1)(a)", "(1)(b)", "(2)"),
    )
    lines = law.text[one.body : one.end].strip().split("\n")
    assert lines == ["1. This covers lamps:", "(a) of oil;", "(b) of gas.", "2. No candle counts."]
    assert (law.instrument.title, law.instrument.identifier) == ("Regulation (EU) 2031/77", "32031R0077")
    assert law.instrument.aliases == ("Harbour Lamps Regulation",)
    assert law.lines("II") == ["Whale | 3", "Part A", "Seal.", "Article 1"]
    assert law.unit("II").heading == "Oils"


def test_marks_of_notes_notes_and_signatures_are_left_out(law: Read) -> None:
    assert law.text[law.units[0].body : law.units[0].end].strip() == "Lamps matter, says all."
    assert "OJ C 1" not in law.text
    assert "President" not in law.text
    assert "Done at" not in law.text


def test_a_definition_in_quotation_marks_does_not_swallow_what_follows(law: Read) -> None:
    two = law.units[3]
    assert law.text[two.body : two.end].strip() == "‘Lamp’ means a light;\n‘oil’ means fat."


def test_articles_that_are_inserted_elsewhere_belong_to_the_amending_article(law: Read) -> None:
    assert law.lines("3") == [
        "In Regulation (EU) No 1/2010 these are inserted:",
        "‘Article 4a",
        "Article 4b",
        "Wicks",
        "The keeper’s ‘own wick’ is short.’.",
    ]
    assert law.unit("4").path == ("CHAPTER II Change",)


_CONSOLIDATED = """<html xmlns="http://www.w3.org/1999/xhtml"><body><div class="eli-container">
<p class="reference">02031R0077 — EN — 01.02.2033 — 001.001 — 1</p><p class="disclaimer">This text is no law.</p>
<p class="title-doc-first">REGULATION (EU) 2031/77 OF THE COUNCIL</p><p class="title-doc-last">on lamps</p>
<div class="eli-subdivision" id="art_5a"><p class="modref"><a>▼M1</a></p><p class="title-article-norm">Article 5a</p>
<div class="eli-title"><p class="stitle-article-norm">Keepers</p></div>
<div class="norm"><span class="no-parag">1.&#160;&#160;</span>
<div class="norm inline-element">A keeper <span class="arrow">►M1</span>
►M2  shall ◄ keep:
<div class="grid-container grid-list"><div class="list grid-list-column-1"><span>(1)&#160;</span></div>
<div class="grid-list-column-2"><p class="norm">a lamp;</p></div></div></div></div></div>
<div class="eli-subdivision" id="art_6"><p class="title-article-norm">Article 6</p><p class="norm">————— </p></div>
</div></body></html>"""


def test_a_consolidated_text_loses_its_arrows_and_knows_its_day(tmp_path: Path) -> None:
    law = read_law(tmp_path / "a", _CONSOLIDATED, "page.html")
    assert law.numbers == [("article", "5a"), ("article", "6")]
    assert law.lines("5a") == ["1. A keeper shall keep:", "(1) a lamp;"]
    assert law.unit("5a").parts == ("(1)", "(1)(1)")
    assert law.unit("6").status is Status.REPEALED
    assert (law.instrument.identifier, law.instrument.version) == ("32031R0077", "2033-02-01")


def test_an_article_without_a_class_is_known_by_its_container(tmp_path: Path) -> None:
    page = (
        '<html><body><div class="eli-subdivision" id="art_2"><p>Article&nbsp;2</p>'
        '<div class="eli-title"><p>Definitions</p>'
        "</div><p>Article 9</p><p>Lamps burn.</p></div></body></html>"
    )
    law = read_law(tmp_path / "a", page, "page.html")
    assert law.numbers == [("article", "2")]
    assert law.unit("2").heading == "Definitions"
    assert law.lines("2") == ["Article 9", "Lamps burn."]


def test_a_treaty_has_its_name_and_new_numbers(tmp_path: Path) -> None:
    page = (
        '<html><body><p class="doc-ti">CONSOLIDATED VERSION OF THE TREATY ON HARBOURS</p>'
        '<p class="ti-art">Article 5<br/>'
        '(ex Article 3 TEH)</p><p class="normal">Harbours are free.</p></body></html>'
    )
    law = read_law(tmp_path / "a", page, "page.html")
    assert law.numbers == [("article", "5")]
    assert (law.instrument.title, law.instrument.kind) == ("TREATY ON HARBOURS", "treaty")


def test_ordinary_html_stays_ordinary(tmp_path: Path) -> None:
    found = Found()
    (tmp_path / "a").write_text("<html><body><h1>Article 1</h1><p class='normal'>Scope of a blog.</p></body></html>")
    assert list(read(str(tmp_path / "a"), "a.html", Limits(), found))
    assert (found.kind, found.instrument, found.units) == ("html", None, None)


def test_a_page_without_articles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="a page of EUR-Lex without a provision"):
        read_law(tmp_path / "a", '<html><body><div class="eli-container"><p>x</p></div></body></html>')
