"""United States Legislative Markup: titles of the US Code."""

from pathlib import Path

import pytest

from models.grounding.document import Status
from tests.services.grounding.law.reading import read_law
from utils.errors import DocumentError


def _title(sections: str, version: str = "1.0", number: str = "99") -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<uscDoc xmlns="http://{"xml.house.gov/schemas/uslm/1.0" if version == "1.0" else "schemas.gpo.gov/xml/uslm"}"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"
 xmlns:xhtml="http://www.w3.org/1999/xhtml" identifier="/us/usc/t{number}"><meta><dc:title>Title {number}</dc:title>
<docNumber>{number}</docNumber><dcterms:created>2030-04-05T10:00:00</dcterms:created></meta>
<main><title identifier="/us/usc/t{number}"><num value="{number}">Title {number}—</num>
<heading>LAMPS AND LIGHTS</heading>
<chapter identifier="/us/usc/t{number}/ch1"><num value="1">CHAPTER 1—</num><heading>KEEPERS</heading>
<toc><tocItem>Sec.</tocItem></toc>{sections}</chapter></title></main></uscDoc>"""


_SECTION = """<section style="x" id="i" identifier="/us/usc/t99/s107"><num value="107">§ 107.</num>
<heading> Duties of keepers</heading><subsection identifier="/us/usc/t99/s107/a"><num value="a">(a)</num>
<heading><inline class="small-caps"> In General</inline>.—</heading>
<chapeau>A keeper<ref class="footnoteRef" idref="f1">1</ref>
<note type="footnote" id="f1"><num>1</num> So in original.</note> shall—</chapeau>
<paragraph identifier="/us/usc/t99/s107/a/1"><num value="1">(1)</num><content>light the lamp under
<ref href="/us/usc/t99/s108">section 108(b) of this title</ref>; and</content></paragraph>
<paragraph><num value="2">(2)</num><content>watch it.</content></paragraph>
<continuation>The keeper is paid.</continuation></subsection>
<subsection><num value="b">(b)</num><content><p>No oil.</p></content></subsection>
<sourceCredit>(Pub. L. 1–2, § 3.)</sourceCredit><notes type="uscNote"><note topic="amendments">
<heading>Amendments</heading>
<p>Text.</p><quotedContent><section><num value="1">“SECTION 1.</num><heading>Title</heading><content>x</content>
</section>
</quotedContent></note></notes></section>"""


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_section_is_read_without_its_notes(tmp_path: Path, version: str) -> None:
    law = read_law(tmp_path / "a", _title(_SECTION, version))
    assert law.kind == "uslm"
    assert law.numbers == [("section", "107")]
    assert law.lines("107") == [
        "(a) In General.—A keeper shall—",
        "(1) light the lamp under section 108(b) of this title; and",
        "(2) watch it.",
        "The keeper is paid.",
        "(b) No oil.",
    ]
    unit = law.unit("107")
    assert (unit.heading, unit.path) == ("Duties of keepers", ("CHAPTER 1— KEEPERS",))
    assert unit.parts == ("(a)", "(a)(1)", "(a)(2)", "(b)")
    assert (unit.identifier, unit.status) == ("/us/usc/t99/s107", Status.IN_FORCE)


def test_a_title_is_known_as_it_is_cited(tmp_path: Path) -> None:
    one = read_law(tmp_path / "a", _title(_SECTION)).instrument
    assert (one.title, one.identifier, one.kind) == ("99 U.S.C.", "usc/99", "code")
    assert (one.version, one.licence, one.jurisdiction) == ("2030-04-05", "us-government", "us")
    assert one.aliases == ("Title 99 of the United States Code", "Lamps and Lights")


@pytest.mark.parametrize(
    ("number", "value", "wanted"),
    [
        ("[§ 110.", "110", ["110"]),
        ("[§§ 801 to 803.", "801..803", ["801", "802", "803"]),
        ("[§§ 17, 18.", "17,18", ["17", "18"]),
        ("[§§ 31a–1 to 31a–3.", "31a-1", ["31a-1", "31a-3"]),
        ("[§ 1396r–8.", "1396r-8", ["1396r-8"]),
    ],
)
@pytest.mark.parametrize("said", ["repealed", "transferred", "omitted"])
def test_sections_that_are_gone_keep_their_numbers(
    tmp_path: Path, number: str, value: str, wanted: list[str], said: str
) -> None:
    gone = (
        f'<section identifier="/us/usc/t99/s{value}" status="{said}"><num value="{value}">{number}</num>'
        f"<heading> {said.capitalize()}.]</heading><notes><note><p>Why.</p></note></notes></section>"
    )
    law = read_law(tmp_path / "a", _title(_SECTION + gone))
    assert [one.number for one in law.units[1:]] == wanted
    assert {one.status for one in law.units[1:]} == {Status.REPEALED}
    assert law.units[1].heading == f"{said.capitalize()}."


def test_a_section_in_force_may_have_a_dash_a_table_and_quoted_sections(tmp_path: Path) -> None:
    section = (
        '<section identifier="/us/usc/t99/s1396r–8"><num value="1396r–8">§ 1396r–8.</num><heading>Rates'
        "</heading><content>"
        "The rates are:<xhtml:table><xhtml:tr><xhtml:td>Oil</xhtml:td><xhtml:td>$3</xhtml:td></xhtml:tr>"
        "</xhtml:table>"
        "<p>It reads:</p><quotedContent><section><num>“§ 5.</num><heading>Old</heading><content>Text.”</content>"
        "</section>"
        "</quotedContent></content></section>"
    )
    law = read_law(tmp_path / "a", _title(section))
    assert law.numbers == [("section", "1396r-8")]
    assert law.lines("1396r-8") == ["The rates are:", "Oil | $3", "It reads:", "“§ 5. Old", "Text.”"]
    assert law.unit("1396r-8").parts == ()


def test_bills_and_empty_titles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="it is a bill"):
        read_law(tmp_path / "a", '<?xml version="1.0"?><bill xmlns="http://schemas.gpo.gov/xml/uslm"><main/></bill>')
    with pytest.raises(DocumentError, match="USLM without a provision"):
        read_law(tmp_path / "a", _title(""))


def test_a_large_title_is_read_section_by_section(tmp_path: Path) -> None:
    sections = "".join(
        _SECTION.replace("107", str(number)).replace("watch it", f"watch it {number} times")
        for number in range(200, 1400)
    )
    law = read_law(tmp_path / "a", _title(sections))
    assert len(law.units) == 1200
    assert law.lines("1399")[2] == "(2) watch it 1399 times."
