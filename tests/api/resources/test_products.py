"""Products and questions over HTTP."""

from flask.testing import FlaskClient

from tests.api.calls import get, post
from tests.fakes import SAMPLE


def _stock(client: FlaskClient) -> None:
    for number in range(3):
        post(client, "add", {**SAMPLE, "id": f"s{number}", "difficulty": "expert" if number else "basic"})


def test_product_is_saved_shown_found_exported_and_deleted(client: FlaskClient) -> None:
    _stock(client)

    made = post(client, "products", {"name": "Expert", "filters": {"difficulty": "expert"}})["product"]

    assert get(client, f"products/{made['id']}")["product"]["state"] == {"unchanged": 2, "changed": 0, "gone": 0}
    assert [row["name"] for row in get(client, "products")["products"]] == ["Expert"]
    assert get(client, "search/products?q=expert&difficulty=expert")["products"][0]["matching"] == 2
    assert post(client, "search/products", {"q": "nothing like it"})["count"] == 0
    exported = client.get(made["export"])
    assert exported.status_code == 200
    assert len(exported.text.splitlines()) == 2
    assert client.delete(f"/api/products/{made['id']}").status_code == 200
    assert get(client, f"products/{made['id']}", 404)["code"] == "not_found"


def test_name_that_is_taken_is_a_conflict(client: FlaskClient) -> None:
    _stock(client)
    post(client, "products", {"name": "All"})

    answer = post(client, "products", {"name": "All"}, 409)

    assert "choose another" in answer["error"]


def test_filter_that_there_is_not_is_refused(client: FlaskClient) -> None:
    answer = post(client, "products", {"name": "All", "filters": {"colour": "red"}}, 400)

    assert "filters.colour: unknown" in answer["error"]


def test_question_is_answered_with_its_query_and_a_link_to_the_same(client: FlaskClient) -> None:
    _stock(client)

    told = get(client, "dataset/query?q=how many expert samples are there by Bob")

    assert told["query"] == {"kind": "Count", "values": {"difficulty": ["expert"]}}
    assert told["total"] == get(client, told["link"].removeprefix("/api/"))["total"] == 2
    assert told["unused"] == ["bob"]
    assert "Not used of your question: bob" in told["text"]
    assert get(client, "dataset/query?q=what is a condition")["query"] is None


def test_words_of_the_data_set_are_understood_at_once(client: FlaskClient) -> None:
    before = get(client, "dataset/query?q=how many samples on falconry")
    post(client, "add", {**SAMPLE, "topic": "Falconry - Hooded Birds"})

    after = get(client, "dataset/query?q=how many samples on falconry")

    assert before["query"] is None
    assert after["total"] == 1
