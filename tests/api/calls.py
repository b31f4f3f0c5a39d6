"""Calls of the API that expect a status."""

from typing import Any

from flask.testing import FlaskClient


def get(client: FlaskClient, path: str, status: int = 200) -> Any:
    response = client.get(f"/api/{path}")
    assert response.status_code == status, response.text
    return response.get_json()


def post(client: FlaskClient, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
    response = (
        client.post(f"/api/{path}", json=body, **options)
        if body is not None
        else client.post(f"/api/{path}", **options)
    )
    assert response.status_code == status, response.text
    return response.get_json()


def ids(samples: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in samples]
