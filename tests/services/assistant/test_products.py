"""Products: what is saved of a slice, how its samples are later, and which are found."""

from typing import Any

import pytest

from models.assistant.products import ProductStore
from models.engines.writer import Writer
from models.samples.sample_store import SampleStore
from services.assistant.product_service import ProductService
from tests.fakes import SAMPLE
from utils.clock import ManualClock
from utils.errors import ExistsError, InputError, NotFoundError

LEVELS = ("basic", "expert", "advanced")


@pytest.fixture
def products(store: SampleStore, writer: Writer, clock: ManualClock) -> ProductService:
    for number in range(12):
        values: dict[str, Any] = {
            "id": f"s{number:02}",
            "difficulty": LEVELS[number % 3],
            "jurisdiction": "uk" if number % 4 else "us",
            "topic": "Trusts Law - Charitable Trusts" if number % 2 else "Contract Law - Misrepresentation",
            "quality_score": number / 20,
        }
        store.add({**SAMPLE, **values})
    return ProductService(ProductStore(writer.engine, writer), store, clock)


def test_slice_is_saved_with_what_is_in_it(products: ProductService) -> None:
    saved = products.save("Trusts, expert", "for evaluation", {"difficulty": "expert"})

    assert saved["samples"] == 4
    assert saved["counts"]["jurisdiction"] == {"uk": 3, "us": 1}
    assert saved["counts"]["practice_area"] == {"Contract Law": 2, "Trusts Law": 2}
    assert saved["mean_score"] == pytest.approx(sum((1, 4, 7, 10)) / 20 / 4)
    assert saved["export"] == "/api/export?difficulty=expert&format=jsonl"
    assert products.get(saved["id"])["state"] == {"unchanged": 4, "changed": 0, "gone": 0}
    assert [product["id"] for product in products.all()] == [saved["id"]]


def test_changed_and_deleted_samples_are_told(products: ProductService, store: SampleStore) -> None:
    saved = products.save("All", "", {})

    store.update("s01", {"answer": "It is quite another answer."})
    store.update("s02", {"batch_id": "b1"})
    store.delete("s03")

    told = products.get(saved["id"])
    assert told["state"] == {"unchanged": 10, "changed": 1, "gone": 1}
    assert told["samples"] == 12


def test_same_content_has_the_same_hash(products: ProductService, store: SampleStore) -> None:
    first = products.save("One", "", {"difficulty": "expert"})
    second = products.save("Two", "", {"difficulty": "expert"})
    store.update("s01", {"answer": "It is quite another answer."})

    third = products.save("Three", "", {"difficulty": "expert"})

    assert first["content_hash"] == second["content_hash"] != third["content_hash"]


def test_name_is_given_once(products: ProductService) -> None:
    products.save("One", "", {})

    with pytest.raises(ExistsError, match="name: 'One' is the name of product prod_"):
        products.save("One", "", {})


def test_slice_without_samples_is_refused(products: ProductService) -> None:
    with pytest.raises(InputError, match="filters: got difficulty=foundational, which no sample matches"):
        products.save("None", "", {"difficulty": "foundational"})


def test_deleted_product_is_gone_and_its_samples_stay(products: ProductService, store: SampleStore) -> None:
    saved = products.save("One", "", {})

    products.delete(saved["id"])

    assert store.count() == 12
    for act in (products.get, products.delete):
        with pytest.raises(NotFoundError, match="list them with GET /api/products"):
            act(saved["id"])


def test_search_ranks_by_words_then_by_samples_that_match(products: ProductService) -> None:
    trusts = products.save("Trusts for solicitors", "", {"topic": "Trusts Law - Charitable Trusts"})
    everything = products.save("Everything", "", {})
    products.save("Misrepresentation", "", {"topic": "Contract Law - Misrepresentation"})

    named = products.find("trust", {}, 10)["products"]
    american = products.find("", {"jurisdiction": "us"}, 10)["products"]

    assert [match["id"] for match in named] == [trusts["id"], everything["id"]]
    assert [(match["name"], match["matching"]) for match in american] == [("Misrepresentation", 3), ("Everything", 3)]
    assert products.find("maritime", {}, 10)["products"] == []
    assert products.find("", {}, 2)["count"] == 3
