"""A text as formats read it: documents' blanks, dashes, tags and entities put right, every span with its way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.reading import read
from tests.fakes import CHECKER

ODD = st.sampled_from(
    [" ", "  ", "\n", "\r\n", "\n\n", "\u00a0", "\u00ad", "\u200b", "-", "–", "’", "ﬁ", "<em>", "</em>", "<br/>", "<p>"]
)
PIECES = st.lists(
    st.one_of(ODD, st.sampled_from(["&sect;", "&#167;", "&amp;", "&nbsp;", "§", "é", "𝕏"]), st.text(max_size=5))
)


@pytest.mark.parametrize(
    ("given_text", "as_read"),
    [
        pytest.param("Companies Act 2006, s 9", "Companies Act 2006, s 9", id="nothing to do"),
        pytest.param("Companies Act 2006,\r\ns 9", "Companies Act 2006, s 9", id="line end"),
        pytest.param("42 U.S.C.  \n  § 1983", "42 U.S.C. § 1983", id="blanks round a line end"),
        pytest.param("one\n\n two", "one\ntwo", id="paragraph"),
        pytest.param("one\n- two", "one\n- two", id="item of a list"),
        pytest.param("one\n2. two", "one\n2. two", id="numbered item"),
        pytest.param("§\u00a01983", "§ 1983", id="hard blank"),
        pytest.param("§&nbsp;1983", "§ 1983", id="hard blank as an entity"),
        pytest.param("&sect; 1983 &#167; 2 &#xA7; 3", "§ 1983 § 2 § 3", id="section signs as entities"),
        pytest.param("<em>Roe v. Wade</em>, 410", "Roe v. Wade, 410", id="tags of words"),
        pytest.param("Act 2006,<br/>s 9", "Act 2006, s 9", id="tag of a line"),
        pytest.param("a < b and c > d", "a < b and c > d", id="no tags"),
        pytest.param("Con-\nvention", "Convention", id="word divided at the line's end"),
        pytest.param("§§ 1331-\n1332", "§§ 1331-1332", id="range at the line's end"),
        pytest.param("Con\u00adven\u00adtion", "Convention", id="soft hyphens"),
        pytest.param("eﬀect of ﬁnes", "effect of fines", id="ligatures"),
        pytest.param("C‑131/12 – it’s", "C-131/12 - it's", id="dashes and quotes"),
    ],
)
def test_typography_of_documents_is_put_right(given_text: str, as_read: str) -> None:
    assert read(given_text).text == as_read


@given(PIECES.map("".join))
def test_every_sign_that_is_read_leads_back_to_the_text_as_it_was_given(text: str) -> None:
    reading = read(text)
    spans = [reading.given(at, at + 1) for at in range(len(reading.text))]

    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
    assert all(
        stretch == sign
        for (start, end), sign in zip(spans, reading.text, strict=True)
        if (stretch := text[start:end]).isascii() and stretch.isalnum()
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("See Companies Act 2006,\r\ns 172.", "Companies Act 2006,\r\ns 172", id="line end"),
        pytest.param("under 42 U.S.C.\r\n§ 1983.", "42 U.S.C.\r\n§ 1983", id="code over a line end"),
        pytest.param("Regulation (EU)\r\n2016/679 applies", "Regulation (EU)\r\n2016/679", id="act over a line end"),
        pytest.param("17 U.S.C. &#167; 107", "17 U.S.C. &#167; 107", id="entity"),
        pytest.param("the Con-\nvention, Article 8 EC\u00adHR", "Article 8 EC\u00adHR", id="soft hyphen"),
    ],
)
def test_citation_in_a_document_is_found_as_it_stands_there(text: str, found: str) -> None:
    (citation,) = CHECKER.extractor.extract(text)

    assert citation.text == found == text[citation.start : citation.end]
