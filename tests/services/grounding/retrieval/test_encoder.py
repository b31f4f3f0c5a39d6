"""Encoders from weights: the graph says what the plain arithmetic of the papers says, and files become an embedder."""

import hashlib
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from services.grounding.retrieval.embedding.encoder_files import EncoderStore
from services.grounding.retrieval.embedding.encoder_graph import INPUTS, Shape, build_model
from services.grounding.retrieval.embedding.local import Encoder, LocalEmbedder
from services.grounding.retrieval.embedding.tensors import read_tensors
from services.grounding.retrieval.fusion import Calibration
from utils.errors import ConfigurationError

Array = NDArray[np.float32]
Weights = dict[str, Array]
WORDS = ("[PAD]", "[UNK]", "a", "pilot", "keeps", "lookout", "kite", "string", "is", "long")
WIDTH, HEADS, LAYERS, PLACES = 32, 4, 2, 40
CALIBRATION = Calibration(0.0, 0.0, 0.5, 4.0, -2.0, 0.0)
_BERT = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
_MPNET = ("attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o")
NAMES = {
    "bert": (*_BERT, "attention.output.LayerNorm"),
    "mpnet": (*_MPNET, "attention.LayerNorm"),
}


def weights_of(family: str, seed: int = 3) -> Weights:
    draw = np.random.default_rng(seed)
    made: Weights = {}

    def add(name: str, *shape: int, scale: float = 0.2) -> None:
        made[name] = draw.normal(scale=scale, size=shape).astype(np.float32)

    def norm(name: str) -> None:
        made[f"{name}.weight"] = draw.uniform(0.5, 1.5, WIDTH).astype(np.float32)
        add(f"{name}.bias", WIDTH)

    add("embeddings.word_embeddings.weight", len(WORDS), WIDTH, scale=1)
    add("embeddings.position_embeddings.weight", PLACES, WIDTH)
    add("embeddings.token_type_embeddings.weight", 2, WIDTH)
    add("encoder.relative_attention_bias.weight", 32, HEADS)
    norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        *dense, attention_norm = NAMES[family]
        for name in dense:
            add(f"{prefix}{name}.weight", WIDTH, WIDTH)
            add(f"{prefix}{name}.bias", WIDTH)
        norm(prefix + attention_norm)
        add(f"{prefix}intermediate.dense.weight", 4 * WIDTH, WIDTH)
        add(f"{prefix}intermediate.dense.bias", 4 * WIDTH)
        add(f"{prefix}output.dense.weight", WIDTH, 4 * WIDTH)
        add(f"{prefix}output.dense.bias", WIDTH)
        norm(f"{prefix}output.LayerNorm")
    return made


def reference(weights: Weights, family: str, ids: list[int]) -> Array:
    """The encoder in plain arithmetic, for one text."""
    count = len(ids)

    def dense(value: Array, name: str) -> Array:
        return value @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(value: Array, name: str) -> Array:
        centred = value - value.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"], np.float32)

    def gelu(value: Array) -> Array:
        # erf by its series; the values are small enough.
        import math

        return np.asarray(value * 0.5 * (1 + np.vectorize(math.erf)(value / np.sqrt(2))), np.float32)

    first = 2 if family == "mpnet" else 0
    hidden = weights["embeddings.word_embeddings.weight"][ids]
    hidden = hidden + weights["embeddings.position_embeddings.weight"][first : first + count]
    bias = np.zeros((HEADS, count, count), np.float32)
    if family == "bert":
        hidden = hidden + weights["embeddings.token_type_embeddings.weight"][0]
    else:
        for one in range(count):
            for other in range(count):
                bias[:, one, other] = weights["encoder.relative_attention_bias.weight"][bucket(other - one)]
    hidden = norm(hidden, "embeddings.LayerNorm")
    query, key, value, out, attention_norm = NAMES[family]
    size = WIDTH // HEADS
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        heads = [
            dense(hidden, prefix + name).reshape(count, HEADS, size).transpose(1, 0, 2) for name in (query, key, value)
        ]
        scores = heads[0] @ heads[1].transpose(0, 2, 1) / np.sqrt(size) + bias
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        seen = (shares @ heads[2]).transpose(1, 0, 2).reshape(count, WIDTH).astype(np.float32)
        hidden = norm(dense(seen, prefix + out) + hidden, prefix + attention_norm)
        inner = gelu(dense(hidden, f"{prefix}intermediate.dense"))
        hidden = norm(dense(inner, f"{prefix}output.dense") + hidden, f"{prefix}output.LayerNorm")
    mean = hidden.mean(0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def bucket(distance: int) -> int:
    """T5's bucket of a distance: exact to 7, then by logarithm to 128, the half above for what stands behind."""
    away, half = abs(distance), 16 if distance > 0 else 0
    if away < 8:
        return half + away
    return half + min(8 + int(np.log(away / 8) / np.log(128 / 8) * 8), 15)


def run(model: bytes, texts: list[list[int]]) -> Array:
    from onnxruntime import InferenceSession

    longest = max(map(len, texts))
    ids = np.array([text + [0] * (longest - len(text)) for text in texts], np.int64)
    mask = np.array([[1] * len(text) + [0] * (longest - len(text)) for text in texts], np.int64)
    session = InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, dict(zip(INPUTS, (ids, mask), strict=True)))[0])


