"""Fetching from the official services, which a server on loopback stands for."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.grounding.law.fetching import Fetcher, Limits
from services.grounding.law.sources import wanted
from tests.services.grounding.law.services import CLML, Answer, Asked, Services, marked, serving, zipped
from utils.cancellation import CancelToken
from utils.errors import CancelledError, InputError, NotFoundError, UnavailableError

_ACT = "legislation.gov.uk/ukpga/2011/7"
_ACT_PATH = "/ukpga/2011/7/data.xml"
_VOLUME = "static.case.law/us/530"


class Waits(CancelToken):
    """Notes how long a fetcher would wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout_s: float | None = None) -> bool:
        self.waited.append(timeout_s or 0.0)
        return self.is_cancelled


@pytest.fixture
def services() -> Iterator[Services]:
    with serving() as made:
        yield made


def _fetch(
    services: Services, folder: Path, reference: str, most_bytes: int = 1 << 20, waits: Waits | None = None
) -> bytes:
    fetcher = Fetcher(folder / "law", Limits(most_bytes), clock=lambda: 0.0)
    with fetcher.fetched(wanted(reference, services.bases), waits or Waits()) as path:
        return path.read_bytes()


def test_a_text_that_is_being_made_is_waited_for_as_the_service_says(services: Services, tmp_path: Path) -> None:
    waits = Waits()
    assert _fetch(services, tmp_path, _ACT, waits=waits) == CLML.encode()
    assert services.paths == [_ACT_PATH] * 2
    assert 3.0 in waits.waited
    assert waits.waited.count(1.0) == 1  # between two requests
    assert "one request at a time" in services.asked[0].headers["user-agent"]


def test_what_did_not_change_is_not_sent_again(services: Services, tmp_path: Path) -> None:
    first = _fetch(services, tmp_path, _ACT)
    second = _fetch(services, tmp_path, _ACT)
    assert first == second
    assert services.asked[-1].headers["if-none-match"] == '"one"'
    services.answers[_ACT_PATH] = [marked(b"<Legislation>new</Legislation>", '"two"')]
    assert _fetch(services, tmp_path, _ACT) == b"<Legislation>new</Legislation>"


def test_redirects_are_followed_within_the_service_alone(services: Services, tmp_path: Path) -> None:
    assert b"uksc/2015/67" in _fetch(services, tmp_path, "caselaw/uksc/2015/67")
    services.answers[_ACT_PATH] = [Answer(301, b"", {"Location": "http://169.254.169.254/latest"})]
    with pytest.raises(InputError, match="leads elsewhere"):
        _fetch(services, tmp_path, _ACT)
    services.answers[_ACT_PATH] = [Answer(302, b"", {"Location": _ACT_PATH})]
    with pytest.raises(UnavailableError, match="redirects in a circle"):
        _fetch(services, tmp_path, _ACT)


def test_an_act_of_the_union_is_asked_for_in_the_best_form_that_there_is(services: Services, tmp_path: Path) -> None:
    assert b"Article 6" in _fetch(services, tmp_path, "eur-lex/32031R0077")
    assert services.asked[0].headers["accept"] == "application/xhtml+xml"
    assert services.asked[0].headers["accept-language"] == "eng"
    act = "<ACT><TITLE/></ACT>"
    services.answers["/resource/celex/32031R0078"] = [
        Answer(406),
        Answer(404),
        marked(zipped(a_dot_doc_dot_xml="<DOC>long long long long</DOC>", b_dot_xml=act, c_dot_xml="<ANNEX/>")),
    ]
    assert _fetch(services, tmp_path, "eur-lex/32031R0078") == act.encode()


def test_of_several_files_the_first_is_taken(services: Services, tmp_path: Path) -> None:
    links = "".join(f'<li><a href="/resource/cellar/9f/DOC_{number}">{number}</a></li>' for number in (2, 1))
    page = f"<html><ul>{links}</ul></html>"
    services.answers["/resource/celex/32031R0079"] = [Answer(300, page.encode(), {"Content-Type": "text/html"})]
    services.answers["/resource/cellar/9f/DOC_1"] = [Answer(200, b"<html>one</html>")]
    assert _fetch(services, tmp_path, "eur-lex/32031R0079") == b"<html>one</html>"


def test_the_release_of_the_code_is_the_one_that_its_page_lists(services: Services, tmp_path: Path) -> None:
    assert b"/us/usc/t17" in _fetch(services, tmp_path, "uscode/17")
    assert services.paths[-1] == "/download/releasepoints/us/pl/119/23/xml_usc17@119-23.zip"
    with pytest.raises(UnavailableError, match=r"does not list the text; name the release"):
        _fetch(services, tmp_path, "uscode/18")


def test_a_volume_becomes_one_case_a_line_in_order(services: Services, tmp_path: Path) -> None:
    lines = _fetch(services, tmp_path, _VOLUME).splitlines()
    assert [re.search(rb'"id":(\d)', line)[1] for line in lines] == [b"1", b"2"]  # type: ignore[index]  # it is there
    assert _fetch(services, tmp_path, "courtlistener/opinions-1.csv.bz2").startswith(b'"id","type"')


