"""Akoma Ntoso: acts of legislation.gov.uk, judgments of Find Case Law."""

from pathlib import Path

import pytest

from models.grounding.document import Status, UnitKind
from tests.services.grounding.law.reading import read_law
from utils.errors import DocumentError

_AKN = "http://docs.oasis-open.org/legaldocml/ns/akn/3.0"
_JUDGMENT = f"""<?xml version="1.0" encoding="utf-8"?>
<akomaNtoso xmlns:uk="https://caselaw.nationalarchives.gov.uk/akn" xmlns="{_AKN}"><judgment name="judgment"><meta>
<identification source="#tna"><FRBRWork><FRBRthis value="https://caselaw.nationalarchives.gov.uk/id/uksc/2031/9"/>
<FRBRuri value="https://caselaw.nationalarchives.gov.uk/id/uksc/2031/9"/>
<FRBRdate date="2031-05-04" name="judgment"/><FRBRname value="Marsh v Lighthouse Board"/></FRBRWork></identification>
<proprietary source="#"><uk:court>UKSC</uk:court><uk:cite>[2031] UKSC 9</uk:cite></proprietary></meta>
<header><p>IN THE SUPREME COURT</p></header><judgmentBody><decision>
<level><content><p><b>LORD OAK:</b></p></content></level>
<level><heading>The facts</heading><paragraph eId="para_1"><num style="x">1.</num><content>
<p>The lamp went out<authorialNote
class="footnote" marker="1"><p>At dusk.</p></authorialNote>. The statute says:</p></content></paragraph>
<paragraph eId="para_2"><num>2.</num><intro><p>There are two points:</p></intro><subparagraph><num>(a)</num><content>
<p>the oil;</p></content></subparagraph><subparagraph><num>(b)</num><content><p>the <i>wick</i>.</p></content>
</subparagraph>
<wrapUp><p>Both matter.</p></wrapUp></paragraph></level>
<level><content><p>LADY ASH (dissenting):</p></content></level>
<paragraph eId="para_3"><num>3.</num><content><p>I would allow it.</p><table><tr><td><p>Day</p></td><td><p>Lamp</p>
</td></tr>
</table></content></paragraph>
</decision></judgmentBody></judgment></akomaNtoso>"""

_ACT = f"""<akomaNtoso xmlns="{_AKN}"><act name="ukpga"><meta><identification source="#"><FRBRWork>
<FRBRuri value="http://www.legislation.gov.uk/id/ukpga/2011/7"/><FRBRdate date="2011-03-04" name="enacted"/>
</FRBRWork>
<FRBRExpression><FRBRdate date="2020-01-01" name="validFrom"/></FRBRExpression></identification></meta>
<preface><longTitle><p><shortTitle>Harbour Lights Act 2011</shortTitle></p></longTitle></preface>
<body><part eId="part-1"><num>Part 1</num><heading>Lights</heading>
<section eId="section-1"><num>1</num><heading>Duty</heading><subsection><num>(1)</num><intro><p>A keeper must—</p>
</intro>
<level class="para1"><num>(a)</num><content><p>light it;</p></content></level></subsection></section>
<section eId="section-2"><num>2</num><heading>Change</heading><content><p>After section 9 insert—</p><p><mod>
<quotedStructure startQuote="“" endQuote="”"><section><num>9A</num><heading>New</heading><content><p>No wick.</p>
</content>
</section></quotedStructure></mod></p></content></section>
<section eId="section-3" status="removed"><num>3</num><heading>Gone</heading><content><p>. . . .</p></content>
</section>
</part><hcontainer name="schedules"><hcontainer name="schedule" eId="schedule-1"><num>Schedule 1</num>
<heading>Lamps</heading>
<paragraph eId="schedule-1-paragraph-1"><num>1</num><content><p>Oil.</p></content></paragraph></hcontainer>
</hcontainer>
</body></act></akomaNtoso>"""


def test_a_judgment_has_its_paragraphs_and_what_stands_between_them(tmp_path: Path) -> None:
    law = read_law(tmp_path / "a", _JUDGMENT)
    assert law.kind == "akoma-ntoso"
    assert law.numbers == [("text", ""), ("paragraph", "1"), ("paragraph", "2"), ("text", ""), ("paragraph", "3")]
    assert law.lines("1") == ["The lamp went out. The statute says:"]
    assert law.lines("2") == ["There are two points:", "(a) the oil;", "(b) the wick.", "Both matter."]
    assert law.unit("2").parts == ("(a)", "(b)")
    assert law.unit("2").path == ("The facts",)
    assert law.lines("3") == ["I would allow it.", "Day | Lamp"]
    assert "LADY ASH (dissenting):" in law.text
    assert law.text.count("Both matter.") == 1
    assert "[2]\n" in law.text


def test_a_judgment_is_known_by_its_neutral_citation_and_stays_out_of_exports(tmp_path: Path) -> None:
    one = read_law(tmp_path / "a", _JUDGMENT).instrument
    assert (one.title, one.identifier, one.kind) == (
        "Marsh v Lighthouse Board [2031] UKSC 9",
        "[2031] UKSC 9",
        "judgment",
    )
    assert (one.version, one.licence, one.jurisdiction) == ("2031-05-04", "open-justice", "uk")
    assert one.url == "https://caselaw.nationalarchives.gov.uk/uksc/2031/9"
    assert one.aliases == ("Marsh v Lighthouse Board", "[2031] UKSC 9")


def test_an_act_has_its_own_sections_alone(tmp_path: Path) -> None:
    law = read_law(tmp_path / "a", _ACT)
    assert law.numbers == [
        ("section", "1"),
        ("section", "2"),
        ("section", "3"),
        ("schedule", "1"),
        ("paragraph", "Sch. 1 para. 1"),
    ]
    assert law.lines("1", UnitKind.SECTION) == ["(1) A keeper must—", "(a) light it;"]
    assert law.unit("1", UnitKind.SECTION).parts == ("(1)", "(1)(a)")
    assert law.unit("1", UnitKind.SECTION).path == ("Part 1 Lights",)
    assert law.lines("2") == ["After section 9 insert—", "“9A New", "No wick.”"]
    assert law.unit("3").status is Status.REPEALED
    one = law.instrument
    assert (one.title, one.identifier, one.version) == ("Harbour Lights Act 2011", "ukpga/2011/7", "2020-01-01")


def test_a_document_without_provisions_is_refused(tmp_path: Path) -> None:
    content = f'<akomaNtoso xmlns="{_AKN}"><doc><meta/><mainBody><p>x</p></mainBody></doc></akomaNtoso>'
    with pytest.raises(DocumentError, match="Akoma Ntoso without a provision"):
        read_law(tmp_path / "a", content)
