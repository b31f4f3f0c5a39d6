"""What the sender of a document is told of how its reading ended."""

import pytest
from flask.testing import FlaskClient

ACT = b"Harbours Act 2021\nSection 1. Licence\nThe harbour master must grant a licence within 14 days.\n"
BROKEN = b"%PDF-1.7\nthis is no page"


@pytest.mark.parametrize(
    ("sent", "name", "status", "success"),
    [(ACT, "act.txt", "ready", True), (BROKEN, "act.pdf", "failed", False)],
)
def test_who_waits_for_a_document_is_told_whether_it_was_read(
    client: FlaskClient, sent: bytes, name: str, status: str, success: bool
) -> None:
    response = client.post(f"/api/files/upload?wait=1&name={name}", data=sent, content_type="application/octet-stream")
    told = response.get_json()

    assert (response.status_code, told["status"], told["success"]) == (200, status, success)
    assert told["file"]["status"] == status
    assert told["message"] == (told["file"]["reason"] or "It is read and can be found")
    assert client.get(f"/api/files/{told['file_id']}").get_json()["success"]  # it is kept
