"""UK Crown Legislation Markup."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grounding.document import Status, UnitKind
from tests.services.grounding.law.reading import read_law
from utils.errors import DocumentError

_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<Legislation xmlns="http://www.legislation.gov.uk/namespaces/legislation"
 xmlns:xhtml="http://www.w3.org/1999/xhtml" xmlns:m="http://www.w3.org/1998/Math/MathML"
 DocumentURI="{uri}" IdURI="http://www.legislation.gov.uk/id/{id}" {attributes}>
<ukm:Metadata xmlns:ukm="http://www.legislation.gov.uk/namespaces/metadata" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:dct="http://purl.org/dc/terms/"><dc:identifier>{uri}</dc:identifier><dc:title>{title}</dc:title>{valid}
<ukm:PrimaryMetadata><ukm:Year Value="2011"/><ukm:Number Value="7"/><ukm:EnactmentDate Date="2011-03-04"/>
</ukm:PrimaryMetadata></ukm:Metadata>
"""


def _act(body: str, schedules: str = "", revised: bool = True, uri: str = "ukpga/2011/7", title: str = "") -> str:
    head = _HEAD.format(
        uri=f"http://www.legislation.gov.uk/{uri}",
        id="/".join(uri.split("/")[:3]),
        title=title or "Harbour Lights Act 2011",
        valid="<dct:valid>2020-01-01</dct:valid>" if revised else "",
        attributes='RestrictStartDate="2019-06-01" RestrictExtent="E+W"' if revised else "",
    )
    return f"{head}<Primary><Body>{body}</Body>{schedules}</Primary></Legislation>"


def _section(number: str, content: str, title: str = "Title", attributes: str = "") -> str:
    return (
        f'<P1group {attributes}><Title>{title}</Title><P1 id="section-{number}"><Pnumber>{number}</Pnumber>'
        f"<P1para>{content}</P1para></P1></P1group>"
    )


_FIRST = _section(
    "1",
    '<P2 id="section-1-1"><Pnumber>1</Pnumber><P2para><Text>A keeper<CommentaryRef Ref="c1"/> must'
    '<Substitution ChangeId="d1" CommentaryRef="c2"> within 7\N{NO-BREAK SPACE}days</Substitution>—</Text>'
    "<P3><Pnumber>a</Pnumber><P3para><Text>light the <Emphasis>lamp</Emphasis>, and</Text>"
    "<P4><Pnumber>i</Pnumber><P4para><Text>trim it;</Text></P4para></P4></P3para></P3>"
    "<P3><Pnumber>aa</Pnumber><P3para><Text>watch it,</Text></P3para></P3>"
    '<Text>unless section <InternalLink Ref="section-2">2</InternalLink>(1) applies.</Text></P2para></P2>'
    '<P2><Pnumber PuncBefore="" PuncAfter=".">2A</Pnumber><P2para><Text>Oil<FootnoteRef Ref="f1"/> is'
    " 5 m<Superior>2</Superior>.</Text></P2para></P2>",
    "Duty to keep<CommentaryRef Ref='c9'/> a light",
)


def test_a_section_is_read_with_its_subdivisions_on_lines_of_their_own(tmp_path: Path) -> None:
    law = read_law(
        tmp_path / "a",
        _act(
            f"<Part><Number>Part 1</Number><Title>Lights</Title><Chapter><Number>Chapter 2</Number><Title>Keepers"
            f"</Title>"
            f"<Pblock><Title>Duties</Title>{_FIRST}</Pblock></Chapter></Part>"
        ),
    )
    assert law.kind == "clml"
    assert law.lines("1") == [
        "(1) A keeper must within 7 days—",
        "(a) light the lamp, and",
        "(i) trim it;",
        "(aa) watch it,",
        "unless section 2(1) applies.",
        "2A. Oil is 5 m².",
    ]
    unit = law.unit("1")
    assert unit.heading == "Duty to keep a light"
    assert unit.path == ("Part 1 Lights", "Chapter 2 Keepers", "Duties")
    assert unit.parts == ("(1)", "(1)(a)", "(1)(a)(i)", "(1)(aa)", "(2A)")
    assert unit.identifier == "http://www.legislation.gov.uk/id/ukpga/2011/7/section/1"
    assert (unit.kind, unit.status, unit.since) == (UnitKind.SECTION, Status.IN_FORCE, "2019-06-01")


