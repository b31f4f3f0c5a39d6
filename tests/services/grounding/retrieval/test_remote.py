"""Embedders and rerankers over HTTP: right answers read, wrong ones refused, nobody waits beyond the deadline."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from services.grounding.retrieval.embedding.remote import RemoteEmbedder
from services.grounding.retrieval.legs import ChunkRecord
from services.grounding.retrieval.posting import JsonPoster
from services.grounding.retrieval.remote_rerank import RemoteReranker
from services.grounding.retrieval.retriever import Found
from tests.services.grounding.retrieval.serving import Answer, Behave, Served, serving
from tests.services.grounding.retrieval.shelf import shelf
from utils.errors import ConfigurationError, InputError, UnavailableError


@contextmanager
def poster(behave: Behave, timeout_s: float = 5.0) -> Iterator[tuple[Served, JsonPoster, list[float]]]:
    waits: list[float] = []
    with serving(behave) as served:
        made = JsonPoster(served.url + "/v1/", "k-123", timeout_s=timeout_s, wait=waits.append)
        yield served, made, waits
        made.close()


def embeddings(_: str, body: dict[str, object]) -> Answer:
    texts = body["input"]
    assert isinstance(texts, list)
    rows = [{"index": place, "embedding": [len(text), 1.0, 0.0]} for place, text in enumerate(texts)]
    return 200, {"data": rows[::-1]}, {}


def found(count: int) -> list[Found]:
    known: Mapping[int, ChunkRecord] = shelf().index.chunks(range(1, count + 1))
    return [Found(replace(known[place + 1], chunk=place), 0.5 - place / 100, is_cited=False) for place in range(count)]


def test_vectors_come_in_the_order_of_the_texts_with_length_one() -> None:
    with poster(embeddings) as (served, made, _):
        embedder = RemoteEmbedder(made, "small-3")

        vectors = embedder.embed_passages(["aaa", "a"])

    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors[0][0] > vectors[1][0]
    assert served.requests[0][0] == "/v1/embeddings"
    assert served.requests[0][2] == "Bearer k-123"
    assert (embedder.dimension, embedder.model_id) == (3, "openai:small-3")


def test_many_texts_go_in_batches() -> None:
    with poster(embeddings) as (served, made, _):
        vectors = RemoteEmbedder(made, "m").embed_passages([str(number) for number in range(150)])

    assert len(vectors) == 150
    assert len(served.requests) == 3


def test_prefixes_are_set_before_questions_and_passages_and_named_in_the_id() -> None:
    with poster(embeddings) as (served, made, _):
        embedder = RemoteEmbedder(made, "e5", query_prefix="query: ", passage_prefix="passage: ")
        embedder.embed_query("toll")
        embedder.embed_passages(["A toll"])

    assert [request[1]["input"] for request in served.requests] == [["query: toll"], ["passage: A toll"]]
    assert embedder.model_id == "openai:e5[query:|passage:]"


def test_another_dimension_than_that_of_the_index_is_refused() -> None:
    with poster(embeddings) as (_, made, _), pytest.raises(ConfigurationError, match="got 3 dimensions, want 1536"):
        RemoteEmbedder(made, "m", dimension=1536).embed_query("toll")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"data": []},
        {"data": [{"index": 0}]},
        {"data": [{"embedding": ["x"]}]},
        {"data": [{"embedding": []}]},
        b"<p>",
    ],
    ids=["empty", "list", "none", "no vector", "words", "empty vector", "no JSON"],
)
def test_an_answer_without_vectors_is_refused(answer: object) -> None:
    with poster(lambda *_: (200, answer, {})) as (_, made, _), pytest.raises(UnavailableError):
        RemoteEmbedder(made, "m").embed_query("toll")


def test_a_busy_server_is_asked_again_when_it_said_so() -> None:
    answers: list[Answer] = [(429, {}, {"retry-after": "2"}), (503, {}, {}), embeddings("", {"input": ["toll"]})]
    with poster(lambda *_: answers.pop(0)) as (served, made, waits):
        RemoteEmbedder(made, "m").embed_query("toll")

    assert len(served.requests) == 3
    assert waits == [2.0, 1.0]


def test_nobody_waits_beyond_the_deadline() -> None:
    with (
        poster(lambda *_: (429, {}, {"retry-after": "60"}), timeout_s=5) as (served, made, waits),
        pytest.raises(UnavailableError, match="busy"),
    ):
        RemoteEmbedder(made, "m").embed_query("toll")

    assert (len(served.requests), waits) == (1, [])


def test_a_refused_key_and_a_refused_request_are_told_apart() -> None:
    with poster(lambda *_: (401, {}, {})) as (_, made, _), pytest.raises(ConfigurationError, match="refuses the key"):
        RemoteEmbedder(made, "m").embed_query("toll")
    with poster(lambda *_: (400, "too long", {})) as (_, made, _), pytest.raises(InputError, match="too long"):
        RemoteEmbedder(made, "m").embed_query("toll")


def test_a_server_that_is_not_there_is_told() -> None:
    made = JsonPoster("http://127.0.0.1:1", timeout_s=0.2)
    with pytest.raises(UnavailableError, match="does not answer"):
        made.post("/embeddings", {})
    made.close()


@pytest.mark.parametrize(
    "answer",
    [
        {"results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.2}]},
        {"data": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.2}]},
        [{"index": 1, "score": 0.9}, {"index": 0, "score": 0.2}],
        {"results": [{"index": 1, "relevance_score": 4.5}, {"index": 0, "relevance_score": -3.0}]},
    ],
    ids=["Cohere, Jina", "Voyage", "TEI", "raw numbers"],
)
def test_every_shape_of_rerank_answers_is_read(answer: object) -> None:
    with poster(lambda *_: (200, answer, {})) as (served, made, _):
        notes: dict[str, str] = {}
        order = RemoteReranker(made, "rerank-3").rerank("toll", found(2), notes)

    assert [one.chunk.chunk for one in order] == [1, 0]
    assert all(0 <= one.score <= 1 for one in order)
    assert served.requests[0][1]["model"] == "rerank-3"
    assert notes == {}


def test_a_server_that_wants_texts_gets_texts() -> None:
    def tei(_: str, body: dict[str, object]) -> Answer:
        if "texts" not in body:
            return 422, {"error": "missing field texts"}, {}
        return 200, [{"index": 0, "score": 0.1}, {"index": 1, "score": 0.8}], {}

    with poster(tei) as (served, made, _):
        reranker = RemoteReranker(made, "m")
        first = reranker.rerank("toll", found(2), {})
        reranker.rerank("toll", found(2), {})

    assert [one.chunk.chunk for one in first] == [1, 0]
    assert [sorted(request[1]) for request in served.requests][1:] == [["query", "texts"]] * 2


@pytest.mark.parametrize(
    "answer",
    [(500, {}, {}), (200, {"results": []}, {}), (200, {"results": [{"index": 7, "relevance_score": 1}]}, {})],
    ids=["broken", "empty", "of others"],
)
def test_a_failed_rerank_leaves_the_order_and_says_why(answer: Answer) -> None:
    notes: dict[str, str] = {}
    with poster(lambda *_: answer, timeout_s=0.4) as (_, made, _):
        order = RemoteReranker(made, "m").rerank("toll", found(3), notes)

    assert [one.chunk.chunk for one in order] == [0, 1, 2]
    assert notes["reranker"]


def test_what_is_cited_stays_before_what_the_reranker_likes() -> None:
    first = found(3)
    cited = [Found(first[2].chunk, 1.0, is_cited=True), *first[:2]]
    answer = {"results": [{"index": 1, "relevance_score": 0.99}, {"index": 0, "relevance_score": 0.2}]}
    with poster(lambda *_: (200, answer, {})) as (_, made, _):
        order = RemoteReranker(made, "m").rerank("toll", cited, {})

    assert [one.chunk.chunk for one in order] == [2, 1, 0]
