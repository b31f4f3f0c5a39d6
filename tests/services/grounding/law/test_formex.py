"""Formex: the XML of the Official Journal."""

from pathlib import Path

import pytest

from models.grounding.document import Status
from services.grounding.law.eu_numbers import instrument_of, number_in
from tests.services.grounding.law.reading import read_law
from utils.errors import DocumentError

_TITLE = (
    '<TITLE><TI><P><HT TYPE="UC">Regulation (EU) 2031/77 of the Harbour Council</HT></P><P>of '
    '<DATE ISO="20310416">16 '
    "April 2031</DATE></P><P>on lamps (Harbour Lamps Regulation)</P><P>(Text with EEA relevance)</P></TI></TITLE>"
)
_PREAMBLE = (
    "<PREAMBLE><GR.CONSID><GR.CONSID.INIT>Whereas:</GR.CONSID.INIT><CONSID><NP><NO.P>(1)</NO.P><TXT>Lamps matter"
    "<NOTE "
    'NOTE.ID="E1"><P>OJ L 1.</P></NOTE>.</TXT></NP></CONSID><CONSID><NP><NO.P>(2)</NO.P><TXT>They burn.</TXT>'
    "</NP></CONSID>"
    "</GR.CONSID></PREAMBLE>"
)
_ARTICLE = (
    '<ARTICLE IDENTIFIER="005A"><TI.ART>Article 5a</TI.ART><STI.ART><P>Keepers</P></STI.ART>'
    '<PARAG IDENTIFIER="005A.001">'
    "<NO.PARAG>1.</NO.PARAG><ALINEA><P>In this Regulation:</P><LIST TYPE='alpha'><ITEM><NP><NO.P>(a)</NO.P><TXT>"
    '<QUOT.START ID="QS1" REF.END="QE1" CODE="2018"/>lamp'
    '<QUOT.END ID="QE1" REF.START="QS1" CODE="2019"/> means a light;'
    '</TXT><P><LIST TYPE="roman"><ITEM><NP><NO.P>(i)</NO.P><TXT>of oil;</TXT></NP></ITEM></LIST></P></NP></ITEM>'
    "</LIST>"
    "</ALINEA></PARAG><PARAG><NO.PARAG>2.</NO.PARAG><ALINEA>It applies from<DATE ISO='20320101'>1 January 2032"
    "</DATE>on"
    " 10 m<HT TYPE='SUP'>2</HT>.</ALINEA></PARAG></ARTICLE>"
)
_AMENDING = (
    '<ARTICLE IDENTIFIER="006"><TI.ART>Article 6</TI.ART><ALINEA><P>The following Article is inserted:</P>'
    '<QUOT.S LEVEL="1">'
    '<QUOT.START CODE="2018"/><ARTICLE IDENTIFIER="004B"><TI.ART>Article 4b</TI.ART><PARAG><NO.PARAG>1.'
    "</NO.PARAG><ALINEA>"
    'No wick.</ALINEA></PARAG></ARTICLE><QUOT.END CODE="2019"/></QUOT.S></ALINEA></ARTICLE>'
)
_TERMS = (
    f"<ENACTING.TERMS><DIVISION><TITLE><TI><P>CHAPTER I</P></TI><STI><P>Scope</P></STI></TITLE>{_ARTICLE}</DIVISION>"
    f"{_AMENDING}<ARTICLE IDENTIFIER='007'><TI.ART>Article 7</TI.ART><ALINEA>— — —</ALINEA></ARTICLE>"
    f"</ENACTING.TERMS>"
)
_ANNEX = (
    "<ANNEX><TITLE><TI><P>ANNEX II</P></TI><STI><P>Oils</P></STI></TITLE><CONTENTS><TBL><CORPUS><ROW><CELL>Whale"
    "</CELL>"
    "<CELL>3</CELL></ROW></CORPUS></TBL><ARTICLE IDENTIFIER='006'><TI.ART>Article 6</TI.ART><ALINEA>Rules.</ALINEA>"
    "</ARTICLE></CONTENTS></ANNEX>"
)
_ACT = f"<?xml version='1.0'?><ACT><BIB.INSTANCE/>{_TITLE}{_PREAMBLE}{_TERMS}<FINAL><P>Done.</P></FINAL>{_ANNEX}</ACT>"


