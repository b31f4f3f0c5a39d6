"""The page of a sample that was made here from a document, asked of the app itself."""

import html
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from bootstrap import Service, build
from models.contract.arguments import UploadArguments
from tests.fakes import sample, settings_for

LEASE = (
    b"1. Rent\nThe tenant pays on the first day.\n"
    b"2. Repairs\nThe landlord  repairs the <b>roof</b>.\n"
    b"3. Pets\nNo dog.\n"
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    platform = build(settings_for(tmp_path_factory.mktemp("page")))
    platform.start()
    yield platform
    platform.close()


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(platform=service).test_client()


def shown(client: FlaskClient, name: str) -> str:
    answer = client.get("/ui/sample", query_string={"id": name})
    assert answer.status_code == 200, answer.text
    return answer.text


def kept(service: Service, name: str, **columns: Any) -> None:
    texts = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in columns.items()}
    service.dataset.keep(sample(id=name, **texts))


def test_quotations_are_marked_in_the_text_and_in_the_document_beside_it(service: Service, client: FlaskClient) -> None:
    told = UploadArguments(name="lease.txt", licence="own", jurisdiction="uk", wait=True)
    document = service.documents.take(io.BytesIO(LEASE), told)
    chunks, _ = service.documents.chunks(document["file_id"], 100, 0)
    chunk = next(one for one in chunks if "roof" in one["text"])
    quote = "The landlord repairs the <b>roof</b>."
    start = chunk["start"] + chunk["text"].index("The landlord")
    source = {
        "file_id": document["file_id"],
        "unit_id": chunk["unit_id"],
        "citation": "Lease, clause 2",
        "title": "Lease",
    }
    end = chunk["start"] + chunk["text"].index("roof</b>.") + len("roof</b>.")
    answer = f"The lease says: {quote} So he does."

    kept(
        service,
        "sourced",
        answer=answer,
        sources=[{**source, "licence": "own", "quotes": [quote], "spans": [[start, end]]}],
    )

    page = shown(client, "sourced")
    marked = html.escape(quote)
    assert (
        f'<mark class="quoted" id="m-s1"><a href="#e-s1" title="quoted from Lease, clause 2">{marked}</a></mark>'
        in page
    )
    assert '<mark class="quoted">The landlord' in page
    assert "2. Repairs" in page
    assert "<b>roof" not in page


def test_source_whose_document_is_gone_is_told(service: Service, client: FlaskClient) -> None:
    kept(service, "orphan", sources=[{"file_id": "gone", "unit_id": 7, "citation": "s 12", "quotes": ["of quality"]}])

    page = shown(client, "orphan")

    assert "its text cannot be shown here" in page
    assert "of quality" in page


def test_what_the_judge_held_of_a_claim_is_marked_with_its_reason(service: Service, client: FlaskClient) -> None:
    claim = {
        "claim": "A seller may keep both.",
        "provisions": ["Sale Act, s 12"],
        "verdict": "contradicted",
        "why": "He must hand over",
    }
    points = {"clarity": {"score": 4, "reason": "plain <i>words</i>"}}

    kept(
        service,
        "judged",
        answer="He asks. A seller may keep both.",
        judgement={"judge": "p/m", **points, "claims": [claim]},
    )

    page = shown(client, "judged")
    assert (
        '<mark class="invalid" id="m-j1"><a href="#e-j1" title="contradicted: Sale Act, s 12: He must hand over">'
        in page
    )
    assert "4 of 5: plain &lt;i&gt;words&lt;/i&gt;" in page


def test_thought_and_the_way_of_a_sample_are_told(service: Service, client: FlaskClient) -> None:
    chain = ["groq/a: rate limited <b>", "groq/b: answered"]
    kept(
        service, "made", thinking="First <script>x</script> I think.", failover_chain=chain, provider="groq", model="b"
    )

    page = shown(client, "made")

    assert "First &lt;script&gt;x&lt;/script&gt; I think." in page
    assert "groq/a: rate limited &lt;b&gt;" in page


@pytest.mark.parametrize(
    "text", ["{", "[[[", "null", '{"judge": []}', '[{"file_id": 3}]', '[{"file_id": "x", "spans": 3}]']
)
def test_columns_that_others_filled_with_anything_do_not_break_the_page(
    service: Service, client: FlaskClient, text: str
) -> None:
    name = f"odd {text}"
    service.dataset.keep(
        sample(id=name, sources=text, judgement=text, quality_issues=text, failover_chain=text, citations=text)
    )

    assert "About it" in shown(client, name)
    assert client.get("/ui/review", query_string={"id": name}).status_code == 200
    assert client.get("/ui/samples").status_code == 200


@pytest.mark.parametrize("query", ["", "id=", "id=nobody"])
def test_sample_that_is_not_there_is_told(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/ui/sample?{query}")

    assert answer.status_code in (400, 404)
    assert "Go back to the page you came from" in answer.text


@pytest.mark.parametrize("query", ["page=0", "size=1000", "sort=nothing", "review=maybe", "verdict=x", "page=a"])
def test_list_refuses_what_it_does_not_know(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/ui/samples?{query}")

    assert answer.status_code == 400
    assert "want" in answer.text


def test_page_behind_the_last_is_empty_and_leads_back(client: FlaskClient) -> None:
    answer = client.get("/ui/samples?page=9999")

    assert answer.status_code == 200
    assert "behind the last one" in answer.text
