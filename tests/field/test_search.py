"""Searches from the field: the sample is found by a scan and by the index."""

import pytest
from flask.testing import FlaskClient

from bootstrap import Service
from services.dataset.search_service import SearchService
from tests.fakes import sample
from tests.field.cases import FieldCase, field_cases


@pytest.mark.parametrize("is_indexed", [False, True])
@field_cases("import the sample, then GET /api/search")
def test_words_from_the_field_are_found(
    client: FlaskClient, service: Service, case: FieldCase, is_indexed: bool
) -> None:
    service.dataset.add(sample(answer=case.input["sample_text"]))
    service.dataset.add(sample(id="other", answer="nothing of the kind"))
    if is_indexed:
        service.dataset.fold()
        searching = SearchService(service.stores.samples, service.search._index, scan_rows=0)
        assert searching.update(lambda: False) == 2

    answer = client.get("/api/search", query_string={"field": "all", "q": case.input["q"], "snippets": "true"})

    assert answer.status_code == 200
    assert [row["id"] for row in answer.get_json()["results"]] == ["s1"] * case.wanted["hits"]
    assert "<mark>" in str(answer.get_json()["snippets"])
