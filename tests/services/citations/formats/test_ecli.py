"""European Case Law Identifiers: those of the states are found, those that cannot be are told."""

import pytest

from tests.services.citations.found import in_prose, outcome, what


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("ECLI:NL:HR:2018:1412", id="netherlands"),
        pytest.param("ECLI:DE:BVerfG:2019:rs20191106.1bvr001613", id="germany"),
        pytest.param("ECLI:FR:CCASS:2019:CO00417", id="france"),
        pytest.param("ECLI:AT:OGH0002:2015:0010OB00001.15A.0121.000", id="austria"),
        pytest.param("ECLI:EP:BA:2002:T027499.20020312", id="patent office"),
    ],
)
def test_identifier_of_a_court_of_a_state_is_found_and_not_known(written: str) -> None:
    assert what(in_prose(written)) == (written, "eu", "case")
    assert outcome(written) == ("unverified", "court_number")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        pytest.param("ECLI:EU:X:2014:317", "malformed", id="court that is none"),
        pytest.param("ECLI:EU:C:14:317", "malformed", id="year of two digits"),
        pytest.param("ECLI:CE:ECHR:2015:0616XXX006456909", "malformed", id="kind of decision that is none"),
        pytest.param("ECLI:XX:HR:2018:1412", "unknown_court", id="country that is none"),
        pytest.param("ECLI:NL:HR:118:1412", "malformed", id="year of three digits"),
        pytest.param("ECLI:NL:LANGCOURT:2018:1412", "malformed", id="court too long"),
        pytest.param("ECLI:NL:HR:2098:1412", "future", id="year to come"),
    ],
)
def test_identifier_that_cannot_be_is_invalid(written: str, code: str) -> None:
    assert outcome(written) == ("invalid", code)


def test_identifier_of_a_european_court_is_read_with_its_number() -> None:
    assert what(in_prose("ECLI:EU:C:2014:317")) == ("EU:C:2014:317", "eu", "case")