def _cut(services: Services, path: str, size: int) -> Callable[[Asked], Answer]:
    """Return the usual answer of a path, which breaks off after *size* bytes."""
    whole = services.answers[path][-1]

    def answer(asked: Asked) -> Answer:
        assert callable(whole)
        return replace(whole(asked), cut=size)

    return answer


def test_a_transfer_that_broke_off_goes_on_where_it_was(services: Services, tmp_path: Path) -> None:
    path = "/us/530.zip"
    services.answers[path] = [_cut(services, path, 50), _cut(services, path, 20), services.answers[path][-1]]
    assert b"We hold 1." in _fetch(services, tmp_path, _VOLUME)
    assert [one.headers.get("range") for one in services.asked] == [None, "bytes=50-", "bytes=70-"]
    assert services.asked[1].headers["if-range"] == '"one"'
    assert {one.headers["accept-encoding"] for one in services.asked} == {"identity"}


def test_a_transfer_begins_anew_when_the_text_changed_meanwhile(services: Services, tmp_path: Path) -> None:
    path = "/us/530.zip"
    services.answers[path] = [_cut(services, path, 50), marked(zipped(**{"json__0001-01.json": '{"id": 5}'}), '"two"')]
    assert _fetch(services, tmp_path, _VOLUME) == b'{"id":5}\n'


def test_a_part_that_the_service_does_not_know_any_more_is_dropped(services: Services, tmp_path: Path) -> None:
    path = "/us/530.zip"
    services.answers[path] = [_cut(services, path, 50), Answer(416), services.answers[path][-1]]
    assert b"We hold 1." in _fetch(services, tmp_path, _VOLUME)
    assert services.asked[-1].headers.get("range") is None


def test_a_text_that_a_service_has_not_is_told_so(services: Services, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"legislation.gov.uk: has no text at http.*ukpga/2011/99/data.xml"):
        _fetch(services, tmp_path, "legislation.gov.uk/ukpga/2011/99")


@pytest.mark.parametrize(
    ("given", "wait"), [("7", 7.0), ("999999", 120.0), ("0", 1.0), ("Wed, 01 Jan 2020 00:00:00 GMT", 1.0), ("x", 15.0)]
)
def test_a_busy_service_is_waited_for_within_bounds(
    services: Services, tmp_path: Path, given: str, wait: float
) -> None:
    services.answers[_ACT_PATH] = [Answer(429, b"", {"Retry-After": given})]
    waits = Waits()
    with pytest.raises(UnavailableError, match="answers 429"):
        _fetch(services, tmp_path, _ACT, waits=waits)
    assert len(services.asked) == 8
    assert set(waits.waited) - {1.0} == {wait} - {1.0}


@pytest.mark.parametrize(
    ("path", "reference", "answer", "says"),
    [
        (_ACT_PATH, _ACT, Answer(200, b"x" * 5000), "is larger than 0 MB"),
        (_ACT_PATH, _ACT, Answer(200, b"\n<!DOCTYPE html><html>"), "sent a page instead of the text"),
        ("/us/530.zip", _VOLUME, Answer(200, b"PK\x03\x04 and no more"), "cut short or damaged"),
        ("/us/530.zip", _VOLUME, Answer(200, zipped(a_dot_txt="x")), "holds no cases"),
        ("/us/530.zip", _VOLUME, Answer(200, zipped(**{"json__1.json": f'["{"x" * 9000}"]'})), "holds more than 0 MB"),
    ],
)
def test_what_is_too_large_or_no_text_is_refused_and_not_kept(
    services: Services, tmp_path: Path, path: str, reference: str, answer: Answer, says: str
) -> None:
    services.answers[path] = [answer]
    with pytest.raises(InputError, match=says):
        _fetch(services, tmp_path, reference, most_bytes=4000)
    assert not list((tmp_path / "law").glob("*.unpacked"))
    assert not list((tmp_path / "law").glob("*.part"))


def test_a_service_that_cannot_be_reached_is_told_with_the_other_way(tmp_path: Path) -> None:
    with serving() as gone:
        pass
    with pytest.raises(UnavailableError, match=r"cannot be reached .*upload it"):
        _fetch(gone, tmp_path, _ACT)


def test_a_stop_ends_the_waiting(services: Services, tmp_path: Path) -> None:
    stopped = Waits()
    stopped.cancel()
    with pytest.raises(CancelledError):
        _fetch(services, tmp_path, _ACT, waits=stopped)
    assert services.asked == []


def test_what_is_kept_stays_within_its_bound(services: Services, tmp_path: Path) -> None:
    fetcher = Fetcher(tmp_path / "law", Limits(1 << 20, most_kept=1), clock=lambda: 0.0)
    for reference in (_ACT, _VOLUME, "uscode/17"):
        with fetcher.fetched(wanted(reference, services.bases), Waits()) as path:
            assert path.exists()
    assert len(list((tmp_path / "law").glob("*.body"))) == 1
    assert len(list((tmp_path / "law").iterdir())) == 2