def safetensors(weights: Weights) -> bytes:
    header, body = {}, b""
    for name, tensor in weights.items():
        content = tensor.tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(body), len(body) + len(content)],
        }
        body += content
    written = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return struct.pack("<Q", len(written)) + written + body


def tokenizer() -> str:
    made = Tokenizer(WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    return str(made.to_str())


@pytest.mark.parametrize("family", ["bert", "mpnet"])
def test_the_graph_says_what_the_arithmetic_says(family: str) -> None:
    weights = weights_of(family)
    model = build_model(weights, Shape(family, LAYERS, HEADS, PLACES - 2, 1e-5, range(LAYERS)))
    texts = [[2, 3, 4, 2, 5], [6, 7], list(range(2, 10)) * 3]

    found = run(model, texts)

    for vector, text in zip(found, texts, strict=True):
        assert vector @ reference(weights, family, text) > 0.995
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("family", ["bert", "mpnet"])
def test_padding_changes_nothing(family: str) -> None:
    model = build_model(weights_of(family), Shape(family, LAYERS, HEADS, PLACES - 2, 1e-5, range(LAYERS)))

    alone, beside = run(model, [[2, 3, 4]])[0], run(model, [[2, 3, 4], list(range(2, 10)) * 3])[0]

    assert alone @ beside > 0.99


def test_tensors_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    weights = weights_of("bert")
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors(weights))

    read = read_tensors(path)

    assert sorted(read) == sorted(weights)
    for name, tensor in weights.items():
        np.testing.assert_array_equal(read[name], tensor)


@pytest.mark.parametrize("content", [b"", b"\xff" * 20, struct.pack("<Q", 9) + b"{}", struct.pack("<Q", 4) + b"[1]]"])
def test_what_is_no_file_of_tensors_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match="no safetensors file"):
        read_tensors(path)


def catalogue(folder: Path, models: Path) -> None:
    """Write a catalogue of a tiny encoder, and its archive where it would be fetched to."""
    with zipfile.ZipFile(models / "tiny.zip", "w") as archive:
        archive.writestr("tiny/model.safetensors", safetensors(weights_of("mpnet")))
        archive.writestr("tiny/tokenizer.json", tokenizer())
    digest = hashlib.sha256((models / "tiny.zip").read_bytes()).hexdigest()
    (folder / "embedders.toml").write_text(
        f'[[weights]]\nid = "tiny"\nfile = "tiny.zip"\nsha256 = "{digest}"\n\n'
        f'[[encoder]]\nid = "tiny"\nfamily = "mpnet"\nlayers = {LAYERS}\nheads = {HEADS}\ndimension = {WIDTH}\n'
        "longest = 30\n"
        'epsilon = 1e-5\narchive = "tiny"\nweights_member = "tiny/model.safetensors"\n'
        'tokenizer_member = "tiny/tokenizer.json"\n'
    )


def test_fetched_files_become_an_embedder_and_are_removed(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    catalogue(tmp_path, models)
    store = EncoderStore(tmp_path, models)
    assert not store.is_present("tiny")

    encoder = Encoder(store, store.row("tiny"), 1)
    embedder = LocalEmbedder([(encoder, store.row("tiny"), 1.0)], CALIBRATION)
    vectors = embedder.embed_passages(["a pilot keeps a lookout", "kite string"])

    assert vectors[0] @ reference(weights_of("mpnet"), "mpnet", [2, 3, 4, 2, 5]) > 0.99
    assert (embedder.dimension, embedder.model_id) == (WIDTH, "tiny@1")
    assert store.is_present("tiny")
    assert sorted(path.suffix for path in models.iterdir() if path.suffix != ".lock") == [".json", ".onnx"]


def test_two_encoders_make_one_vector_whose_product_is_the_weighted_mean(tmp_path: Path) -> None:
    catalogue(tmp_path, tmp_path)
    store = EncoderStore(tmp_path, tmp_path)
    row = store.row("tiny")
    encoder = Encoder(store, row, 1)
    one = encoder.encode(["a kite", "a pilot"])

    both = LocalEmbedder([(encoder, row, 3.0), (encoder, row, 1.0)], CALIBRATION)
    vectors = both.embed_passages(["a kite", "a pilot"])

    assert vectors.shape == (2, 2 * WIDTH)
    assert vectors[0] @ vectors[1] == pytest.approx(one[0] @ one[1], abs=1e-5)
    assert both.model_id == "tiny*0.75+tiny*0.25@1"
    both.release()
    assert both.embed_query("a kite") @ vectors[0] == pytest.approx(1, abs=1e-5)


def test_a_text_longer_than_the_encoder_reads_is_cut(tmp_path: Path) -> None:
    catalogue(tmp_path, tmp_path)
    store = EncoderStore(tmp_path, tmp_path)

    vectors = Encoder(store, store.row("tiny"), 1).encode(["kite " * 30, "kite " * 500])

    assert vectors[0] @ vectors[1] == pytest.approx(1, abs=1e-5)


def test_an_encoder_that_is_not_in_the_catalogue_is_refused(tmp_path: Path) -> None:
    catalogue(tmp_path, tmp_path)

    with pytest.raises(ConfigurationError, match="got 'huge', want one of tiny"):
        EncoderStore(tmp_path, tmp_path).row("huge")
