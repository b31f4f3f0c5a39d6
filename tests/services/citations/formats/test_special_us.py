"""Forms that are not volume, name and page, as reporters-db lists them."""

import pytest

from services.citations.formats import special_us
from tests.services.citations.found import in_prose, outcome


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        pytest.param("Bankr. L. Rep. (CCH) ¶ 67,488", "case", id="paragraph"),
        pytest.param("Deady, 264", "case", id="name and page"),
        pytest.param("2009 1359R (La.App. 1 Cir. 05/10/10)", "case", id="number of louisiana"),
        pytest.param("20 Fla. L. Weekly D2629", "case", id="letter before the page"),
        pytest.param("2008 Ark. Acts 12", "statute", id="session laws"),
    ],
)
def test_special_form_is_found_whole_and_cannot_be_checked(written: str, kind: str) -> None:
    found = in_prose(written)

    assert (found.cites[0].format, found.kind) == (special_us.NAME, kind)
    assert outcome(written) == ("unverified", "special_number")


def test_form_of_a_list_does_not_read_over_a_rule_that_knows_the_end() -> None:
    assert in_prose("28 U.S.C. §§ 1331-1332").cites[0].format == "us_statute"
    assert outcome("42 U.S.C. §§ 1983-99999") == ("invalid", "section_beyond_end")