def test_an_act_is_known_by_title_number_and_version(tmp_path: Path) -> None:
    law = read_law(tmp_path / "a", _act(_FIRST))
    one = law.instrument
    assert (one.title, one.identifier, one.kind, one.jurisdiction) == (
        "Harbour Lights Act 2011",
        "ukpga/2011/7",
        "act",
        "uk",
    )
    assert (one.version, one.licence, one.aliases) == ("2020-01-01", "ogl-uk-3.0", ("2011 c. 7",))
    assert one.url == "https://www.legislation.gov.uk/ukpga/2011/7"


def test_an_act_as_enacted_says_nothing_of_its_force(tmp_path: Path) -> None:
    law = read_law(tmp_path / "a", _act(_FIRST, revised=False, uri="ukpga/2011/7/enacted"))
    assert law.instrument.identifier == "ukpga/2011/7"
    assert law.instrument.version == "2011-03-04"
    assert law.unit("1").status is Status.UNKNOWN


def test_sections_that_an_amending_act_inserts_are_no_sections_of_its_own(tmp_path: Path) -> None:
    inserted = (
        "<Text>After section 26 insert—</Text><BlockAmendment TargetClass='primary' Format='double'><P1group>"
        "<Title>Wicks"
        "</Title><P1 id='x'><Pnumber>26A</Pnumber><P1para><P2><Pnumber>1</Pnumber><P2para><Text>No wick.</Text>"
        "</P2para></P2>"
        "<P2><Pnumber>2</Pnumber><P2para><Text>No oil.</Text></P2para></P2></P1para></P1></P1group></BlockAmendment>"
        "<AppendText>.</AppendText>"
    )
    law = read_law(tmp_path / "a", _act(_FIRST + _section("2", inserted) + _section("3", "<Text>End.</Text>")))
    assert [number for _, number in law.numbers] == ["1", "2", "3"]
    assert law.lines("2") == ["After section 26 insert—", "“26A Wicks", "(1) No wick.", "(2) No oil.”."]
    assert law.unit("2").parts == ()


def test_inserted_numbers_repealed_and_prospective_sections_are_told(tmp_path: Path) -> None:
    law = read_law(
        tmp_path / "a",
        _act(
            _section("26A", "<Text>Inserted.</Text>")
            + _section("27", "<Text>. . . . . . . .</Text>")
            + _section("28", "<Text/>", attributes='Status="Repealed"')
            + '<Part Status="Prospective" RestrictStartDate="2030-01-01"><Number>Part 3</Number><Title>Later</Title>'
            + _section("29", "<Text>To come.</Text>")
            + "</Part>"
            + _section("30", "<Text>Was.</Text>").replace("<P1 ", '<P1 RestrictEndDate="2019-12-31" ')
            + _section("31", "<Text>Is.</Text>").replace("<P1 ", '<P1 RestrictEndDate="2024-12-31" ')
        ),
    )
    assert {one.number: one.status for one in law.units} == {
        "26A": Status.IN_FORCE,
        "27": Status.REPEALED,
        "28": Status.REPEALED,
        "29": Status.PROSPECTIVE,
        "30": Status.REPEALED,
        "31": Status.IN_FORCE,
    }
    assert law.unit("29").since == "2030-01-01"
    assert law.unit("30").until == "2019-12-31"


def test_a_section_whose_repealed_text_is_kept_to_be_read_is_repealed(tmp_path: Path) -> None:
    struck = '<Repeal ChangeId="d" RetainText="true" CommentaryRef="c">{}</Repeal>'
    whole = (
        f"<P2><Pnumber>1</Pnumber><P2para><Text>{struck.format('Was <Emphasis>law</Emphasis>.')}</Text></P2para></P2>"
    )
    partly = f"<Text>Is law{struck.format(' and was more')}.</Text>"
    law = read_law(tmp_path / "a", _act(_section("21", whole) + _section("22", partly)))
    assert [one.status for one in law.units] == [Status.REPEALED, Status.IN_FORCE]
    assert law.lines("21") == ["(1) Was law."]
    assert law.lines("22") == ["Is law and was more."]


