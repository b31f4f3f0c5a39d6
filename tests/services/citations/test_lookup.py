"""Lookups of services on the net: what each is asked, what an answer means, what is kept, and what a fault costs."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from models.catalogue.authority_store import AuthorityStore
from services.citations.citation import Citation
from services.citations.lookup import ADDRESSES, Lookup
from tests.fakes import CHECKER
from tests.patience import PATIENCE_S
from tests.services.citations.found import only
from tests.services.citations.server import PAGE, Server, serving
from utils.errors import StorageError

# Answers are kept with the time of the day; a lookup whose clock stands long before finds them fresh.
LONG_AGO, LONG_AHEAD = 1e9, 1e11
EWHC = "Marsh v Baird [2015] EWHC 901 (Ch)"
FEDERAL = "Marsh v. Baird, 900 F.3d 33 (2d Cir. 2018)"
ACT = "Regulation (EU) 2019/5555"


def clusters(*names: tuple[str, str | None], status: int = 200) -> str:
    rows = [{"case_name": name, "date_filed": day} for name, day in names]
    return json.dumps([{"citation": "900 F.3d 33", "status": status, "clusters": rows}])


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    with serving() as state:
        yield state


@pytest.fixture
def server(served: Server) -> Iterator[Server]:
    """Give the server as new to each test."""
    served.status, served.text, served.waits_for = 200, PAGE, None
    served.asked.clear()
    served.tokens.clear()
    yield served
    if served.waits_for is not None:
        served.waits_for.set()


@pytest.fixture
def authorities(tmp_path: Path) -> Iterator[AuthorityStore]:
    made = AuthorityStore(tmp_path / "authorities.db")
    yield made
    made.close()


def asking(
    server: Server, authorities: AuthorityStore, *services: str, token: str = "", clock: float = LONG_AGO
) -> Lookup:
    return Lookup(
        authorities, services or tuple(ADDRESSES), token, dict.fromkeys(ADDRESSES, server.address), lambda: clock
    )


def cited(text: str) -> Citation:
    return only(text).citation


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        pytest.param("[2015] UKSC 99", ["GET /uksc/2015/99/data.xml"], id="supreme court"),
        pytest.param("[2015] EWCA Civ 9", ["GET /ewca/civ/2015/9/data.xml"], id="court of appeal"),
        pytest.param("[2015] EWCA Crim 9", ["GET /ewca/crim/2015/9/data.xml"], id="criminal appeal"),
        pytest.param("[2015] EWHC 901 (Ch)", ["GET /ewhc/ch/2015/901/data.xml"], id="high court"),
        pytest.param("[2015] UKUT 00040 (IAC)", ["GET /ukut/iac/2015/40/data.xml"], id="upper tribunal"),
        pytest.param("900 F.3d 33", ["POST /api/rest/v4/citation-lookup/ 900 F.3d 33"], id="federal reporter"),
        pytest.param("410 U. S. 4", ["POST /api/rest/v4/citation-lookup/ 410 U.S. 4"], id="in its usual form"),
        pytest.param("Regulation (EU) 2019/5555", ["GET /legal-content/EN/TXT/?uri=CELEX:32019R5555"], id="regulation"),
        pytest.param("Directive (EU) 2019/55", ["GET /legal-content/EN/TXT/?uri=CELEX:32019L0055"], id="directive"),
        pytest.param("Decision (EU) 2019/5", ["GET /legal-content/EN/TXT/?uri=CELEX:32019D0005"], id="decision"),
        pytest.param("Directive 95/99/EC", ["GET /legal-content/EN/TXT/?uri=CELEX:31995L0099"], id="old directive"),
        pytest.param("[1999] 1 WLR 5", [], id="law report"),
        pytest.param("42 U.S.C. § 5", [], id="statute"),
        pytest.param("Theft Act 1968, s 1", [], id="act"),
        pytest.param("12 F.5th 33", [], id="reporter that is none"),
        pytest.param("App no 12/99", [], id="application"),
        pytest.param("Article 8 ECHR", [], id="treaty"),
    ],
)
def test_each_reference_is_asked_of_the_service_that_holds_such(
    server: Server, authorities: AuthorityStore, text: str, asked: list[str]
) -> None:
    server.text = "[]" if "POST" in "".join(asked) else PAGE

    asking(server, authorities).find(cited(text))

    assert server.asked == asked


def test_references_in_parallel_are_each_asked_for(server: Server, authorities: AuthorityStore) -> None:
    asking(server, authorities).find(cited("Marsh v Baird [2015] UKSC 99, [2016] 1 WLR 5, [2014] EWCA Civ 7"))

    assert server.asked == ["GET /uksc/2015/99/data.xml", "GET /ewca/civ/2014/7/data.xml"]


def test_law_report_without_a_volume_is_asked_of_nobody(server: Server, authorities: AuthorityStore) -> None:
    asking(server, authorities).find(cited("[2016] AC 5"))

    assert server.asked == []


@pytest.mark.parametrize(
    ("services", "asked"),
    [
        pytest.param(("courtlistener",), 0, id="another one"),
        pytest.param(("find-case-law",), 1, id="the right one"),
        pytest.param(("courtlistener", "find-case-law", "eur-lex"), 1, id="all"),
    ],
)
def test_service_that_is_not_switched_on_is_not_asked(
    server: Server, authorities: AuthorityStore, services: tuple[str, ...], asked: int
) -> None:
    asking(server, authorities, *services).find(cited(EWHC))

    assert len(server.asked) == asked


def test_nobody_is_asked_unless_a_service_is_named(server: Server, authorities: AuthorityStore) -> None:
    assert Lookup(authorities, addresses=dict.fromkeys(ADDRESSES, server.address)).find(cited(EWHC)) == []
    assert server.asked == []


@pytest.mark.parametrize(
    ("text", "token", "sent"),
    [
        pytest.param(FEDERAL, "secret", "Token secret", id="service with accounts"),
        pytest.param(FEDERAL, "", None, id="no token"),
        pytest.param(EWHC, "secret", None, id="service without accounts"),
        pytest.param(ACT, "secret", None, id="another without"),
    ],
)
def test_token_goes_to_the_service_it_is_for_and_to_no_other(
    server: Server, authorities: AuthorityStore, text: str, token: str, sent: str | None
) -> None:
    asking(server, authorities, token=token).find(cited(text))

    assert server.tokens == [sent]


@pytest.mark.parametrize(
    ("text", "answer", "known"),
    [
        pytest.param(EWHC, PAGE, [("Marsh v Baird", 2015)], id="name in a judgment"),
        pytest.param(EWHC, "<html><title> Müller v Baird </title>", [("Müller v Baird", 2015)], id="title of a page"),
        pytest.param(EWHC, "<html>no title</html>", [], id="page without title"),
        pytest.param(ACT, "<TITLE>Regulation on sheep</TITLE>", [("Regulation on sheep", 2019)], id="title of an act"),
        pytest.param(ACT, "<title>EUR-Lex</title>The document does not exist.", [], id="page that says no"),
        pytest.param(FEDERAL, clusters(("Marsh v. Baird", "2018-05-04")), [("Marsh v. Baird", 2018)], id="cluster"),
        pytest.param(FEDERAL, clusters(("Marsh v. Baird", None)), [("Marsh v. Baird", None)], id="cluster without day"),
        pytest.param(
            FEDERAL, clusters(("A v. B", "2018"), ("C v. D", "")), [("A v. B", 2018), ("C v. D", None)], id="two"
        ),
        pytest.param(FEDERAL, clusters(("Marsh v. Baird", "2018"), status=404), [], id="reference that is not found"),
        pytest.param(FEDERAL, clusters(), [], id="reference without cases"),
        pytest.param(FEDERAL, "[]", [], id="no reference"),
    ],
)
def test_answer_becomes_what_the_service_knows(
    server: Server, authorities: AuthorityStore, text: str, answer: str, known: list[tuple[str, int | None]]
) -> None:
    server.text = answer
    citation = cited(text)

    found = asking(server, authorities).find(citation)

    assert [(row.names[0], row.year) for row in found] == known
    assert all(row.cites == (citation.cites[0].normalized,) and row.kind == citation.kind for row in found)
    assert all(row.jurisdiction == citation.jurisdiction for row in found)


def test_page_that_is_not_there_is_an_answer_and_is_kept(server: Server, authorities: AuthorityStore) -> None:
    server.status = 404
    lookup = asking(server, authorities)

    assert (lookup.find(cited(EWHC)), lookup.find(cited(EWHC))) == ([], [])
    assert len(server.asked) == 1


def test_answer_is_kept_for_everybody_who_has_the_file(server: Server, authorities: AuthorityStore) -> None:
    first = asking(server, authorities).find(cited(EWHC))
    server.text = "<title>Olsen v Trent</title>"
    second = asking(server, authorities).find(cited("Olsen v Trent [2015] EWHC 901 (Ch)"))

    assert first == second != []
    assert len(server.asked) == 1


def test_answer_that_is_too_old_is_asked_for_again(server: Server, authorities: AuthorityStore) -> None:
    asking(server, authorities).find(cited(EWHC))
    server.text = "<title>Olsen v Trent</title>"

    found = asking(server, authorities, clock=LONG_AHEAD).find(cited(EWHC))

    assert [row.names[0] for row in found] == ["Olsen v Trent"]
    assert len(server.asked) == 2


def test_answer_that_cannot_be_kept_counts_all_the_same(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    class Full(AuthorityStore):
        def remembered(self, key: str, since: float) -> object:
            raise StorageError(f"{key}: cannot be read")

        def remember(self, key: str, answer: object) -> None:
            raise StorageError(f"{key}: no room")

    lookup = asking(server, Full(Path("/nowhere/authorities.db")))

    with caplog.at_level(logging.WARNING):
        found = [lookup.find(cited(EWHC))[0].names[0] for _ in range(2)]

    assert (found, len(server.asked)) == (["Marsh v Baird"] * 2, 2)
    assert {record.message for record in caplog.records} == {"answer of a lookup not kept"}


@pytest.mark.parametrize(
    ("text", "status", "answer"),
    [
        pytest.param(EWHC, 500, "down", id="broken"),
        pytest.param(EWHC, 429, "slowly", id="too many"),
        pytest.param(EWHC, 403, "no", id="forbidden"),
        pytest.param(EWHC, 302, "", id="redirect"),
        pytest.param(FEDERAL, 500, "down", id="broken, other service"),
        pytest.param(FEDERAL, 307, "", id="redirect of a request with token"),
        pytest.param(FEDERAL, 404, "[]", id="address that moved"),
        pytest.param(FEDERAL, 200, "<html>", id="page instead of data"),
        pytest.param(FEDERAL, 200, "{}", id="nothing in it"),
        pytest.param(FEDERAL, 200, '{"detail": "x"}', id="error instead of a list"),
        pytest.param(FEDERAL, 200, "[1]", id="number instead of a row"),
        pytest.param(FEDERAL, 200, '[{"status": 200, "clusters": [{}]}]', id="case without name"),
        pytest.param(ACT, 503, "", id="act, unavailable"),
    ],
)
def test_fault_of_a_service_leaves_the_citation_unknown(
    server: Server, authorities: AuthorityStore, text: str, status: int, answer: str
) -> None:
    server.status, server.text = status, answer
    lookup = asking(server, authorities, token="secret")

    assert lookup.find(cited(text)) == []
    assert len(server.asked) == 1
    assert "/elsewhere" not in "".join(server.asked)


def test_service_that_failed_rests_for_a_minute_and_is_asked_again(
    server: Server, authorities: AuthorityStore, caplog: pytest.LogCaptureFixture
) -> None:
    now = [LONG_AGO]
    lookup = Lookup(authorities, ["find-case-law"], addresses={"find-case-law": server.address}, clock=lambda: now[0])
    server.status = 500

    with caplog.at_level(logging.WARNING):
        lookup.find(cited(EWHC))
    server.status = 200
    during = lookup.find(cited(EWHC))
    now[0] += 59.9
    still = lookup.find(cited(EWHC))
    now[0] += 0.1
    after = lookup.find(cited(EWHC))

    assert (during, still, [row.names[0] for row in after]) == ([], [], ["Marsh v Baird"])
    assert len(server.asked) == 2
    assert [record.message for record in caplog.records] == ["citation lookup failed"]


def test_service_that_failed_holds_up_no_other(server: Server, authorities: AuthorityStore) -> None:
    lookup = asking(server, authorities)
    server.status = 500
    lookup.find(cited(EWHC))
    server.status = 200

    assert [row.names[0] for row in lookup.find(cited(ACT))] == ["Marsh v Baird"]


def test_what_is_kept_is_told_while_its_service_rests(server: Server, authorities: AuthorityStore) -> None:
    lookup = asking(server, authorities)
    lookup.find(cited(EWHC))
    server.status = 500
    lookup.find(cited("[2015] EWHC 902 (Ch)"))

    assert [row.names[0] for row in lookup.find(cited(EWHC))] == ["Marsh v Baird"]
    assert len(server.asked) == 2


def test_service_that_does_not_answer_is_left_after_its_time(
    server: Server, authorities: AuthorityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.citations.lookup._TIMEOUT_S", 0.05)
    server.waits_for = threading.Event()
    lookup = asking(server, authorities)

    assert (lookup.find(cited(EWHC)), lookup.find(cited(EWHC))) == ([], [])
    assert server.has_come.wait(PATIENCE_S)
    assert len(server.asked) == 1


def test_service_that_is_not_there_is_unknown(authorities: AuthorityStore) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        address = f"http://127.0.0.1:{closed.server_port}"

    assert asking(Server(address), authorities).find(cited(EWHC)) == []


def test_addresses_are_those_of_the_services_themselves() -> None:
    assert set(ADDRESSES) == {"courtlistener", "find-case-law", "eur-lex"}
    assert all(address.startswith("https://") and not address.endswith("/") for address in ADDRESSES.values())


def test_reference_data_stay_as_they_were_whatever_a_service_says() -> None:
    assert CHECKER.check(EWHC)[0].finding.code == "not_in_index"