def test_an_act_has_recitals_articles_and_annexes(tmp_path: Path) -> None:
    law = read_law(tmp_path / "a", _ACT)
    assert law.kind == "formex"
    assert law.numbers == [
        ("recital", "1"),
        ("recital", "2"),
        ("article", "5a"),
        ("article", "6"),
        ("article", "7"),
        ("schedule", "II"),
    ]
    assert law.lines("1") == ["Lamps matter."]
    assert law.lines("5a") == [
        "1. In this Regulation:",
        "(a) ‘lamp’ means a light;",
        "(i) of oil;",
        "2. It applies from 1 January 2032 on 10 m².",
    ]
    unit = law.unit("5a")
    assert unit.parts == ("(1)", "(1)(a)", "(1)(a)(i)", "(2)")
    assert (unit.heading, unit.path) == ("Keepers", ("CHAPTER I Scope",))
    assert law.lines("II") == ["Whale | 3", "Article 6", "Rules."]
    assert law.unit("II").heading == "Oils"


def test_articles_that_an_act_inserts_into_another_are_text(tmp_path: Path) -> None:
    law = read_law(tmp_path / "a", _ACT)
    assert "4b" not in [number for _, number in law.numbers]
    assert law.lines("6") == ["The following Article is inserted:", "‘Article 4b", "1. No wick.’"]
    assert law.unit("6").parts == ()
    assert law.unit("7").status is Status.REPEALED


def test_an_act_is_known_by_its_celex_number_and_short_names(tmp_path: Path) -> None:
    one = read_law(tmp_path / "a", _ACT).instrument
    assert (one.title, one.identifier, one.kind) == ("Regulation (EU) 2031/77", "32031R0077", "regulation")
    assert (one.version, one.licence, one.aliases) == ("2031-04-16", "eu-reuse", ("Harbour Lamps Regulation",))


def test_a_consolidated_text_has_the_day_of_its_state(tmp_path: Path) -> None:
    content = (
        '<CONS.ACT><INFO.CONSLEG CONSLEG.REF="2031R0077" CONSLEG.DATE="20320101" START.DATE="20320301"/><CONS.DOC>'
        f"{_TITLE}{_TERMS}</CONS.DOC></CONS.ACT>"
    )
    one = read_law(tmp_path / "a", f"<?xml version='1.0'?>{content}").instrument
    assert (one.identifier, one.version) == ("32031R0077", "2032-03-01")


@pytest.mark.parametrize(
    ("root", "says"),
    [
        ("<ANNEX><TITLE><TI><P>ANNEX I</P></TI></TITLE><CONTENTS><P>x</P></CONTENTS></ANNEX>", "an annex alone"),
        ("<DOC><FMX/></DOC>", "the description of a publication"),
        ("<NOTICE><WORK/></NOTICE>", "a notice of CELLAR"),
        ("<ACT><BIB.INSTANCE/></ACT>", "Formex without a provision"),
    ],
)
def test_files_beside_the_act_are_refused(tmp_path: Path, root: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        read_law(tmp_path / "a", f"<?xml version='1.0'?>{root}")


@pytest.mark.parametrize(
    ("title", "written", "celex"),
    [
        ("REGULATION (EU) 2016/679 OF THE EUROPEAN PARLIAMENT", "Regulation (EU) 2016/679", "32016R0679"),
        ("Regulation (EU) No 596/2014 of 16 April", "Regulation (EU) No 596/2014", "32014R0596"),
        ("COUNCIL REGULATION (EC) No 44/2001 of 22 December 2000", "Regulation (EC) No 44/2001", "32001R0044"),
        ("Directive 2004/39/EC amending Directive 93/6/EEC", "Directive 2004/39/EC", "32004L0039"),
        ("Directive 95/46/EC of 24 October 1995", "Directive 95/46/EC", "31995L0046"),
        ("DIRECTIVE (EU) 2019/1 of 11 December 2018", "Directive (EU) 2019/1", "32019L0001"),
        ("Commission Decision 2011/833/EU", "Decision 2011/833/EU", "32011D0833"),
        ("Commission Implementing Regulation (EU) No 1/2015 x", "Regulation (EU) No 1/2015", "32015R0001"),
    ],
)
def test_a_title_gives_the_celex_number(title: str, written: str, celex: str) -> None:
    found = number_in(title)
    assert found is not None
    assert (found.written, found.celex) == (written, celex)


def test_a_title_without_a_number_is_kept_whole() -> None:
    assert number_in("Treaty on Harbours") is None
    assert instrument_of("Treaty on Harbours").title == "Treaty on Harbours"
    assert instrument_of("Directive 2004/39/EC (recast)").aliases == ()
