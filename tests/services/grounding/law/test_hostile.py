"""Files of law that are broken or made to harm: refused with a sentence, bounded in time and memory."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grounding.document import Page, Unit
from services.grounding.extraction.outcome import MIB, Found, Limits
from services.grounding.extraction.readers import read
from services.grounding.extraction.reading import read_document
from tests.services.grounding.law import test_akoma_ntoso, test_formex
from tests.services.grounding.law.reading import read_law
from tests.services.grounding.law.services import CLML, JUDGMENT, USLM, XHTML, case
from utils.errors import DocumentError

_FILES = {"a.xml": CLML, "b.xml": USLM, "c.xml": JUDGMENT, "d.html": XHTML, "e.json": case(1)}
_FILES |= {"f.xml": test_akoma_ntoso._ACT, "g.xml": test_formex._ACT}


def _deep(open_tag: str, close_tag: str) -> str:
    return CLML.replace("<Text>No oil.</Text>", f"{open_tag * 5000}<Text>No oil.</Text>{close_tag * 5000}")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(
            lambda: CLML.replace("?>", '?><!DOCTYPE Legislation [<!ENTITY a "x">]>', 1),
            "declares entities",
            id="entities",
        ),
        pytest.param(lambda: _deep("<Para>", "</Para>"), "nested too deeply", id="deep"),
        pytest.param(lambda: CLML.replace("No oil.", "x" * (11 << 20)), "too long a text", id="one text of 11 MB"),
        pytest.param(lambda: CLML[:-30], "cut short or damaged", id="cut"),
        pytest.param(lambda: CLML.replace("</P1para>", "", 1), "cut short or damaged", id="not closed"),
        pytest.param(lambda: CLML.replace("No oil", "No \x00 oil"), "its kind is not known", id="zero byte"),
        pytest.param(lambda: XHTML.replace("a lamp.", "<div>" * 9000 + "a lamp."), "nested too deeply", id="deep HTML"),
    ],
)
def test_a_hostile_file_is_refused_with_a_sentence(tmp_path: Path, content: Callable[[], str], says: str) -> None:
    path = tmp_path / "a"
    path.write_text(content())
    with pytest.raises(DocumentError, match=says), read_document(path, "law.xml", Limits()) as reading:
        list(reading)


def test_an_entity_from_outside_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret")
    head = f'<!DOCTYPE Legislation SYSTEM "{tmp_path / "secret"}">'
    law = read_law(tmp_path / "a", CLML.replace("?>", f"?>{head}", 1))
    assert "secret" not in law.text
    assert "No oil." in law.text


def test_what_costs_too_much_memory_ends_with_a_sentence(tmp_path: Path) -> None:
    cells = "<td>x</td>" * 400_000
    (tmp_path / "a").write_text(XHTML.replace("a lamp.", f"a lamp.<table><tr>{cells}</tr></table>"))
    with (
        pytest.raises(DocumentError, match=r"memory|crashed"),
        read_document(tmp_path / "a", "law.html", Limits(memory_bytes=128 * MIB)) as reading,
    ):
        list(reading)


@pytest.mark.parametrize("name", _FILES)
@given(cut=st.floats(0, 1), junk=st.binary(max_size=6))
def test_whatever_is_cut_out_of_a_file_there_are_whole_units_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, name: str, cut: float, junk: bytes
) -> None:
    content = _FILES[name].encode()
    place = int(len(content) * cut)
    broken = content[:place] + junk + content[place + len(junk) * 3 :]
    path = tmp_path_factory.mktemp("law") / "a"
    path.write_bytes(broken)
    found, size = Found(), 0
    try:
        for page in read(str(path), name, Limits(), found):
            size += len(page.text) if isinstance(page, Page) else 0
    except DocumentError:
        return  # with its sentence; anything else that is raised fails the test
    # What is no law any more is read as an ordinary file.
    assert found.units is None or _together(found.units) == size


def _together(units: tuple[Unit, ...]) -> int:
    """Return where units end that follow each other without a gap."""
    place = 0
    for unit in units:
        assert unit.start == place <= unit.body <= unit.end
        place = unit.end
    return place
