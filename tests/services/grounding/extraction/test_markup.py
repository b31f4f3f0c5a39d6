"""HTML, Markdown and plain text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grounding.document import Page
from services.grounding.extraction.outcome import Found, Limits, Step
from services.grounding.extraction.readers import read
from services.grounding.extraction.texts import is_word, plain
from utils.errors import DocumentError


def _read(path: Path, content: str | bytes, found: Found | None = None) -> list[Page]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [one for one in read(str(path), path.name, Limits(), found or Found()) if not isinstance(one, Step)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.txt"


def test_html_is_read_as_it_is_seen(path: Path) -> None:
    page = """<!doctype html><html><head><title>Theft Act 1968</title><style>p {}</style></head><body>
      <nav>Home</nav><script>var x;</script><h1>Theft Act
      1968</h1><p>A person is <em>guilty</em> of theft<sup>2</sup> if&nbsp;he<br>appropriates.</p><div hidden>no</div>
      <p style="display: none">no</p><ol type="a"><li>first</li><li><p>second</p></li></ol><ul><li>dot</li></ul>
      <table><tr><th>Fee</th><th>Sum</th></tr><tr><td>(a)</td><td>a text</td></tr></table><pre>two
lines</pre>tail</body></html>"""
    found = Found()

    (read_page,) = _read(path, page, found)

    assert read_page.text.splitlines() == [
        "Theft Act 1968",
        "A person is guilty of theft² if he",
        "appropriates.",
        "a. first",
        "b. second",
        "- dot",
        "Fee | Sum",
        "(a) a text",
        "two",
        "lines",
        "tail",
    ]
    assert [(read_page.text[one.start : one.end], one.level) for one in read_page.headings] == [("Theft Act 1968", 1)]
    assert (found.title, found.kind) == ("Theft Act 1968", "html")


def test_numbers_of_lists_start_and_go_on_as_they_say(path: Path) -> None:
    page = """<html><body><ol start="3"><li>a</li><li value="7">b<ol type="i"><li>in</li></ol></li><li>c</li></ol>
      <ol><li>anew</li></ol>"""

    (read_page,) = _read(path, page)

    assert read_page.text.splitlines() == ["3. a", "7. b", "i. in", "8. c", "1. anew"]


def test_html_with_hundreds_of_open_elements_is_read_whole(path: Path) -> None:
    (page,) = _read(path, "<html><body>" + "<font><div>" * 500 + "The end.")

    assert page.text == "The end.\n"


def test_html_of_which_a_part_would_be_lost_is_refused(path: Path) -> None:
    with pytest.raises(DocumentError, match="nested too deeply"):
        _read(path, "<html><body>Begin" + "<div>" * 100_000 + "The end.")


def test_xml_that_declares_entities_is_refused(path: Path) -> None:
    with pytest.raises(DocumentError, match="declares entities"):
        _read(path, '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "law">]><a>&e;</a>')


def test_markdown_keeps_its_text_and_knows_its_headings(path: Path) -> None:
    text = "# Act #\n\nPart one\n--------\n\n```\n# no heading\n```\n\n- item\n---\n\n### Three\nend"
    found = Found()

    (page,) = _read(path.with_suffix(".md"), text, found)

    assert page.text == f"{text}\n"
    assert [(page.text[one.start : one.end], one.level) for one in page.headings] == [
        ("# Act #", 1),
        ("Part one", 2),
        ("### Three", 3),
    ]
    assert found.title == "Act"


@pytest.mark.parametrize(
    ("content", "read_as"),
    [
        pytest.param("a\r\nb\rc\n", "a\nb\nc\n", id="line ends"),
        pytest.param("\ufeff§ 1 – “x”".encode("utf-16"), "§ 1 – “x”\n", id="UTF-16"),
        pytest.param(b"\xa7 1 \x96 \x93x\x94", "§ 1 – “x”\n", id="Windows-1252"),
        pytest.param("of\ufb01ce\u00a0of\u200b a co\u00adop", "office of a coop\n", id="ligatures, spaces, unseen"),
        pytest.param("§ 1" + "x" * 100_000 + "é", "§ 1" + "x" * 100_000 + "é", id="a long line"),
    ],
)
def test_plain_text_is_read_as_it_stands(path: Path, content: str | bytes, read_as: str) -> None:
    text = "".join(page.text for page in _read(path, content))

    assert (text if len(read_as) < 100 else text.replace("\n", "")) == read_as


def test_what_is_not_utf_8_late_in_the_file_is_read_as_windows_1252(path: Path) -> None:
    found = Found()

    pages = _read(path, b"plain words\n" * 200_000 + b"\xa7 1", found)

    assert pages[-1].text.endswith("§ 1\n")
    assert found.notes == ["it is not UTF-8 and was read as Windows-1252"]


def test_form_feeds_part_pages(path: Path) -> None:
    assert [(page.number, page.text) for page in _read(path, "one\n\ftwo\n\fthree\n")] == [
        (1, "one\n"),
        (2, "two\n"),
        (3, "three\n"),
    ]


_CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029")


@given(st.lists(st.text(_CHARACTERS, max_size=60), max_size=30))
def test_no_line_of_a_text_is_lost(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    text = "\n".join(["Heading", *lines, "End"])
    path = tmp_path_factory.mktemp("texts") / "a.txt"

    pages = _read(path, text)

    assert [line.rstrip() for line in "".join(page.text for page in pages).split("\n")[:-1]] == [
        plain(line).rstrip() for line in text.split("\n")
    ]
    assert all(is_word(page.text) for page in pages)
