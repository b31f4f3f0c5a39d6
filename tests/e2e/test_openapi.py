"""The running service does what its OpenAPI document says (schemathesis; the long run is bench/api/conformance.py)."""

import pytest

from bench.api.conformance import failures, run


@pytest.mark.timeout(300)
def test_service_does_what_its_document_says() -> None:
    status, report = run(examples=2, seconds=180, phases="examples,coverage")

    assert status == 0, failures(report)[-6000:]