def test_paragraphs_of_schedules_are_not_mistaken_for_sections(tmp_path: Path) -> None:
    schedules = (
        '<Schedules><Title>SCHEDULES</Title><Schedule id="schedule-1"><Number>SCHEDULE 1</Number><TitleBlock>'
        "<Title>Lamps"
        "</Title></TitleBlock><Reference>Section 1</Reference><ScheduleBody><Part><Number>Part 1</Number>"
        "<Title>Oil</Title>"
        '<P1group><Title>Kinds</Title><P1 id="schedule-1-paragraph-1"><Pnumber>1</Pnumber><P1para><P2><Pnumber>1'
        "</Pnumber>"
        "<P2para><Text>Whale oil.</Text></P2para></P2></P1para></P1></P1group></Part></ScheduleBody></Schedule>"
        "<Schedule><Number>SCHEDULE B1</Number><TitleBlock><Title>Fees</Title></TitleBlock><ScheduleBody><P><Tabular>"
        "<xhtml:table><xhtml:tbody><xhtml:tr><xhtml:td>Lamp</xhtml:td><xhtml:td>£ 3</xhtml:td></xhtml:tr>"
        "</xhtml:tbody>"
        "</xhtml:table></Tabular></P></ScheduleBody></Schedule></Schedules>"
    )
    law = read_law(tmp_path / "a", _act(_FIRST, schedules))
    assert law.numbers == [
        ("section", "1"),
        ("schedule", "1"),
        ("paragraph", "Sch. 1 para. 1"),
        ("schedule", "B1"),
    ]
    paragraph = law.unit("Sch. 1 para. 1")
    assert paragraph.path == ("SCHEDULE 1 Lamps", "Part 1 Oil")
    assert (paragraph.heading, paragraph.parts) == ("Kinds", ("(1)",))
    assert law.lines("B1") == ["Lamp | £ 3"]
    assert law.unit("B1").heading == "Fees"
    assert law.lines("1", UnitKind.SCHEDULE) == [""]
    assert "Sch. 1 para. 1 Kinds" in law.text


@pytest.mark.parametrize(
    ("uri", "name", "kind", "unit", "alias"),
    [
        ("uksi/2012/632", "regulation", "instrument", UnitKind.ARTICLE, ("SI 2012/632",)),
        ("uksi/2012/633", "rule", "instrument", UnitKind.RULE, ("SI 2012/633",)),
        ("asp/2011/3", "section", "act", UnitKind.SECTION, ("2011 asp 3",)),
        ("eur/2016/679", "article", "regulation", UnitKind.ARTICLE, ()),
    ],
)
def test_each_kind_of_instrument_has_units_of_its_own(
    tmp_path: Path, uri: str, name: str, kind: str, unit: UnitKind, alias: tuple[str, ...]
) -> None:
    section = _section("4", "<Text>A.</Text>").replace('id="section-4"', f'id="{name}-4"')
    law = read_law(tmp_path / "a", _act(section, uri=uri))
    assert (law.instrument.kind, law.instrument.aliases, law.units[0].kind) == (kind, alias, unit)


def test_a_file_of_one_section_does_not_stand_for_the_act(tmp_path: Path) -> None:
    law = read_law(tmp_path / "a", _act(_FIRST, uri="ukpga/2011/7/section/1"))
    assert law.instrument.identifier == "ukpga/2011/7/section/1"


def test_lists_formulae_and_other_versions(tmp_path: Path) -> None:
    content = (
        '<Text>These count—</Text><OrderedList Type="roman" Decoration="parens"><ListItem><Para><Text>one,'
        "</Text></Para>"
        '</ListItem><ListItem NumberOverride="(iia)"><Para><Text>two.</Text></Para></ListItem></OrderedList>'
        "<Formula><m:math><m:mfrac><m:mi>A</m:mi><m:mi>B</m:mi></m:mfrac><m:mo> × </m:mo><m:mn>2</m:mn></m:math>"
        "</Formula>"
    )
    other = (
        f"</Primary><Versions><Version id='v1'><Contents>{_section('9', '<Text>x</Text>')}</Contents>"
        f"</Version></Versions>"
    )
    law = read_law(tmp_path / "a", _act(_section("1", content)).replace("</Primary>", other))
    assert law.lines("1") == ["These count—", "(i) one,", "(iia) two.", "A / B × 2"]
    assert [number for _, number in law.numbers] == ["1"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (_act(""), "legislation .CLML. without a provision in it"),
        (_act(_FIRST)[:-60], "cut short or damaged"),
        ('<?xml version="1.0"?><invoice><line>1</line></invoice>', "XML that is not of law"),
        (
            '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>',
            "it is a feed",
        ),
    ],
)
def test_what_is_no_law_or_broken_is_refused_with_a_sentence(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        read_law(tmp_path / "a", content)


@given(st.lists(st.text(st.sampled_from("abc é—’ 1("), min_size=1, max_size=12), min_size=1, max_size=5))
def test_no_word_is_lost_glued_or_twice_however_it_is_marked_up(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    inline = "".join(f"<Emphasis>{word}</Emphasis><CommentaryRef Ref='c'/>" for word in words)
    law = read_law(tmp_path_factory.mktemp("law") / "a", _act(_section("1", f"<Text>x{inline} y</Text>")))
    assert law.lines("1") == [" ".join(f"x{''.join(words)} y".split())]
