"""One file adds a thing: every page of `docs/howto/` is followed to the letter in a copy, and the thing is used there.

One server runs with everything added, so that the additions are also seen to get on with each other.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import RunningServer
from tests.extending.house import House, pages, steps
from tests.extending.vendors import ParleyVendor
from tests.fakes import SAMPLE
from tests.patience import until
from tests.vendors.simulator import Reply, SimulatedVendor

FOLLOWED = {
    "add-a-provider",
    "add-a-sample-type",
    "add-a-setting",
    "add-a-source-of-law",
    "add-a-page",
    "add-a-topic",
    "add-a-wire",
    "add-an-endpoint",
    "add-an-export-format",
    "add-an-import-format",
}
# Pages that tell of the user's own files, or of tables that have tests of their own.
TOLD = {"add-an-authority", "quality-with-ray", "teach-an-intent", "train-and-review"}
KEY = "sk-example-0123456789"
WANTED = {"practice_area": "Contract Law", "topic": "Misrepresentation", "difficulty": "basic", "save": True}


@pytest.fixture(scope="module")
def vendor() -> Iterator[SimulatedVendor]:
    with SimulatedVendor("openai", ["example-large"]) as simulated:
        yield simulated


@pytest.fixture(scope="module")
def parley() -> Iterator[ParleyVendor]:
    made = ParleyVendor()
    with made:
        yield made


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, vendor: SimulatedVendor, parley: ParleyVendor) -> House:
    made = House(tmp_path_factory.mktemp("house"))
    addresses = {"https://api.example.com/v1": vendor.url, "https://api.parley.example": parley.url}
    for page in sorted(FOLLOWED):
        made.follow(page, addresses)
    return made


@pytest.fixture(scope="module")
def server(
    house: House, vendor: SimulatedVendor, parley: ParleyVendor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.e2e.server.PROJECT_DIR", house.folder)
        with RunningServer(tmp_path_factory.mktemp("data"), example_api_key=KEY, parley_api_key=KEY) as running:
            until(lambda: bool(vendor.paths and parley.paths))  # both were asked for their models
            yield running


def test_every_page_is_followed_here_or_has_nothing_to_follow() -> None:
    assert set(pages()) == FOLLOWED | TOLD
    assert [page for page in FOLLOWED if not steps(page)] == []


def test_provider_of_a_known_wire_is_rows_of_the_catalogue(server: RunningServer, vendor: SimulatedVendor) -> None:
    made = server.post("generate", **WANTED, provider="example")

    assert made["success"], made
    assert (made["sample"]["provider"], made["sample"]["model"]) == ("example", "example-large")
    assert vendor.headers[-1]["authorization"] == f"Bearer {KEY}"
    assert server.get(f"sample/{made['sample']['id']}")["sample"] == made["sample"]


def test_provider_of_a_new_wire_is_one_module_and_its_row(server: RunningServer, parley: ParleyVendor) -> None:
    made = server.post("generate", **WANTED, provider="parley")

    assert made["success"], made
    assert (made["sample"]["provider"], made["sample"]["model"]) == ("parley", "parley-1")
    assert parley.requests[-1]["model"] == "parley-1"
    assert parley.headers[-1]["x-parley-key"] == KEY


def test_new_wire_refuses_in_the_words_of_the_service(server: RunningServer, parley: ParleyVendor) -> None:
    parley.fault = lambda number, body: Reply(404, {"error": {"message": "no such model", "code": "model_not_found"}})
    try:
        told = server.post("providers/parley/test")
    finally:
        parley.fault = lambda number, body: None

    assert not told["ok"]
    assert told["error"]["category"] == "model_unavailable"


def test_sample_type_is_one_file(server: RunningServer) -> None:
    made = server.post("generate", **WANTED, sample_type="letter_of_advice", provider="example")

    assert made["success"], made
    assert "letter_of_advice" in {row["id"] for row in server.get("sample-types")["sample_types"]}
    assert made["sample"]["answer"].startswith("FACTS:")


def test_topic_is_one_table(server: RunningServer, vendor: SimulatedVendor) -> None:
    made = server.post("generate", **{**WANTED, "topic": "Penalty Clauses"}, provider="example")

    assert made["success"], made
    assert made["sample"]["topic"] == "Contract Law - Penalty Clauses"
    assert "Cavendish Square Holding BV v Makdessi [2015] UKSC 67" in vendor.requests[-1]["messages"][-1]["content"]


def test_export_format_is_one_module(server: RunningServer) -> None:
    server.post("generate", **WANTED, provider="example")

    lines = server.session.get(f"{server.url}/export?format=prompt_completion&include=all").text.splitlines()

    assert "prompt_completion" in {row["id"] for row in server.get("export/formats")["formats"]}
    assert {frozenset(json.loads(line)) for line in lines} == {frozenset({"prompt", "completion"})}


def test_page_is_a_module_and_a_template(server: RunningServer) -> None:
    server.post("generate", **WANTED, provider="example")

    page = server.session.get(f"{server.url.removesuffix('/api')}/ui/oldest")

    assert page.status_code == 200
    assert '<a href="/ui/oldest" aria-current="page">' in page.text
    assert re.search(r'<th scope="row">20\d\d-\d\d-\d\d</th><td class="figure">\d+</td>', page.text)


def test_import_format_is_told_in_one_file(server: RunningServer, tmp_path: Path) -> None:
    path = tmp_path / "some.tab"
    path.write_text("\t".join(SAMPLE.values()) + "\n")

    with path.open("rb") as file:
        answer = server.session.post(f"{server.url}/import", files={"file": file}).json()

    assert answer.get("added") == 1, answer
    assert server.get("sample/s1")["sample"]["answer"] == SAMPLE["answer"]


def test_endpoint_is_one_view_and_stands_in_the_document_by_itself(server: RunningServer) -> None:
    counts = server.get("topics/count")["counts"]
    told = server.get("openapi.json")

    assert counts["uk"] == len(server.get("topics?jurisdiction=uk")["topics"])
    assert told["paths"]["/api/topics/count"]["get"]["summary"] == "Count the topics of each jurisdiction."
    assert "counts" in told["components"]["schemas"]["TopicCountsAnswer"]["properties"]


def test_source_of_law_is_a_function_and_its_row(house: House) -> None:
    asked = "from services.grounding.law.sources import wanted; print(wanted('{}').address)"

    for reference in ("lex.example/act/2031/7", "https://lex.example/act/2031/7/section/3"):
        assert house.run("-c", asked.format(reference)) == "https://lex.example/act/2031/7.akn\n"


def test_setting_is_declared_once_and_writes_its_row_of_the_readme(house: House) -> None:
    shown = "from config import load_settings; print(load_settings().quiet_hours)"

    house.run("-m", "tests.write_readme_settings")

    row = "| `QUIET_HOURS` | `0` | Hours of the night in which no backup is made |"
    assert row in (house.folder / "README.md").read_text()
    assert house.run("-c", shown, QUIET_HOURS="6") == "6\n"
    assert "QUIET_HOURS: Input should be less than or equal to 24" in house.run("-c", _problem_of, QUIET_HOURS="25")


_problem_of = """
from config import load_settings
from utils.errors import ConfigurationError
try:
    load_settings()
except ConfigurationError as error:
    print(error)
"""
