"""Law added by name, from services that are simulated."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from bootstrap import Service, build
from models.contract.arguments import DocumentsArguments
from tests.fakes import settings_for
from tests.patience import PATIENCE_S
from tests.services.grounding.law.services import serving

REFERENCE = "legislation.gov.uk/ukpga/2011/7"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = build(settings_for(tmp_path)).start()
    yield made
    made.close()


def add(client: FlaskClient, reference: str) -> str:
    """Send the form as a browser does; return the page that comes of it."""
    form = client.get("/ui/documents").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token is not None
    sent = {"csrf_token": token[1], "reference": reference}
    answer = client.post("/ui/documents/law", data=sent, follow_redirects=True)
    return answer.get_data(as_text=True)


def test_law_is_added_by_name_once_and_what_no_service_has_is_told(service: Service) -> None:
    client = create_app(platform=service).test_client()
    with serving() as law:
        service.law._bases = law.bases
        added = add(client, REFERENCE)
        rows = service.documents.some(DocumentsArguments())[0]
        service.documents.wait(rows[0]["file_id"], PATIENCE_S)
        again = add(client, REFERENCE)
        missing = add(client, "legislation.gov.uk/ukpga/1999/999")

    assert "It was fetched. Its state shows how far the reading is." in added
    assert "The same text is here already." in again
    assert rows[0]["licence"] == "ogl-uk-3.0"
    assert "Open Government Licence v3.0" in again
    assert "Nothing was changed." in missing
    assert len(service.documents.some(DocumentsArguments())[0]) == 1
