from config import Settings
from grounding_parts import looked_for, no_embedder
from tests.services.grounding.shelves import WordsEmbedder


def test_an_embedder_that_is_fetched_while_the_service_runs_is_found_and_kept() -> None:
    fetched: list[WordsEmbedder] = []
    find = looked_for(lambda: fetched[0] if fetched else None)

    assert find() is None
    fetched.append(WordsEmbedder())
    found = find()
    fetched.clear()

    assert found is not None
    assert find() is found


def test_nobody_is_told_to_fetch_embedders_where_they_are_switched_off() -> None:
    assert "fetch" in no_embedder(Settings(_env_file=None))
    assert "fetch" not in no_embedder(Settings(_env_file=None, embedder="off"))
